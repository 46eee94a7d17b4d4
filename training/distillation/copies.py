"""Lightly changed copies of images, as a network sees them while it learns, for the teachers to label."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import torch

from augment import augment

# In these ways, and by half as much as in a training, so that a copy still shows what the image shows.
KINDS = ("shift", "rotation", "scale", "light")
STRENGTH = 0.5
# Images that are changed at once. The copies of a seed depend on it.
STEP = 256
SEED_STRIDE = 100_003


def copy_in_parts(images: np.ndarray, seed: int, number: int) -> Iterator[np.ndarray]:
    """Yields a copy of the images, at most STEP of them at a time, uint8 as the images.

    images: uint8 [n, size, size] or [n, size, size, 3].
    number: 0 yields the images as they are; each other number, with a seed, is another copy.
    """
    generator = torch.Generator().manual_seed(seed * SEED_STRIDE + number)
    for start in range(0, len(images), STEP):
        part = images[start : start + STEP]
        yield change(part, generator) if number else part


def change(images: np.ndarray, generator: torch.Generator) -> np.ndarray:
    """Shifts, turns, scales, and lightens or darkens each image at random."""
    pixels = torch.from_numpy(images if images.ndim == 4 else images[..., None]).permute(0, 3, 1, 2).float()
    # `augment` changes the light of images whose mean is 0 and whose deviation is 1.
    mean, deviation = pixels.mean(), pixels.std().clamp(min=1)
    changed = augment((pixels - mean) / deviation, generator, KINDS, STRENGTH) * deviation + mean
    rounded = changed.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return np.ascontiguousarray(rounded if images.ndim == 4 else rounded[..., 0])
