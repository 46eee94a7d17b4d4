"""Bytes of an image file → the face that the model sees."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import corpus
from mien import images
from mien.errors import Rejected


def pixels(data: bytes) -> np.ndarray:
    return np.frombuffer(images.face(data).pixels, np.uint8).reshape(images.FACE_SIZE, images.FACE_SIZE)


@pytest.mark.parametrize("name", corpus.GOOD)
def test_a_picture_looks_the_same_in_every_kind_of_file(name: str) -> None:
    file = corpus.GOOD[name]
    difference = np.abs(pixels(file.data).astype(int) - corpus.reference().astype(int))
    # JPEG rings at sharp edges; there the mean tells whether the picture is the right one.
    assert difference.max() <= file.tolerance or (name.endswith(".jpg") and difference.mean() < 3)


@pytest.mark.parametrize("name", corpus.BAD)
def test_what_can_never_be_classified_is_rejected_with_its_reason(name: str) -> None:
    with pytest.raises(Rejected) as rejected:
        images.face(corpus.BAD[name].data)
    assert rejected.value.reason == corpus.BAD[name].reason
    assert rejected.value.detail.endswith(".")


def test_a_rejection_says_the_same_each_time() -> None:
    details = set()
    for _ in range(2):
        with pytest.raises(Rejected) as rejected:
            images.face(b"no image")
        details.add(rejected.value.detail)
    assert len(details) == 1


def test_transparent_parts_lie_on_mid_gray() -> None:
    face = pixels(corpus.encoded(corpus.transparent(), "PNG"))
    half = images.FACE_SIZE // 2
    assert (face[:, half:] == images.MID_GRAY).all()
    assert (face[:, :half] == corpus.reference()[:, :half]).all()


def test_a_transparent_palette_color_lies_on_mid_gray() -> None:
    face, original = pixels(corpus.palette_with_transparency()), corpus.reference()
    assert (face[original == original[0, 0]] == images.MID_GRAY).all()
    assert (face[original != original[0, 0]] == original[original != original[0, 0]]).all()


def test_the_central_square_is_taken() -> None:
    wide = Image.new("L", (3 * images.FACE_SIZE, images.FACE_SIZE), 255)
    wide.paste(corpus.gray(), (images.FACE_SIZE, 0))
    assert (pixels(corpus.encoded(wide, "PNG")) == corpus.reference()).all()


@pytest.mark.parametrize("side", [49, 72, 100, 480, 960])
def test_a_larger_image_is_averaged_by_area(side: int) -> None:
    original = np.random.default_rng(side).integers(0, 256, (side, side), np.uint8)
    weights = np.zeros((images.FACE_SIZE, side))
    for row in range(images.FACE_SIZE):
        low, high = row * side / images.FACE_SIZE, (row + 1) * side / images.FACE_SIZE
        weights[row] = np.clip(np.minimum(high, np.arange(side) + 1) - np.maximum(low, np.arange(side)), 0, None)
    weights *= images.FACE_SIZE / side
    averages = weights @ original @ weights.T
    assert np.abs(pixels(corpus.encoded(Image.fromarray(original), "PNG")) - averages).max() <= 2


def test_the_built_in_algorithm_gets_a_color_square() -> None:
    face = images.face(corpus.GOOD["color.png"].data, images.BUILT_IN_SIZE, "RGB")
    with Image.open(io.BytesIO(images.png(face))) as sent:
        assert (sent.size, sent.mode, sent.format) == ((224, 224), "RGB", "PNG")


def test_the_files_own_size_is_kept() -> None:
    face = images.face(corpus.encoded(Image.new("L", (100, 60)), "PNG"))
    assert (face.width, face.height) == (100, 60)


def test_a_file_of_too_many_bytes_is_not_even_opened() -> None:
    with pytest.raises(Rejected, match="too_large"):
        images.face(corpus.GOOD["gray.png"].data + bytes(images.MAX_BYTES))


WORST = {
    "bomb": "corpus.png_of_size(60_000, 60_000)",
    "largest": "corpus.encoded(Image.new('RGBA', (7071, 7071), (9, 9, 9, 9)), 'PNG', compress_level=1)",
    "progressive": "corpus.encoded(Image.new('RGB', (7071, 7071)), 'JPEG', progressive=True, subsampling=0)",
}
READ = """
import resource, sys
from mien import images
from mien.errors import Rejected
try:
    images.face(open(sys.argv[1], "rb").read())
except Rejected:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("kind", WORST)
def test_memory_stays_bounded(kind: str, tmp_path: Path) -> None:
    """Peak memory, in MB, of a process that reads a bomb, and the largest files that pass."""
    file, environment = tmp_path / "image", {"PYTHONPATH": os.pathsep.join(sys.path)}
    write = f"import corpus; from PIL import Image; open({str(file)!r}, 'wb').write({WORST[kind]})"
    subprocess.run([sys.executable, "-c", write], env=environment, check=True)
    peak = subprocess.run([sys.executable, "-c", READ, file], env=environment, check=True, capture_output=True)
    assert int(peak.stdout) < 420
