"""Changes images at random while a network learns, so that it sees no image twice in the same form."""

import math
from collections.abc import Collection

import torch
from torch import Tensor
from torch.nn import functional as F

from arguments import AUGMENTATIONS

MAX_ROTATION = math.pi / 12  # 15 degrees
SCALES = 0.9, 1.1
# In the coordinates of `affine_grid`, which go from -1 to 1 over 48 pixels: this is 4 pixels.
MAX_SHIFT = 1 / 6
CONTRASTS = 0.8, 1.2
# In standard deviations of the training pixels, because images are normalised. All channels change alike.
MAX_BRIGHTNESS = 0.2
# Half the side of the erased square, as a share of the image's side: a square has up to a third of the side.
MAX_ERASED_HALF = 1 / 6


def augment(
    x: Tensor, generator: torch.Generator, kinds: Collection[str] = AUGMENTATIONS, strength: float = 1.0
) -> Tensor:
    """Changes normalised images, float32 [n, channels, height, width], at random in each of the given ways.

    kinds: names out of AUGMENTATIONS:
        mirror: swap left and right in half of the images.
        shift: by up to 4 of 48 pixels in each direction.
        rotation: by up to 15 degrees.
        scale: by a factor of 0.9 to 1.1.
        light: contrast by a factor of 0.8 to 1.2, brightness by up to 0.2 standard deviations.
        erasing: in half of the images, set a square of up to a third of the side to the mean (Zhong et al., "Random
            Erasing Data Augmentation", 2017).
    strength: from 0 to 1, a factor of shift, rotation, scale and light: 0.5 shifts by up to 2 of 48 pixels.

    The random numbers of one way do not depend on which others are chosen.
    """
    n, _, height, width = x.shape

    def draw(low: float, high: float) -> Tensor:
        return torch.empty(n).uniform_(low, high, generator=generator).to(x.device)

    def draw_if(kind: str, low: float, high: float) -> Tensor:
        """Random numbers from low to high or, if this kind was not chosen, the value in the middle."""
        values, middle = draw(low, high), (low + high) / 2
        if kind not in kinds:
            return torch.full_like(values, middle)
        # The product with 1 would round.
        return values if strength == 1 else middle + strength * (values - middle)

    # The order of the draws is part of what a seed means: another order gives another training.
    angle = draw_if("rotation", -MAX_ROTATION, MAX_ROTATION)
    scale = draw_if("scale", *SCALES)
    mirror = torch.where(draw_if("mirror", 0, 1) < 0.5, -1.0, 1.0)
    cosine = torch.cos(angle) / scale
    sine = torch.sin(angle) / scale
    shift_x = draw_if("shift", -MAX_SHIFT, MAX_SHIFT)
    shift_y = draw_if("shift", -MAX_SHIFT, MAX_SHIFT)
    matrix = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, shift_x], 1),
            torch.stack([sine * mirror, cosine, shift_y], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    contrast = draw_if("light", *CONTRASTS).view(n, 1, 1, 1)
    brightness = draw_if("light", -MAX_BRIGHTNESS, MAX_BRIGHTNESS).view(n, 1, 1, 1)
    x = x * contrast + brightness

    if "erasing" not in kinds:
        return x
    half = draw(0, MAX_ERASED_HALF).view(n, 1, 1)
    # Distances from the square's center, which is drawn anywhere in the image, as shares of the image's side.
    rows = (torch.arange(height, device=x.device).view(1, height, 1) + 0.5) / height - draw(0, 1).view(n, 1, 1)
    columns = (torch.arange(width, device=x.device).view(1, 1, width) + 0.5) / width - draw(0, 1).view(n, 1, 1)
    chosen = draw(0, 1).view(n, 1, 1) < 0.5
    erased = (rows.abs() < half) & (columns.abs() < half) & chosen
    return x.masked_fill(erased.unsqueeze(1), 0.0)
