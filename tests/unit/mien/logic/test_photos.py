"""Photos with several faces: where the faces are, what the model sees of them, and what is listed without a label.

A fake of the detector finds what a test says. How well the real one finds faces is measured in benchmarks/faces.md.
"""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.errors import Rejected
from mien.logic.crops import CROP_SIDE, MIN_HEIGHT, FoundFace, square_of
from mien.logic.orientation import TRANSPOSITIONS
from mien.logic.pictures import (
    COLOR_224,
    FACE_SIZE,
    GRAY_48,
    MAX_FACES,
    PREVIEW_PIXELS,
    Find,
    read_face,
    read_picture,
)
from tests import corpus
from tests.support.pictures import WHOLE

# A smooth picture, in which every place is different.
ROWS, COLUMNS = np.mgrid[0:600, 0:800]
PHOTO = Image.fromarray(np.stack([COLUMNS / 4, ROWS / 3, (ROWS + COLUMNS) / 6], axis=2).astype(np.uint8))
FACE = FoundFace((300, 200, 400, 320), 0.9)


def finder(*faces: FoundFace, width: int = PHOTO.width) -> Find:
    """Finds these faces. width: of the image in whose pixels they are given."""

    def find(image: Image.Image) -> list[FoundFace]:
        assert image.mode == "RGB"
        return [face.scaled(image.width / width) for face in faces]

    return find


def pixels_of(data: bytes, *faces: FoundFace, width: int = PHOTO.width) -> list[np.ndarray]:
    """The pixels of faces as our model sees them, uint8 [48, 48] each."""
    picture = read_picture(data, GRAY_48, finder(*faces, width=width))
    found = [one.face for one in picture.faces]
    return [np.frombuffer(face.pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE) for face in found if face]


def crop_of(photo: Image.Image, face: FoundFace) -> np.ndarray:
    """The face of a file that is the square of a face and nothing else."""
    left, top, right, bottom = square_of(face)
    columns, rows = np.arange(left, right).clip(0, photo.width - 1), np.arange(top, bottom).clip(0, photo.height - 1)
    square = Image.fromarray(np.asarray(photo)[rows][:, columns])
    pixels = read_face(corpus.encoded(square, "PNG")).pixels
    return np.frombuffer(pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE)


def difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_the_model_sees_the_square_around_each_face(kind: str) -> None:
    other = FoundFace((30, 40, 120, 160), 0.8)
    options: dict[str, Any] = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    first, second = pixels_of(corpus.encoded(PHOTO, kind, **options), FACE, other)
    assert difference(first, crop_of(PHOTO, FACE)) <= 4
    assert difference(second, crop_of(PHOTO, other)) <= 4


@pytest.mark.parametrize("box", [(-5, -5, 60, 90), (750, 520, 800, 600), (0, 0, 800, 600), (20, 0, 300, 600)])
def test_beyond_the_edge_of_the_photo_the_model_sees_the_pixels_at_the_edge(box: tuple[int, int, int, int]) -> None:
    face = FoundFace(box, 0.9)
    [pixels] = pixels_of(corpus.encoded(PHOTO, "PNG"), face)
    # In a large square, the edge is rounded to the blocks that are averaged.
    assert difference(pixels, crop_of(PHOTO, face)) <= 8


@pytest.mark.parametrize("orientation", TRANSPOSITIONS)
def test_faces_are_looked_for_and_cut_out_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {6: 8, 8: 6}
    stored = PHOTO.transpose(TRANSPOSITIONS[turns.get(orientation, orientation)])
    data = corpus.encoded(stored, "JPEG", quality=95, exif=exif)
    picture = read_picture(data, GRAY_48, finder(FACE))
    assert (picture.width, picture.height) == PHOTO.size
    assert picture.faces[0].box == FACE.box
    assert difference(pixels_of(data, FACE)[0], crop_of(PHOTO, FACE)) <= 4


@pytest.mark.parametrize(("turn", "back"), [(90, "ROTATE_270"), (180, "ROTATE_180"), (270, "ROTATE_90")])
def test_a_face_that_lies_on_its_side_is_shown_upright_to_the_model(turn: int, back: str) -> None:
    turned = PHOTO.transpose(Image.Transpose[back])
    left, top, right, bottom = FACE.box
    width, height = PHOTO.size
    box = {
        90: (height - bottom, left, height - top, right),
        180: (width - right, height - bottom, width - left, height - top),
        270: (top, width - right, bottom, width - left),
    }[turn]
    [pixels] = pixels_of(corpus.encoded(turned, "PNG"), FoundFace(box, 0.9, turn), width=turned.width)
    assert difference(pixels, crop_of(PHOTO, FACE)) <= 6


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_crop_that_is_named_is_what_the_model_saw(turn: int) -> None:
    picture = read_picture(corpus.encoded(PHOTO, "PNG"), GRAY_48, finder(FoundFace(FACE.box, 0.9, turn)))
    [face] = picture.faces
    assert face.face
    assert (face.crop, face.turn) == (square_of(FoundFace(FACE.box, 0.9, turn)), turn)
    cut = PHOTO.crop(face.crop).rotate(turn)
    seen = np.frombuffer(face.face.pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE)
    assert difference(seen, np.asarray(cut.convert("L").resize((FACE_SIZE, FACE_SIZE), Image.Resampling.BOX))) <= 6


def test_the_crop_of_an_image_that_is_a_face_already_is_its_central_square() -> None:
    [face] = read_picture(corpus.encoded(PHOTO.resize((48, 40)), "PNG"), GRAY_48, finder()).faces
    assert face.crop == (4, 0, 44, 40)


