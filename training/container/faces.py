"""A channel's faces, and what chance does to them while a network learns."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

AUGMENTATIONS = ("mirror", "shift", "rotation", "scale", "light", "erasing")


@dataclass(frozen=True)
class Channel:
    """images: uint8 [n, 1, height, width]; labels: int64 [n]; votes: float32 [n, opinions], each row's sum 1, or 0 of
    a face that nobody was asked about."""

    images: Tensor
    labels: Tensor
    classes: list[str]
    votes: Tensor


def read(folder: Path) -> Channel:
    with np.load(folder / "faces.npz", allow_pickle=False) as arrays:
        votes = torch.from_numpy(arrays["votes"] if "votes" in arrays else np.zeros((len(arrays["labels"]), 0)))
        return Channel(
            torch.from_numpy(arrays["images"]).unsqueeze(1),
            torch.from_numpy(arrays["labels"]),
            [str(name) for name in arrays["classes"]],
            votes.float() / votes.sum(1, keepdim=True).clamp(min=1),
        )


def augmented(x: Tensor, generator: torch.Generator, kinds: Collection[str] = AUGMENTATIONS) -> Tensor:
    """Normalised faces, float32 [n, 1, h, w] → the same, changed by chance in each of the named ways.

    mirror: left and right, of every other face; shift: to 4 pixels of 48; rotation: to 15 degrees; scale: 0.9 to 1.1;
    light: contrast 0.8 to 1.2, brightness to 0.2 deviations; erasing: a square of up to a third of the side set to the
    mean, in every other face (Zhong et al., "Random Erasing Data Augmentation", 2017). The chance of one way doesn't
    depend on which others are named.
    """
    n, _, height, width = x.shape

    def drawn(low: float, high: float) -> Tensor:
        return torch.empty(n).uniform_(low, high, generator=generator).to(x.device)

    def uniform(low: float, high: float, kind: str) -> Tensor:
        """Around the middle by chance, or, if that way isn't named, the middle itself."""
        values = drawn(low, high)
        return values if kind in kinds else torch.full_like(values, (low + high) / 2)

    angle, scale = uniform(-math.pi / 12, math.pi / 12, "rotation"), uniform(0.9, 1.1, "scale")
    mirror = torch.where(uniform(0, 1, "mirror") < 0.5, -1.0, 1.0)
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    matrix = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, uniform(-1 / 6, 1 / 6, "shift")], 1),
            torch.stack([sine * mirror, cosine, uniform(-1 / 6, 1 / 6, "shift")], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    x = x * uniform(0.8, 1.2, "light").view(n, 1, 1, 1) + uniform(-0.2, 0.2, "light").view(n, 1, 1, 1)

    if "erasing" not in kinds:
        return x
    half = drawn(0, 1 / 6).view(n, 1, 1)
    row = (torch.arange(height, device=x.device).view(1, height, 1) + 0.5) / height - drawn(0, 1).view(n, 1, 1)
    column = (torch.arange(width, device=x.device).view(1, 1, width) + 0.5) / width - drawn(0, 1).view(n, 1, 1)
    erased = (row.abs() < half) & (column.abs() < half) & (drawn(0, 1).view(n, 1, 1) < 0.5)
    return x.masked_fill(erased.unsqueeze(1), 0.0)
