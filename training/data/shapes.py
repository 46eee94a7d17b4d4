"""Draws soft shapes and smooth noise on gray pictures.

A picture is float32 [height, width] of levels from 0, black, to 1. A shape has the same size: 1 where it covers the
picture, 0 outside, and values between them along its edge.
"""

import numpy as np
from PIL import Image


def edge(inside: np.ndarray, softness: float) -> np.ndarray:
    """Returns a shape. inside: how far each pixel is inside its edge, negative outside; in the unit of `softness`."""
    covered = (inside / softness + 0.5).clip(0, 1)
    return np.asarray(covered * covered * (3 - 2 * covered))


def ellipse(x: np.ndarray, y: np.ndarray, width: float, height: float, softness: float, power: float = 2) -> np.ndarray:
    """Returns an ellipse at the origin. width, height: half of its axes. power: a higher one makes it more angular."""
    radius = ((np.abs(x) / width) ** power + (np.abs(y) / height) ** power) ** (1 / power)
    return edge((1 - radius) * min(width, height), softness)


def lay(picture: np.ndarray, levels: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Returns the picture with `levels` where the shape covers it."""
    return np.asarray(picture + (levels - picture) * shape)


def noise(generator: np.random.Generator, size: tuple[int, int], spot: tuple[float, float]) -> np.ndarray:
    """Returns smooth noise. size: height and width in pixels. spot: height and width of its spots in pixels."""
    rows, columns = (max(2, round(length / extent)) for length, extent in zip(size, spot, strict=True))
    return resize(generator.standard_normal((rows, columns), np.float32), size)


def blur(levels: np.ndarray, radius: float) -> np.ndarray:
    rows, columns = (max(2, round(length / radius)) for length in levels.shape)
    return resize(resize(levels, (rows, columns)), (levels.shape[0], levels.shape[1]))


def resize(levels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns a copy of another height and width."""
    image = Image.fromarray(levels.astype(np.float32))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC))