def test_boxes_are_in_pixels_of_the_file_whatever_size_was_searched() -> None:
    large = PHOTO.resize((4000, 3000))
    face = FACE.scaled(5)
    for kind in ("JPEG", "PNG"):
        picture = read_picture(corpus.encoded(large, kind), GRAY_48, finder(face, width=4000))
        assert (picture.width, picture.height) == (4000, 3000)
        assert np.abs(np.subtract(picture.faces[0].box, face.box)).max() <= 5


def test_a_small_face_in_a_large_photo_keeps_the_pixels_of_the_file() -> None:
    """The photo is searched in a quarter of its width. There the face has 25 pixels, in the file 100."""
    stripes = np.full((3000, 4000), 128, np.uint8)
    stripes[1000:1100, 2000:2100] = np.where(np.arange(100) // 4 % 2, 255, 0)
    face = FoundFace((2010, 1000, 2090, 1100), 0.9)
    [pixels] = pixels_of(corpus.encoded(Image.fromarray(stripes), "JPEG", quality=95), face, width=4000)
    assert pixels[24].std() > 100


def test_a_large_photo_is_searched_in_a_smaller_copy() -> None:
    sizes = []

    def find(image: Image.Image) -> list[FoundFace]:
        sizes.append(image.width * image.height)
        return []

    for size in ((4000, 3000), (8000, 6000), (16_000, 400)):
        for kind in ("JPEG", "PNG"):
            read_picture(corpus.encoded(Image.new("L", size), kind), GRAY_48, find)
    assert all(PREVIEW_PIXELS <= size <= 4 * PREVIEW_PIXELS for size in sizes)


def test_a_face_that_is_too_small_is_listed_without_pixels() -> None:
    small, enough = FoundFace((0, 0, 20, MIN_HEIGHT - 1), 0.9), FoundFace((50, 50, 70, 50 + MIN_HEIGHT), 0.9)
    picture = read_picture(corpus.encoded(PHOTO, "PNG"), GRAY_48, finder(enough, small))
    assert [one.face is not None for one in picture.faces] == [True, False]
    assert picture.faces[1].box == (0, 0, 20, 23)


def test_of_many_faces_the_largest_are_listed_and_all_are_counted() -> None:
    faces = [FoundFace((n, n, n + 400 - n, n + 500 - n), 0.9) for n in range(MAX_FACES + 30)]
    picture = read_picture(corpus.encoded(PHOTO, "JPEG"), GRAY_48, finder(*faces))
    assert (len(picture.faces), picture.faces_found) == (MAX_FACES, MAX_FACES + 30)
    assert picture.faces[0].box == (0, 0, 400, 500)


def test_a_photo_without_a_face_has_none() -> None:
    picture = read_picture(corpus.encoded(PHOTO, "JPEG"), GRAY_48, finder())
    assert (picture.faces, picture.faces_found) == ((), 0)


def test_an_image_as_small_as_the_crops_of_data_sets_is_a_face_and_is_not_searched() -> None:
    def find(image: Image.Image) -> list[FoundFace]:
        raise AssertionError("the image was searched")

    for side in (FACE_SIZE, CROP_SIDE):
        data = corpus.encoded(PHOTO.resize((side, side)), "PNG")
        [one] = read_picture(data, GRAY_48, find).faces
        assert (one.box, one.score) == ((0, 0, side, side), None)
        assert one.face == read_face(data)
    assert read_picture(corpus.GOOD["gray.png"].data, GRAY_48, find).faces[0].box == WHOLE


def test_a_face_that_fills_the_image_is_not_cropped_again() -> None:
    image = PHOTO.crop((0, 0, 600, 600))
    data = corpus.encoded(image, "PNG")
    filling, other = FoundFace((50, 20, 550, 590), 0.9), FoundFace((0, 0, 90, 100), 0.8)
    first, second = read_picture(data, GRAY_48, finder(filling, other, width=600)).faces
    assert (first.box, first.score, first.face) == (filling.box, 0.9, read_face(data))
    assert second.box == other.box


def test_without_a_detector_the_central_square_is_the_face() -> None:
    data = corpus.encoded(PHOTO, "PNG")
    [one] = read_picture(data, GRAY_48, None).faces
    assert (one.box, one.score, one.face) == ((100, 0, 700, 600), None, read_face(data))


def test_the_built_in_algorithm_gets_each_face_in_color() -> None:
    picture = read_picture(corpus.encoded(PHOTO, "PNG"), COLOR_224, finder(FACE))
    [one] = picture.faces
    assert one.face
    with Image.open(io.BytesIO(corpus.encoded(PHOTO, "PNG"))) as photo:
        expected = photo.crop(square_of(FACE)).resize((224, 224), Image.Resampling.BICUBIC)
    sent = np.frombuffer(one.face.pixels, np.uint8).reshape(224, 224, 3)
    assert difference(sent, np.asarray(expected)) <= 4


def test_a_photo_that_is_wholly_transparent_is_rejected() -> None:
    with pytest.raises(Rejected, match="transparent"):
        read_picture(corpus.encoded(Image.new("RGBA", (800, 600)), "PNG"), GRAY_48, finder())


def test_an_error_of_the_detector_is_no_fault_of_the_image() -> None:
    def find(image: Image.Image) -> list[FoundFace]:
        raise RuntimeError("the detector failed")

    with pytest.raises(RuntimeError):
        read_picture(corpus.encoded(PHOTO, "JPEG"), GRAY_48, find)
