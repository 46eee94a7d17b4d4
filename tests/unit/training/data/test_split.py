"""The split into training and validation, and the choice of fewer faces."""

import numpy as np
import pytest

from tests.support.fer2013 import random_faces
from training.data.fer2013 import CLASSES
from training.data.labelled_images import LabelledImages
from training.data.split import Split, exclude, limit_per_class, split, subsample


def tripled(faces: LabelledImages) -> LabelledImages:
    return faces[np.tile(np.arange(len(faces)), 3)]


def class_counts(faces: LabelledImages, selection: np.ndarray) -> list[int]:
    return np.bincount(faces.labels[selection], minlength=len(CLASSES)).tolist()


def on_both_sides(faces: LabelledImages, sides: Split) -> set[str]:
    return set(faces[sides.training].digests()) & set(faces[sides.validation].digests())


def test_every_face_is_on_exactly_one_side() -> None:
    faces = tripled(random_faces(70))
    for strategy in ("stratified", "random"):
        sides = split(faces, 0.2, 0, strategy)
        assert sorted([*sides.training, *sides.validation]) == list(range(len(faces)))


def test_a_stratified_split_holds_out_the_same_share_of_each_class() -> None:
    faces = random_faces(700)
    assert class_counts(faces, split(faces, 0.2, 0).validation) == [20] * len(CLASSES)


def test_a_random_split_holds_out_the_share_of_all_faces() -> None:
    faces = random_faces(700)
    validation = split(faces, 0.2, 0, "random").validation
    assert len(validation) == 140
    assert class_counts(faces, validation) != [20] * len(CLASSES)


def test_the_same_seed_gives_the_same_split_and_another_seed_does_not() -> None:
    faces = random_faces(140)
    assert (split(faces, 0.2, 1).training == split(faces, 0.2, 1).training).all()
    assert (split(faces, 0.2, 1).training != split(faces, 0.2, 2).training).any()


def test_the_classes_are_shuffled() -> None:
    faces = random_faces(700)
    labels = faces.labels[split(faces, 0.2, 0).training]
    assert (np.diff(labels) == 0).mean() < 0.3


def test_copies_of_one_face_stay_on_one_side_unless_duplicates_are_kept() -> None:
    faces = tripled(random_faces(140))
    assert not on_both_sides(faces, split(faces, 0.2, 0))
    assert on_both_sides(faces, split(faces, 0.2, 0, keep_duplicates=True))


def test_faces_with_the_same_pixels_as_a_test_face_are_excluded() -> None:
    faces = random_faces(50)
    assert exclude(faces, faces[np.arange(10, 20)]).tolist() == [*range(10), *range(20, 50)]


def test_a_limit_applies_to_each_class() -> None:
    faces = random_faces(70)
    assert class_counts(faces, limit_per_class(faces, np.arange(70), 4)) == [4] * len(CLASSES)


def test_a_share_reduces_one_class_and_a_total_reduces_the_others_by_one_factor() -> None:
    faces = random_faces(7000)
    everything = np.arange(7000)
    happy, disgust = CLASSES.index("happy"), CLASSES.index("disgust")
    assert class_counts(faces, subsample(faces, everything, {"happy": 0.66}))[happy] == 660
    selection = subsample(faces, everything, {"happy": 0.66, "disgust": 1.0}, total=3602)
    counts = class_counts(faces, selection)
    assert len(selection) == 3602
    assert (counts[happy], counts[disgust]) == (660, 1000)
    others = [count for label, count in enumerate(counts) if label not in (happy, disgust)]
    assert max(others) - min(others) <= 1


@pytest.mark.parametrize("total", [10, 100_000])
def test_an_impossible_total_is_an_error_that_names_the_possible_ones(total: int) -> None:
    faces = random_faces(700)
    with pytest.raises(ValueError, match=r"choose from 100 to 700"):
        subsample(faces, np.arange(700), {"angry": 1.0}, total)


def test_a_share_of_an_unknown_class_is_an_error_that_names_the_classes() -> None:
    with pytest.raises(ValueError, match="'joy' is not a class of this data: the classes are angry, disgust"):
        subsample(random_faces(14), np.arange(14), {"joy": 0.5})
