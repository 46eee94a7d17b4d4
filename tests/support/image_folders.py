"""Folders of images that tests prepare."""

from pathlib import Path

import numpy as np
from PIL import Image

GENERATOR = np.random.default_rng(1)


def write_image(path: Path, level: int | None = None, size: tuple[int, int] = (60, 50)) -> Path:
    """Writes an image of one gray level, or of noise in color. size: width and height in pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3)
    pixels = GENERATOR.integers(0, 256, shape, np.uint8) if level is None else np.full(shape, level, np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_classes(folder: Path, **counts: int) -> Path:
    """Writes a folder of images of noise for each class: `write_classes(folder, circle=5, square=5)`."""
    for name, count in counts.items():
        for number in range(count):
            write_image(folder / name / f"{number}.png")
    return folder
