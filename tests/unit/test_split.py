"""Which faces are trained on, and which are held out."""

import numpy as np
import pytest

from mien.logic.labels import LABELS
from training.data.fer2013 import Faces
from training.data.split import Split, capped, split, thinned, without

CHANCE = np.random.default_rng(0)


def faces(count: int) -> Faces:
    return Faces(CHANCE.integers(0, 256, (count, 48, 48), np.uint8), np.arange(count) % len(LABELS))


def tripled(one: Faces) -> Faces:
    return Faces(np.concatenate([one.images] * 3), np.concatenate([one.labels] * 3))


def per_class(of: Faces, selection: np.ndarray) -> list[int]:
    return np.bincount(of.labels[selection], minlength=len(LABELS)).tolist()


def shared(of: Faces, chosen: Split) -> set[str]:
    return set(of[chosen.training].digests()) & set(of[chosen.validation].digests())


def test_every_face_is_on_one_side() -> None:
    of = tripled(faces(70))
    for how in ("stratified", "random"):
        chosen = split(of, 0.2, 0, how)
        assert sorted([*chosen.training, *chosen.validation]) == list(range(len(of)))


def test_a_stratified_split_holds_out_the_same_share_of_each_class() -> None:
    of = faces(700)
    assert per_class(of, split(of, 0.2, 0).validation) == [20] * len(LABELS)


def test_a_random_split_holds_out_the_share_of_all() -> None:
    of = faces(700)
    chosen = split(of, 0.2, 0, "random")
    assert len(chosen.validation) == 140
    assert per_class(of, chosen.validation) != [20] * len(LABELS)


def test_the_same_seed_is_the_same_split_and_another_is_not() -> None:
    of = faces(140)
    assert (split(of, 0.2, 1).training == split(of, 0.2, 1).training).all()
    assert (split(of, 0.2, 1).training != split(of, 0.2, 2).training).any()


def test_no_class_comes_in_a_block() -> None:
    of = faces(700)
    labels = of.labels[split(of, 0.2, 0).training]
    assert (np.diff(labels) == 0).mean() < 0.3


def test_prints_of_one_face_stay_on_one_side_unless_they_are_kept() -> None:
    of = tripled(faces(140))
    assert not shared(of, split(of, 0.2, 0))
    assert shared(of, split(of, 0.2, 0, keep_duplicates=True))


def test_faces_of_the_test_are_found_to_the_pixel() -> None:
    of = faces(50)
    assert without(of, of[np.arange(10, 20)]).tolist() == [*range(10), *range(20, 50)]


def test_a_cap_bounds_each_class() -> None:
    of = faces(70)
    assert per_class(of, capped(np.arange(70), of.labels, 4)) == [4] * len(LABELS)


def test_a_share_thins_one_class_and_a_total_thins_the_others_alike() -> None:
    of = faces(7000)
    everything = np.arange(7000)
    happy, disgust = LABELS.index("happy"), LABELS.index("disgust")
    assert per_class(of, thinned(everything, of.labels, {happy: 0.66}))[happy] == 660
    chosen = thinned(everything, of.labels, {happy: 0.66, disgust: 1.0}, total=3602)
    counts = per_class(of, chosen)
    assert len(chosen) == 3602
    assert (counts[happy], counts[disgust]) == (660, 1000)
    others = [count for label, count in enumerate(counts) if label not in (happy, disgust)]
    assert max(others) - min(others) <= 1


@pytest.mark.parametrize("total", [10, 100_000])
def test_a_total_that_cannot_be_drawn_is_refused_with_what_can(total: int) -> None:
    of = faces(700)
    with pytest.raises(ValueError, match=r"from 100 to 700 are there"):
        thinned(np.arange(700), of.labels, {0: 1.0}, total)
