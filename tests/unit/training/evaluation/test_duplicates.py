"""Test faces that the training data contain too, and the accuracy without them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.fer2013 import GENERATOR, random_faces
from training.data.fer2013 import CLASSES
from training.data.labelled_images import LabelledImages
from training.data.writers import write_arrays
from training.evaluation.duplicates import (
    duplicates_within,
    has_copy,
    load_training_set,
    overlap_with_csv,
    overlap_with_training_set,
)


def predictions(labels: list[int]) -> np.ndarray:
    """Probabilities, float32 [n, classes]: 0.94 for these labels and 0.01 for each other label."""
    return np.where(np.eye(len(CLASSES))[labels] == 1, 0.94, 0.01).astype(np.float32)


def test_repeated_faces_are_counted_and_so_are_those_with_several_labels() -> None:
    a, b, c = random_faces(3).images
    faces = LabelledImages(np.stack([a, a, b, c, c, c]), np.array([0, 0, 1, 2, 3, 2]), CLASSES)
    assert duplicates_within(faces) == {"images": 5, "contradictory": 3}


def test_accuracy_is_measured_without_the_faces_of_the_training_rows_and_on_them_alone() -> None:
    faces, others = random_faces(6), random_faces(4)
    training = LabelledImages(
        np.concatenate([others.images, faces.images[[0, 1, 1]]]),
        np.concatenate([others.labels, [0, 1, 5]]),
        CLASSES,
    )
    rows = predictions([0, 6, 2, 3, 4, 6])  # wrong for the second face and the last
    found = overlap_with_csv(faces, rows, training)
    assert (found["images"], found["found"], found["contradictory"]) == (7, 2, 1)
    assert (found["without"]["images"], found["without"]["accuracy"]) == (4, 0.75)
    assert (found["alone"]["images"], found["alone"]["accuracy"]) == (2, 0.5)
    low, high = found["alone"]["accuracy_95"]
    assert low < 0.5 < high


def test_there_is_no_accuracy_if_no_face_or_every_face_was_found() -> None:
    faces = random_faces(3)
    assert overlap_with_csv(faces, predictions([0, 1, 2]), random_faces(3))["alone"] is None
    assert overlap_with_csv(faces, predictions([0, 1, 2]), faces)["without"] is None


def test_a_face_with_other_light_and_noise_is_a_copy_and_another_face_is_not() -> None:
    smooth = GENERATOR.integers(60, 200, (2, 6, 6), np.uint8).repeat(8, 1).repeat(8, 2)
    changed = (smooth[:1] * 0.7 + 20 + GENERATOR.normal(0, 5, (1, 48, 48))).astype(np.uint8)
    flat = np.full((1, 48, 48), 128, np.uint8)
    images = np.concatenate([changed, smooth[1:], flat])
    assert has_copy(images, np.concatenate([smooth[:1], flat])).tolist() == [True, False, False]


def test_equal_faces_and_copies_in_the_training_set_are_counted_apart(tmp_path: Path) -> None:
    faces, others = random_faces(4), random_faces(5)
    nearly_equal = faces.images[:1].copy()
    nearly_equal[0, 0, 0] ^= 1
    training = LabelledImages(np.concatenate([others.images, faces.images[3:], nearly_equal]), np.arange(7), CLASSES)
    write_arrays(training, tmp_path)
    contract = {"training": {"faces_sha256": training.sha256()}}
    loaded = load_training_set(tmp_path, "1", contract)
    found = overlap_with_training_set(faces, predictions([6, 1, 6, 3]), loaded, with_copies=True)
    assert (found["images"], found["found"], found["near"]) == (7, 1, 1)
    # Two faces remain: the second one, which is correct, and the third one, which is wrong.
    assert (found["without"]["images"], found["without"]["accuracy"]) == (2, 0.5)
    without_copies = overlap_with_training_set(faces, predictions([6, 1, 6, 3]), loaded, with_copies=False)
    assert (without_copies["found"], without_copies["near"], without_copies["without"]["images"]) == (1, None, 3)


def test_a_folder_that_the_model_was_not_trained_on_is_an_error(tmp_path: Path) -> None:
    write_arrays(random_faces(7), tmp_path)
    contracts: list[dict[str, Any]] = [{"training": {"faces_sha256": "0"}}, {}]
    for contract in contracts:
        with pytest.raises(ValueError, match="model 1 was not trained on these images"):
            load_training_set(tmp_path, "1", contract)
