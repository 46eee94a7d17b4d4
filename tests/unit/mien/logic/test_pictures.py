"""From the bytes of an image file to the face that the model sees."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from mien.errors import Rejected
from mien.logic.images import MAX_BYTES
from mien.logic.opacity import MID_GRAY
from mien.logic.pictures import COLOR_224, FACE_SIZE, GRAY_48, Face, ModelInput, encode_png, read_face, read_picture
from tests import corpus

REPLAYABLE = settings(deadline=None, derandomize=True)
SMALL = [name for name in corpus.FILES if name not in corpus.BOMBS]
NOISE = np.random.default_rng(1).integers(0, 256, (64, 80, 3), np.uint8)
# Small files that Hypothesis changes.
VALID = [corpus.GOOD[f"gray.{kind}"].data for kind in ("png", "jpg", "webp", "gif", "bmp", "tiff")]


def pixels(data: bytes) -> np.ndarray:
    return np.frombuffer(read_face(data).pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE)


def outcome(data: bytes, target: ModelInput = GRAY_48) -> Face | str:
    """A face of the right size, or the reason of a rejection. Any other exception fails the test."""
    try:
        face = read_face(data, target)
    except Rejected as rejected:
        return rejected.reason
    assert len(face.pixels) == target.size**2 * len(target.mode)
    return face


@pytest.mark.parametrize("name", SMALL)
def test_each_file_gives_its_picture_or_its_rejection(name: str) -> None:
    file = corpus.FILES[name]()
    face, color = outcome(file.data), outcome(file.data, COLOR_224)
    match file:
        case corpus.Bad():
            assert face == color == file.reason
        case corpus.Good():
            assert isinstance(face, Face)
            assert isinstance(color, Face)
            assert file.matches(face.pixels)
            assert file.color is None or file.matches_color(color.pixels)
        case corpus.Damaged():
            assert isinstance(face, Face) == isinstance(color, Face)


def test_the_corpus_has_hundreds_of_files_and_nearly_all_have_an_expected_outcome() -> None:
    damaged = [name for name in SMALL if isinstance(corpus.FILES[name](), corpus.Damaged)]
    assert len(corpus.FILES) >= 600
    assert len(damaged) < len(corpus.FILES) / 10


@REPLAYABLE
@given(st.binary(max_size=2000))
def test_any_bytes_give_a_face_or_a_rejection(data: bytes) -> None:
    assert outcome(data) == outcome(data)


@REPLAYABLE
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 6)), max_size=6),
)
def test_any_change_of_a_file_gives_a_face_or_a_rejection(data: bytes, changes: list[tuple[float, bytes, int]]) -> None:
    """A change: its position as a part of the file, the new bytes, and the number of old bytes that they replace."""
    for position, new, replaced in changes:
        at = int(position * len(data))
        data = data[:at] + new + data[at + replaced :]
    assert outcome(data) == outcome(data)


@REPLAYABLE
@given(st.sampled_from(VALID), st.binary(min_size=1, max_size=100))
def test_bytes_after_the_end_of_a_picture_change_nothing(data: bytes, more: bytes) -> None:
    assert outcome(data + more) == outcome(data)


@settings(REPLAYABLE, max_examples=50)
@given(
    st.integers(16, 200),
    st.integers(16, 200),
    st.sampled_from(["L", "RGB", "RGBA", "P", "1", "CMYK", "I;16"]),
    st.sampled_from(["PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG"]),
    st.integers(0, 255),
)
def test_an_image_of_one_gray_gives_a_face_of_that_gray_in_every_mode_and_format(
    width: int, height: int, mode: str, kind: str, level: int
) -> None:
    if mode == "I;16" and kind not in ("PNG", "TIFF"):
        reject()  # Pillow writes other formats with 8 bits, and clips instead of scaling.
    gray = Image.new("L", (width, height), 255 * (level > 127) if mode == "1" else level)
    image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257) if mode == "I;16" else gray.convert(mode)
    try:
        data = corpus.encoded(image, kind)
    except (OSError, ValueError):
        reject()  # Pillow cannot write this mode in this format.
    face = outcome(data)
    assert isinstance(face, Face)
    assert np.abs(np.frombuffer(face.pixels, np.uint8).astype(int) - int(np.asarray(gray)[0, 0])).max() <= 2


JPEG_OPTIONS = [{}, {"progressive": True}, {"subsampling": 2}, {"optimize": True}, {"restart_marker_blocks": 2}]


@pytest.mark.parametrize("options", JPEG_OPTIONS, ids=str)
def test_a_jpeg_without_its_end_marker_gives_the_same_face(options: dict[str, Any]) -> None:
    data = corpus.encoded(Image.fromarray(NOISE), "JPEG", quality=90, **options)
    assert outcome(data[:-2]) == outcome(data[:-1]) == outcome(data)


@pytest.mark.parametrize("options", JPEG_OPTIONS, ids=str)
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["cut", "cut, with an end marker"])
def test_a_jpeg_is_rejected_if_more_than_its_last_blocks_are_missing(options: dict[str, Any], end: bytes) -> None:
    data = corpus.encoded(Image.fromarray(NOISE), "JPEG", quality=90, **options)
    accepted = [cut for cut in range(130, len(data) - 700, 41) if outcome(data[:-cut] + end) != "broken_image"]
    assert accepted == []


@pytest.mark.parametrize("kind", ["VP8 ", "VP8L"])
def test_a_webp_is_accepted_only_while_its_pixels_are_complete(kind: str) -> None:
    data = corpus.encoded(Image.fromarray(NOISE), "WEBP", lossless=kind == "VP8L", exif=b"Exif\0\0" + bytes(99))
    pixels_end = data.index(b"EXIF")
    face = outcome(data)
    assert all(outcome(data[:end]) == face for end in range(pixels_end, len(data)))
    assert all(outcome(data[:end]) == "broken_image" for end in range(30, pixels_end - 1, 101))


def test_a_rejection_has_the_same_detail_each_time() -> None:
    details = set()
    for _ in range(2):
        with pytest.raises(Rejected) as rejected:
            read_face(b"no image")
        details.add(rejected.value.detail)
    assert len(details) == 1


def test_transparent_parts_become_mid_gray() -> None:
    face = pixels(corpus.encoded(corpus.transparent(), "PNG"))
    half = FACE_SIZE // 2
    assert (face[:, half:] == MID_GRAY).all()
    assert (face[:, :half] == corpus.reference()[:, :half]).all()


def test_a_transparent_palette_color_becomes_mid_gray() -> None:
    face, original = pixels(corpus.palette_with_transparency()), corpus.reference()
    assert (face[original == original[0, 0]] == MID_GRAY).all()
    assert (face[original != original[0, 0]] == original[original != original[0, 0]]).all()


def test_the_central_square_is_used() -> None:
    wide = Image.new("L", (3 * FACE_SIZE, FACE_SIZE), 255)
    wide.paste(corpus.gray(), (FACE_SIZE, 0))
    assert (pixels(corpus.encoded(wide, "PNG")) == corpus.reference()).all()


@pytest.mark.parametrize("side", [49, 72, 100, 480, 960])
def test_a_larger_image_is_averaged_by_area(side: int) -> None:
    original = np.random.default_rng(side).integers(0, 256, (side, side), np.uint8)
    weights = np.zeros((FACE_SIZE, side))
    for row in range(FACE_SIZE):
        low, high = row * side / FACE_SIZE, (row + 1) * side / FACE_SIZE
        weights[row] = np.clip(np.minimum(high, np.arange(side) + 1) - np.maximum(low, np.arange(side)), 0, None)
    weights *= FACE_SIZE / side
    averages = weights @ original @ weights.T
    assert np.abs(pixels(corpus.encoded(Image.fromarray(original), "PNG")) - averages).max() <= 2


def test_the_built_in_algorithm_gets_a_color_square() -> None:
    face = read_face(corpus.GOOD["color.png"].data, COLOR_224)
    with Image.open(io.BytesIO(encode_png(face))) as sent:
        assert (sent.size, sent.mode, sent.format) == ((224, 224), "RGB", "PNG")


def test_the_files_own_size_is_kept() -> None:
    picture = read_picture(corpus.encoded(Image.new("L", (100, 60)), "PNG"), GRAY_48, None)
    assert (picture.width, picture.height) == (100, 60)


def test_a_file_of_too_many_bytes_is_rejected_unread() -> None:
    with pytest.raises(Rejected, match="too_large"):
        read_face(corpus.GOOD["gray.png"].data + bytes(MAX_BYTES))
