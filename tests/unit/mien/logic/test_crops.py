"""Which square of a photo shows a face."""

import pytest

from mien.logic.crops import CROP_SIDE, RISE, SIDE, FoundFace, is_crop, square_of

FACE = FoundFace((300, 200, 360, 300), 0.9)


def test_the_square_is_a_little_smaller_than_the_box_is_high_and_its_center_a_little_higher() -> None:
    left, top, right, bottom = square_of(FACE)
    assert right - left == bottom - top == 100 * SIDE
    assert (left + right) / 2 == pytest.approx(330, abs=0.5)
    assert (top + bottom) / 2 == pytest.approx(250 - 100 * SIDE * RISE, abs=0.5)


@pytest.mark.parametrize(("turn", "up"), [(0, (0, -1)), (90, (1, 0)), (180, (0, 1)), (270, (-1, 0))])
def test_the_square_of_a_turned_face_is_nearer_to_its_forehead(turn: int, up: tuple[int, int]) -> None:
    box = (0, 0, 600, 1000) if turn in (0, 180) else (0, 0, 1000, 600)
    left, top, right, bottom = square_of(FoundFace(box, 0.9, turn))
    side = 1000 * SIDE
    assert right - left == bottom - top == side
    assert (left + right - box[2]) / 2 == pytest.approx(up[0] * side * RISE, abs=0.5)
    assert (top + bottom - box[3]) / 2 == pytest.approx(up[1] * side * RISE, abs=0.5)


@pytest.mark.parametrize("box", [(0.2, 0.1, 0.4, 0.3), (799.5, 599.5, 800, 600)])
def test_a_tiny_face_gives_at_least_one_pixel(box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = square_of(FoundFace(box, 0.9))
    assert right - left == bottom - top == 1


def test_a_small_image_is_the_crop_of_a_face_whatever_was_found() -> None:
    assert is_crop((CROP_SIDE, 30))
    assert is_crop((CROP_SIDE, CROP_SIDE), [FoundFace((0, 0, 10, 10), 0.9)])
    assert not is_crop((CROP_SIDE + 1, CROP_SIDE))


@pytest.mark.parametrize(
    ("size", "box", "is_whole"),
    [
        ((200, 200), (20, 0, 180, 200), True),
        ((200, 200), (40, 20, 160, 180), True),
        ((200, 200), (60, 40, 150, 160), False),
        ((200, 200), (0, 0, 100, 120), False),
        ((200, 180), (30, 0, 170, 180), True),
        # The central square would cut off half of this face.
        ((200, 400), (20, 0, 180, 200), False),
        ((400, 200), (220, 0, 380, 200), False),
    ],
)
def test_an_image_is_the_crop_of_a_face_if_its_largest_face_fills_the_central_square(
    size: tuple[int, int], box: tuple[int, int, int, int], is_whole: bool
) -> None:
    assert is_crop(size, [FoundFace(box, 0.9), FoundFace((0, 0, 20, 20), 0.9)]) == is_whole


def test_a_face_that_must_be_turned_first_is_never_taken_as_it_is() -> None:
    assert is_crop((200, 200), [FoundFace((0, 20, 200, 180), 0.9, 0)])
    assert not is_crop((200, 200), [FoundFace((0, 20, 200, 180), 0.9, 90)])
