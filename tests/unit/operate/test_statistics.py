"""Accuracy, recall, precision and agreement, from reviews."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.statistics import (
    DISPUTED,
    NOT_A_FACE,
    RIGHT,
    UNSURE,
    ReviewedFace,
    Share,
    accuracy,
    agreement,
    confusion,
    precision,
    recall,
)
from tests.support.labels import LABELS


def face(predicted: str | None, *answers: str, number: int = 1) -> ReviewedFace:
    return ReviewedFace("inbox/a.png", number, predicted, answers)


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        (["sad"], "sad"),
        (["sad", "sad", "happy"], "sad"),
        (["sad", "happy"], DISPUTED),
        (["sad", NOT_A_FACE], DISPUTED),
        (["sad", UNSURE], "sad"),
        ([UNSURE, UNSURE, "sad"], "sad"),
        ([UNSURE], UNSURE),
        (["sad", "happy", "sad", "happy", "fear"], DISPUTED),
    ],
    ids=str,
)
def test_the_answer_about_a_face_is_that_of_most_reviewers_who_are_sure(answers: list[str], answer: str) -> None:
    assert face("happy", *answers).answer == answer


FACES = [
    *[face("happy", "happy")] * 3,
    face("happy", "sad"),
    face("sad", "sad", "sad", "happy"),
    face("fear", "sad"),
    # These are counted apart.
    face("fear", NOT_A_FACE),
    face("fear", UNSURE),
    face("fear", "sad", "happy"),
    face(None, "sad"),
    face(None, RIGHT),
]


def test_accuracy_is_the_share_of_labelled_faces_whose_label_is_the_answer() -> None:
    assert accuracy(confusion(FACES, LABELS)) == Share(4, 6)


def test_recall_is_about_what_faces_show_and_precision_about_what_they_got() -> None:
    counts = confusion(FACES, LABELS)
    assert (recall(counts, "happy"), precision(counts, "happy")) == (Share(3, 3), Share(3, 4))
    assert (recall(counts, "sad"), precision(counts, "sad")) == (Share(1, 3), Share(1, 1))
    assert (recall(counts, "fear"), precision(counts, "fear")) == (Share(0, 0), Share(0, 1))


def test_agreement_counts_pairs_of_reviewers_who_are_sure() -> None:
    assert agreement(FACES) == Share(1, 4)
    assert agreement([face("sad", "sad", UNSURE)]) == Share(0, 0)
    assert agreement([face("sad", *["sad"] * 4)]) == Share(6, 6)


@pytest.mark.parametrize(
    ("part", "total", "low", "high"),
    # As statsmodels 0.14, proportion_confint(method="wilson"), computes them.
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (300, 370, 0.7677, 0.8475), (0, 0, 0, 1)],
)
def test_the_interval_is_wilsons(part: int, total: int, low: float, high: float) -> None:
    assert Share(part, total).interval() == pytest.approx((low, high), abs=0.0001)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_contains_the_share(numbers: tuple[int, int]) -> None:
    low, high = Share(*numbers).interval()
    assert 0 <= low <= numbers[0] / numbers[1] + 1e-9
    assert numbers[0] / numbers[1] - 1e-9 <= high <= 1
