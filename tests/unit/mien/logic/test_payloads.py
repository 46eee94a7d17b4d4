"""The bytes that an endpoint gets, and the check of the rows that it answers with."""

import io
import json
from typing import Any

import numpy as np
import pytest

from mien.errors import TryAgain
from mien.logic.payloads import TOLERANCE, check_answer, npy
from mien.logic.pictures import FACE_SIZE, Face
from tests.support.documents import in_one_line
from tests.support.labels import LABELS


def checked(row: Any) -> list[float] | Exception:
    """The checked row of an answer about one face."""
    body = json.dumps({"labels": LABELS, "faces": [{"face": "0", "probabilities": row}]}).encode()
    [outcome] = check_answer(body, ["0"], None, "faces").rows
    return outcome


def test_numpy_reads_the_npy_that_is_written_by_hand() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, FACE_SIZE, FACE_SIZE), np.uint8)
    for count in (1, 10, 300):
        written = npy([Face(p.tobytes(), FACE_SIZE, "L") for p in pixels[:count]])
        read = np.load(io.BytesIO(written), allow_pickle=False)
        assert read.dtype == np.uint8
        assert (read == pixels[:count]).all()


def test_the_sum_of_a_row_may_differ_from_one_by_rounding() -> None:
    assert checked([0.999, 0, 0, 0, 0, 0, 0.002]) == [0.999, 0, 0, 0, 0, 0, 0.002]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1.0000001, 0, 0, 0, 0, 0, -1e-9], [1, 0, 0, 0, 0, 0, 0]),
        ([0.51, 0.5, 0, 0, 0, 0, 0], [0.51, 0.5, 0, 0, 0, 0, 0]),
        ([0.49, 0.5, 0, 0, 0, 0, 0], [0.49, 0.5, 0, 0, 0, 0, 0]),
        ([1, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]),
        ([1.04, -0.04, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]),
        ([0.145] * 7, [0.145] * 7),
    ],
)
def test_values_and_sums_that_are_slightly_off_are_accepted_and_values_are_limited_to_0_and_1(
    row: list[float], expected: list[float]
) -> None:
    assert checked(row) == expected


def test_the_page_about_models_names_the_tolerance() -> None:
    assert f"may be off by up to {TOLERANCE}" in in_one_line("docs/operations.md")


@pytest.mark.parametrize(
    "row",
    [
        [1 + 2 * TOLERANCE, -2 * TOLERANCE, 0, 0, 0, 0, 0],
        [0.5, 0.5 + 2 * TOLERANCE, 0, 0, 0, 0, 0],
        [0.5, 0.5 - 2 * TOLERANCE, 0, 0, 0, 0, 0],
        [float("nan"), 1, 0, 0, 0, 0, 0],
        [float("inf"), float("-inf"), 1, 0, 0, 0, 0],
        [True, False, False, False, False, False, False],
        ["1", 0, 0, 0, 0, 0, 0],
        [10**400, 0, 0, 0, 0, 0, 0],
        [2.0, -1.0, 0, 0, 0, 0, 0],
    ],
)
def test_a_row_that_is_further_off_is_not_an_answer(row: list[float]) -> None:
    assert isinstance(checked(row), TryAgain)
