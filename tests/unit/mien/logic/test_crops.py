"""Which square of a photo shows a face."""

import pytest

from mien.logic.crops import RISE, FoundFace, square_of

FACE = FoundFace((300, 200, 360, 300), 0.9)


def test_the_square_has_the_height_of_the_box_and_its_center_a_little_higher() -> None:
    left, top, right, bottom = square_of(FACE)
    assert right - left == bottom - top == 100
    assert (left + right) / 2 == 330
    assert (top + bottom) / 2 == pytest.approx(250 - 100 * RISE, abs=0.5)


@pytest.mark.parametrize(("turn", "up"), [(0, (0, -1)), (90, (1, 0)), (180, (0, 1)), (270, (-1, 0))])
def test_the_square_of_a_turned_face_is_nearer_to_its_forehead(turn: int, up: tuple[int, int]) -> None:
    box = (0, 0, 600, 1000) if turn in (0, 180) else (0, 0, 1000, 600)
    left, top, right, bottom = square_of(FoundFace(box, 0.9, turn))
    assert right - left == bottom - top == 1000
    assert (left + right - box[2]) / 2 == pytest.approx(up[0] * 1000 * RISE, abs=0.5)
    assert (top + bottom - box[3]) / 2 == pytest.approx(up[1] * 1000 * RISE, abs=0.5)


@pytest.mark.parametrize("box", [(0.2, 0.1, 0.4, 0.3), (799.5, 599.5, 800, 600)])
def test_a_tiny_face_gives_at_least_one_pixel(box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = square_of(FoundFace(box, 0.9))
    assert right - left == bottom - top == 1
