"""Which square of a photo the model sees for a face."""

import numpy as np
import pytest
from PIL import Image

from mien.logic.crops import CROP_SIDE, RISE, cut, is_crop, square_of
from mien.logic.faces import TURNS, FoundFace

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8))
FACE = FoundFace((300, 200, 360, 300), 0.9)


def test_the_square_has_the_height_of_the_box_and_its_center_a_little_higher() -> None:
    left, top, right, bottom = square_of(FACE)
    assert right - left == bottom - top == 100
    assert (left + right) / 2 == 330
    assert (top + bottom) / 2 == pytest.approx(250 - 100 * RISE, abs=0.5)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_square_inside_the_photo_has_its_pixels(mode: str) -> None:
    photo = PHOTO.convert(mode)
    assert cut(photo, FACE).mode == mode
    assert cut(photo, FACE).tobytes() == photo.crop(square_of(FACE)).tobytes()


@pytest.mark.parametrize("box", [(-5, -5, 60, 90), (750, 520, 800, 600), (0, 0, 800, 600), (20, 0, 300, 600)])
def test_pixels_beyond_the_edge_repeat_those_at_the_edge(box: tuple[int, int, int, int]) -> None:
    face = FoundFace(box, 0.9)
    left, top, right, bottom = square_of(face)
    columns, rows = np.arange(left, right).clip(0, 799), np.arange(top, bottom).clip(0, 599)
    assert (np.asarray(cut(PHOTO, face)) == np.asarray(PHOTO)[rows][:, columns]).all()


@pytest.mark.parametrize("turn", TURNS)
def test_the_square_of_a_turned_face_is_that_of_the_upright_one(turn: int) -> None:
    back = 360 - turn
    turned = PHOTO.transpose(TURNS[back])
    left, top, right, bottom = FACE.box
    width, height = PHOTO.size
    box = {
        90: (top, width - right, bottom, width - left),
        180: (width - right, height - bottom, width - left, height - top),
        270: (height - bottom, left, height - top, right),
    }[back]
    assert cut(turned, FoundFace(box, 0.9, turn)).tobytes() == cut(PHOTO, FACE).tobytes()


@pytest.mark.parametrize("box", [(0.2, 0.1, 0.4, 0.3), (799.5, 599.5, 800, 600)])
def test_a_tiny_face_gives_at_least_one_pixel(box: tuple[float, float, float, float]) -> None:
    assert min(cut(PHOTO, FoundFace(box, 0.9)).size) >= 1


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
