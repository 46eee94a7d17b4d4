"""Disturbs images as photos do: badly cropped, turned, blurred, coarse, compressed, dark, flat or noisy ones.

Each disturbance returns images of the same shape. What is outside an image repeats its edge. What differs from image to
image is drawn from a generator: the direction of a shift or of a turn, and the noise.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

Images = np.ndarray
# Images, uint8 [n, size, size] or [n, size, size, 3], and a strength → images of the same shape and type.
Function = Callable[[Images, float, np.random.Generator], Images]
# Standard deviations of a Gaussian on each side of its center.
KERNEL_RADIUS = 3


@dataclass(frozen=True)
class Disturbance:
    """What is done to images, and how strongly. name, strength: as a table shows them."""

    name: str
    strength: str
    function: Function
    value: float

    def apply(self, images: Images, random: np.random.Generator) -> Images:
        return self.function(images, self.value, random)


def strengths(name: str, function: Function, values: Sequence[float], text: str) -> list[Disturbance]:
    """One disturbance at several strengths. text: a format of the strength."""
    return [Disturbance(name, text.format(value), function, value) for value in values]


def shifted(images: Images, share: float, random: np.random.Generator) -> Images:
    """Moves the crop by a share of its side, in any direction."""
    angles = random.uniform(0, 2 * math.pi, len(images))
    offsets = share * images.shape[1] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return sample(images, np.tile(np.eye(2), (len(images), 1, 1)), offsets)


def cropped(images: Images, factor: float, random: np.random.Generator) -> Images:
    """Makes the side of the crop larger or smaller by a factor, around the same center."""
    return sample(images, np.tile(factor * np.eye(2), (len(images), 1, 1)), np.zeros((len(images), 2)))


def turned(images: Images, degrees: float, random: np.random.Generator) -> Images:
    """Turns each image to the left or to the right."""
    angles = math.radians(degrees) * random.choice([-1, 1], len(images))
    cosine, sine = np.cos(angles), np.sin(angles)
    matrices = np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1)
    return sample(images, matrices, np.zeros((len(images), 2)))


def blurred(images: Images, share: float, random: np.random.Generator) -> Images:
    """Blurs with a Gaussian whose standard deviation is a share of the side."""
    deviation = share * images.shape[1]
    radius = math.ceil(KERNEL_RADIUS * deviation)
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * deviation**2))
    kernel /= kernel.sum()
    pixels = images.astype(np.float32)
    for axis in (1, 2):
        margin = [(radius, radius) if index == axis else (0, 0) for index in range(pixels.ndim)]
        padded = np.pad(pixels, margin, mode="edge")
        slices = (padded.take(range(start, start + images.shape[axis]), axis) for start in range(len(kernel)))
        pixels = np.zeros_like(pixels)
        for weight, part in zip(kernel, slices, strict=True):
            pixels += np.float32(weight) * part
    return to_bytes(pixels)


def coarse(images: Images, share: float, random: np.random.Generator) -> Images:
    """Scales each image down to a share of its side and up again, as the functions scale a small face."""
    size = images.shape[1]
    small = max(1, round(share * size))

    def scale(image: Image.Image) -> Image.Image:
        return image.resize((small, small), Image.Resampling.BICUBIC).resize((size, size), Image.Resampling.BICUBIC)

    return each(images, scale)


def compressed(images: Images, quality: float, random: np.random.Generator) -> Images:
    """Compresses each image as JPEG. quality: Pillow's, from 1 to 95."""

    def compress(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(quality))
        return Image.open(file)

    return each(images, compress)


def darkened(images: Images, factor: float, random: np.random.Generator) -> Images:
    return to_bytes(images.astype(np.float32) * factor)


def flattened(images: Images, factor: float, random: np.random.Generator) -> Images:
    """Lowers the contrast: the distance of each pixel from the mean of its image."""
    pixels = images.astype(np.float32)
    means = pixels.mean(axis=tuple(range(1, pixels.ndim)), keepdims=True)
    return to_bytes(means + factor * (pixels - means))


def noisy(images: Images, deviation: float, random: np.random.Generator) -> Images:
    """Adds Gaussian noise. deviation: in gray levels."""
    return to_bytes(images + np.float32(deviation) * random.standard_normal(images.shape, np.float32))


def sample(images: Images, matrices: np.ndarray, offsets: np.ndarray) -> Images:
    """Takes the pixels of new images at other places of the old ones, between four pixels each.

    matrices, offsets: float [n, 2, 2] and [n, 2]; a place, as x and y from the center of a new image, times the matrix,
        plus the offset, is the place in the old image.
    """
    size = images.shape[1]
    center = (size - 1) / 2
    matrices, offsets = matrices.astype(np.float32), offsets.astype(np.float32)
    along = np.arange(size, dtype=np.float32) - np.float32(center)
    x, y = along[None, None, :], along[None, :, None]

    def places(row: int) -> tuple[np.ndarray, np.ndarray]:
        """The lower pixel at each place along one axis, and the share of the next one."""
        a, b, offset = (values[:, None, None] for values in (matrices[:, row, 0], matrices[:, row, 1], offsets[:, row]))
        found = np.clip(a * x + b * y + offset + np.float32(center), 0, size - 1)
        first = np.minimum(found.astype(np.int64), size - 2)
        return first, (found - first).reshape(*found.shape, *([1] * (images.ndim - 3)))

    (left, to_right), (top, to_bottom) = places(0), places(1)
    index = np.arange(len(images))[:, None, None]
    above = images[index, top, left] * (1 - to_right) + images[index, top, left + 1] * to_right
    below = images[index, top + 1, left] * (1 - to_right) + images[index, top + 1, left + 1] * to_right
    return to_bytes(above * (1 - to_bottom) + below * to_bottom)


def each(images: Images, change: Callable[[Image.Image], Image.Image]) -> Images:
    return np.stack([np.asarray(change(Image.fromarray(image))) for image in images])


def to_bytes(pixels: np.ndarray) -> Images:
    """Gray levels as float, which can be below 0 or above 255 → uint8."""
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


DISTURBANCES = (
    *strengths("crop shifted", shifted, (0.05, 0.1, 0.15), "by {:.0%} of the side"),
    *strengths("crop larger", cropped, (1.15, 1.3), "side x {:g}"),
    *strengths("crop smaller", cropped, (0.85, 0.7), "side x {:g}"),
    *strengths("turned", turned, (5, 10, 15, 20), "by {:g} degrees"),
    *strengths("blurred", blurred, (0.02, 0.04), "deviation {:.0%} of the side"),
    *strengths("low resolution", coarse, (0.5, 0.33, 0.25), "side x {:g}"),
    *strengths("JPEG", compressed, (30, 10), "quality {:g}"),
    *strengths("dark", darkened, (0.5, 0.1), "gray levels x {:g}"),
    *strengths("low contrast", flattened, (0.5, 0.25), "contrast x {:g}"),
    *strengths("noise", noisy, (10, 20), "deviation {:g} gray levels"),
)
