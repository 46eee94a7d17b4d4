"""Image files are read as the functions read them."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.paths import ROOT
from mien.logic.pictures import ModelInput, read_face
from tests.support.image_folders import write_image
from training.data.image_files import Color, Reader, UnreadableImages, read_images
from training.data.memory import require_memory

PHOTOS = ROOT / "samples" / "photos"


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.mark.parametrize(("size", "color"), [(48, "gray"), (64, "rgb"), (224, "rgb")])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tiff"])
def test_the_pixels_are_those_that_the_functions_send_to_a_model(
    name: str, size: int, color: Color, tmp_path: Path, pool: Executor
) -> None:
    path = write_image(tmp_path / name, size=(300, 250))
    [image] = read_images([path], Reader(size, color), pool).images
    served = read_face(path.read_bytes(), ModelInput(size, "L" if color == "gray" else "RGB"))
    assert image.shape == ((size, size) if color == "gray" else (size, size, 3))
    assert image.tobytes() == served.pixels


def test_images_keep_the_order_of_their_files_and_bad_ones_are_left_out(tmp_path: Path, pool: Executor) -> None:
    paths = [write_image(tmp_path / f"{level}.png", level) for level in range(100)]
    paths[7].write_bytes(b"")
    paths[8].unlink()
    counted: list[int] = []
    read = read_images(paths, Reader(48, "gray"), pool, counted.append)
    assert read.images[:, 0, 0].tolist() == read.kept.tolist() == [*range(7), *range(9, 100)]
    assert [(bad.path.name, bad.reason) for bad in read.unreadable] == [
        ("7.png", "The file is empty."),
        ("8.png", "The file can't be opened: No such file or directory."),
    ]
    assert sum(counted) == 100


def test_an_error_lists_ten_images_and_counts_the_others(tmp_path: Path, pool: Executor) -> None:
    paths = [tmp_path / f"{number:02}.png" for number in range(12)]
    for path in paths:
        path.write_bytes(b"text")
    error = UnreadableImages(tmp_path, read_images(paths, Reader(48, "gray"), pool).unreadable, 30)
    lines = str(error).splitlines()
    assert lines[0].endswith("12 of 30 images can't be read (--skip-bad leaves them out)")
    assert lines[1] == "  00.png: The file is not an image of a supported format: JPEG, PNG, WEBP, GIF, BMP, TIFF."
    assert (len(lines), lines[-1]) == (12, "  and 2 more")


def test_the_largest_face_is_found_and_an_image_without_one_is_left_out(pool: Executor) -> None:
    paths = [PHOTOS / "group.jpg", PHOTOS / "studio.jpg"]
    read = read_images(paths, Reader(48, "gray", "find"), pool)
    assert (read.kept.tolist(), read.faceless) == ([0], [paths[1]])
    whole = read_images(paths, Reader(48, "gray"), pool)
    assert whole.kept.tolist() == [0, 1]
    assert (read.images[0] != whole.images[0]).mean() > 0.9


def test_images_that_would_not_fit_into_memory_are_refused_with_the_numbers() -> None:
    require_memory(1_000, (48, 48), total=8_000_000)
    numbers = r"60,000 rgb images of 224x224 pixels need 18\.1 GB.*has 8\.0 GB, enough for 21,"
    with pytest.raises(ValueError, match=numbers):
        require_memory(60_000, (224, 224, 3), total=8_000_000_000)


def test_nothing_is_read_if_the_images_would_not_fit(tmp_path: Path, pool: Executor) -> None:
    with pytest.raises(ValueError, match="GB of memory"):
        read_images([tmp_path / "missing.png"] * 10_000_000, Reader(1024, "rgb"), pool)


def test_a_gray_image_of_the_size_passes_through_unchanged(tmp_path: Path, pool: Executor) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (read_images([tmp_path / "a.png"], Reader(48, "gray"), pool).images[0] == pixels).all()
