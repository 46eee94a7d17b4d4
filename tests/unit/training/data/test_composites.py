"""Composites show no real person: each one is the average of enough different faces."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import random_faces
from training.data import composites
from training.data.fer2013 import CLASSES
from training.data.labelled_images import LabelledImages


def test_each_class_gets_composites_that_are_numbered_from_one(tmp_path: Path) -> None:
    paths = composites.write(random_faces(7 * 60), tmp_path, per_class=1, seed=0)
    assert paths == [tmp_path / name / "1.png" for name in CLASSES]
    assert all(path.exists() for path in paths)


def test_a_class_with_too_few_faces_for_an_average_gets_no_composite(tmp_path: Path) -> None:
    # Fewer faces than a group would give an average that shows them.
    labels = np.array([0] * 40 + [1] * (composites.GROUP_SIZE - 1) + [2])
    paths = composites.write(
        LabelledImages(random_faces(len(labels)).images, labels, CLASSES), tmp_path, per_class=1, seed=0
    )
    assert paths == [tmp_path / CLASSES[0] / "1.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [CLASSES[0]]


@pytest.mark.parametrize("count", [0, 1, 7, 7 * (composites.GROUP_SIZE - 1)])
def test_too_few_faces_are_an_error_and_nothing_is_written(count: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no class has 30 different faces"):
        composites.write(random_faces(count), tmp_path / "faces", per_class=1, seed=0)
    assert not (tmp_path / "faces").exists()


def test_blank_faces_are_not_averaged(tmp_path: Path) -> None:
    blank = LabelledImages(np.full((100, 48, 48), 128, np.uint8), np.zeros(100, np.int64), CLASSES)
    with pytest.raises(ValueError, match="enough contrast"):
        composites.write(blank, tmp_path, per_class=1, seed=0)
