"""The bytes that an endpoint gets, and the check of the rows that it answers with."""

import io

import numpy as np

from mien.logic.images import FACE_SIZE, Face
from mien.logic.payloads import check_rows, npy


def test_numpy_reads_the_npy_that_is_written_by_hand() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, FACE_SIZE, FACE_SIZE), np.uint8)
    for count in (1, 10, 300):
        written = npy([Face(p.tobytes(), FACE_SIZE, "L", 1, 1) for p in pixels[:count]])
        read = np.load(io.BytesIO(written), allow_pickle=False)
        assert read.dtype == np.uint8
        assert (read == pixels[:count]).all()


def test_the_sum_of_a_row_may_differ_from_one_by_rounding() -> None:
    assert check_rows([[0.999, 0, 0, 0, 0, 0, 0.002]], ["0"], "faces") == [[0.999, 0, 0, 0, 0, 0, 0.002]]
