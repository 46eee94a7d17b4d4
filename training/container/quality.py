"""Makes training images worse at random, as the faces in photos are: blurred, dark, noisy or compressed."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Standard deviations of a Gaussian, as shares of an image's side: 0.5 to 2 of 48 pixels.
BLURS = 0.01, 0.04
# Standard deviations of a Gaussian on each side of its center.
KERNEL_RADIUS = 3
# Factors of the gray levels. Their logarithm is drawn evenly.
LIGHTS = 0.1, 1.0
# Standard deviations of the noise, in gray levels.
NOISES = 2.0, 20.0
# Of JPEG, as libjpeg counts it, from 1 to 100. The script can't use a library for it: the containers have none.
QUALITIES = 10.0, 80.0
# Pixels per side of a block that is compressed.
BLOCK = 8
# How coarsely each frequency of a block is stored at quality 50. Source: ITU-T T.81 (JPEG), table K.1, luminance.
STEPS = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)


def worsen(images: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """Returns images, uint8 [n, size, size] or [n, size, size, 3], some of them worse than those that are given.

    How much worse is drawn for each image.

    share: of the images that each of the four ways changes, whatever the others do, from 0 to 1.
    """
    planes = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
    pixels = planes.float()
    count, size = len(images), images.shape[1]

    def choose() -> Tensor:
        return torch.nonzero(torch.rand(count, generator=generator) < share).flatten()

    def draw(chosen: Tensor, limits: tuple[float, float]) -> Tensor:
        return torch.empty(len(chosen)).uniform_(*limits, generator=generator)

    # Darkness comes last. Before noise or compression, it would leave faces that nobody recognizes.
    chosen = choose()
    pixels[chosen] = blurred(pixels[chosen], size * draw(chosen, BLURS), math.ceil(KERNEL_RADIUS * BLURS[1] * size))
    chosen = choose()
    deviations = draw(chosen, NOISES).view(-1, 1, 1, 1)
    pixels[chosen] += deviations * torch.randn(pixels[chosen].shape, generator=generator)
    chosen = choose()
    pixels[chosen] = compressed(to_levels(pixels[chosen]), draw(chosen, QUALITIES))
    chosen = choose()
    factors = torch.exp(draw(chosen, (math.log(LIGHTS[0]), math.log(LIGHTS[1]))))
    pixels[chosen] *= factors.view(-1, 1, 1, 1)
    pixels = to_levels(pixels)
    worse = pixels.byte()
    return worse[:, 0] if images.ndim == 3 else worse.permute(0, 2, 3, 1)


def to_levels(pixels: Tensor) -> Tensor:
    return pixels.round().clamp(0, 255)


def blurred(pixels: Tensor, deviations: Tensor, radius: int) -> Tensor:
    """Blurs images, float32 [n, channels, size, size], by a Gaussian. deviations: float32 [n], in pixels."""
    count, channels, size, _ = pixels.shape
    if not count:
        return pixels
    places = torch.arange(-radius, radius + 1)
    kernels = torch.exp(-(places**2) / (2 * deviations.view(-1, 1) ** 2))
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    # Every image has its own kernel, so that all are one image of many channels, each for itself.
    flat = pixels.reshape(1, count * channels, size, size)
    flat = F.pad(flat, (radius, radius, radius, radius), mode="replicate")
    flat = F.conv2d(flat, kernels.view(-1, 1, 1, 2 * radius + 1), groups=count * channels)
    flat = F.conv2d(flat, kernels.view(-1, 1, 2 * radius + 1, 1), groups=count * channels)
    return flat.view(count, channels, size, size)


def compressed(pixels: Tensor, qualities: Tensor) -> Tensor:
    """Images, float32 [n, channels, size, size], as JPEG gives them back: what is lost is lost by rounding frequencies.

    Channels of color are compressed like gray images. qualities: float32 [n].
    """
    count, channels, size, _ = pixels.shape
    if not count:
        return pixels
    missing = -size % BLOCK
    padded = F.pad(pixels, (0, missing, 0, missing), mode="replicate")
    side = padded.shape[2] // BLOCK
    blocks = padded.view(count, channels, side, BLOCK, side, BLOCK).transpose(3, 4)
    # How libjpeg makes a table for a quality from that for 50.
    percent = torch.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities).view(-1, 1, 1, 1, 1, 1)
    steps = ((torch.tensor(STEPS).view(BLOCK, BLOCK) * percent + 50) / 100).floor().clamp(1, 255)
    cosines = cosine_transform()
    frequencies = cosines @ (blocks - 128) @ cosines.T
    rounded = (frequencies / steps).round() * steps
    restored = (cosines.T @ rounded @ cosines + 128).transpose(3, 4)
    return restored.reshape(padded.shape)[:, :, :size, :size]


def cosine_transform() -> Tensor:
    """The matrix of the discrete cosine transform (DCT-II), float32 [8, 8]. Its inverse is its transpose."""
    places = torch.arange(BLOCK)
    matrix = torch.cos(math.pi / BLOCK * (places + 0.5) * places.view(-1, 1)) * math.sqrt(2 / BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix
