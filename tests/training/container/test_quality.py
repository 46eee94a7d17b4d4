"""Training images that are as blurred, noisy, compressed and dark as faces in photos."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from quality import blurred, compressed, to_levels, worsen


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def photos() -> torch.Tensor:
    """Smooth patterns with an edge, uint8 [200, 48, 48]."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:48, :48] / 48
    waves = [np.sin(2 * np.pi * (a * x + b * y + c)) for a, b, c in random.uniform(0, 3, (200, 3))]
    return torch.from_numpy((128 + 60 * np.stack(waves) + 60 * (x > 0.5)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(("share", "changed"), [(0, 0), (0.1, 0.34), (0.2, 0.59), (1, 1)])
def test_each_of_four_ways_changes_the_chosen_share_of_the_images(
    share: float, changed: float, photos: torch.Tensor
) -> None:
    before = photos.clone()
    worse = worsen(photos, seeded(), share)
    assert (worse != photos).flatten(1).any(1).float().mean().item() == pytest.approx(changed, abs=0.1)
    assert (worse.dtype, worse.shape) == (torch.uint8, photos.shape)
    assert torch.equal(photos, before)


def test_the_same_seed_makes_images_worse_alike(photos: torch.Tensor) -> None:
    first = worsen(photos, seeded(), 0.2)
    assert torch.equal(first, worsen(photos, seeded(), 0.2))
    assert not torch.equal(first, worsen(photos, seeded(1), 0.2))


@pytest.mark.parametrize("size", [8, 21, 48])
def test_color_images_of_any_size_keep_their_shape(size: int) -> None:
    images = torch.randint(0, 256, (40, size, size, 3), dtype=torch.uint8, generator=seeded())
    worse = worsen(images, seeded(), 0.2)
    assert (worse.dtype, worse.shape) == (torch.uint8, images.shape)
    assert not torch.equal(worse, images)


def test_one_image_alone_is_enough() -> None:
    image = torch.full((1, 48, 48), 100, dtype=torch.uint8)
    assert {worsen(image, seeded(seed), 0.2).shape for seed in range(20)} == {image.shape}


@pytest.mark.parametrize("quality", [10, 30, 75])
def test_compression_loses_what_jpeg_loses(quality: int, photos: torch.Tensor) -> None:
    ours = to_levels(compressed(photos.unsqueeze(1).float(), torch.full((len(photos),), float(quality))))[:, 0]
    theirs = np.stack([through_jpeg(image, quality) for image in photos.numpy()]).astype(np.float32)
    lost = np.abs(theirs - photos.numpy()).mean()
    assert np.abs(ours.numpy() - theirs).mean() < 0.15 * lost


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def test_blur_spreads_a_point_by_its_deviation_and_keeps_its_light() -> None:
    point = torch.zeros(2, 1, 41, 41)
    point[:, 0, 20, 20] = 1000
    spread = blurred(point, torch.tensor([1.0, 2.0]), radius=8)
    assert spread.sum(dim=(1, 2, 3)) == pytest.approx([1000, 1000], rel=1e-4)
    distances = (torch.arange(41) - 20.0) ** 2
    variances = (spread.sum(dim=(1, 2)) * distances).sum(1) / 1000
    assert variances == pytest.approx([1.0, 4.0], rel=0.02)
