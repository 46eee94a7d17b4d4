"""Boxes in whole pixels, and squares in images of another size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.logic.boxes import central_square, inside, round_box, scale_size, scale_square

EDGES = st.floats(-50, 150)


@given(st.tuples(EDGES, EDGES, EDGES, EDGES), st.integers(1, 100), st.integers(1, 100))
def test_a_box_is_in_the_image_and_at_least_one_pixel_large(
    edges: tuple[float, float, float, float], width: int, height: int
) -> None:
    left, top, right, bottom = round_box(edges, (width, height))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_a_box_is_rounded_to_the_nearest_pixel() -> None:
    assert round_box((9.6, 19.4, 29.6, 39.4), (100, 100)) == (10, 19, 30, 39)


@pytest.mark.parametrize(("size", "square"), [((48, 48), (0, 0, 48, 48)), ((100, 60), (20, 0, 80, 60))])
def test_the_central_square_is_as_large_as_the_shorter_side(
    size: tuple[int, int], square: tuple[int, int, int, int]
) -> None:
    assert central_square(size) == square


def test_a_square_stays_a_square_in_an_image_of_another_size() -> None:
    assert scale_square((11, 21, 44, 54), 0.5) == (6, 10, 22, 26)
    assert scale_square((-10, 0, 10, 20), 2) == (-20, 0, 20, 40)
    assert scale_square((5, 5, 6, 6), 0.01) == (0, 0, 1, 1)


def test_only_the_part_in_the_image_remains() -> None:
    assert inside((-5, 10, 50, 90), (40, 80)) == (0, 10, 40, 80)
    assert inside((50, -20, 60, -10), (40, 80)) == (39, 0, 40, 1)


def test_a_scaled_size_has_at_least_one_pixel() -> None:
    assert scale_size((4000, 3), 0.1) == (400, 1)
    assert scale_size((48, 2), 0.01) == (1, 1)
