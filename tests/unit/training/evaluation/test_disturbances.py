"""Disturbed images: what each disturbance does to images whose result is known."""

from itertools import pairwise

import numpy as np
import pytest

from training.evaluation.disturbances import (
    DISTURBANCES,
    Disturbance,
    blurred,
    cropped,
    noisy,
    sample,
    shifted,
    turned,
)

SIZE = 32
NAMES = [f"{disturbance.name} {disturbance.strength}" for disturbance in DISTURBANCES]
# These change the gray levels, also those of a flat image: JPEG rounds them.
LEVELS_CHANGE = {"dark", "noise", "JPEG"}


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def smooth(count: int) -> np.ndarray:
    """Images like photos, whose neighboring pixels are alike: uint8 [count, SIZE, SIZE]."""
    return blurred(noise(count, SIZE, SIZE), 0.06, generator())


def turned_by_quarters(image: np.ndarray) -> list[np.ndarray]:
    return [np.rot90(image), np.rot90(image, -1)]


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=NAMES)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_images_keep_their_shape_and_the_same_seed_gives_the_same_images(
    disturbance: Disturbance, channels: tuple[int, ...]
) -> None:
    images = noise(5, SIZE, SIZE, *channels)
    before = images.copy()
    found = disturbance.apply(images, generator())
    assert found.shape == images.shape
    assert found.dtype == np.uint8
    assert (found == disturbance.apply(images, generator())).all()
    assert (found != images).any()
    assert (images == before).all()


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=NAMES)
def test_a_flat_image_changes_only_in_its_gray_levels(disturbance: Disturbance) -> None:
    flat = np.full((3, SIZE, SIZE), 100, np.uint8)
    assert (disturbance.apply(flat, generator()) == flat).all() == (disturbance.name not in LEVELS_CHANGE)


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=NAMES)
def test_gray_stays_gray_in_a_color_image(disturbance: Disturbance) -> None:
    gray = smooth(4)
    found = disturbance.apply(np.stack([gray] * 3, 3), generator()).astype(int)
    if disturbance.name != "noise":
        assert np.abs(found - found[..., :1]).max() == 0
        assert np.abs(found[..., 0] - disturbance.apply(gray, generator())).max() <= 1


@pytest.mark.parametrize("name", sorted({disturbance.name for disturbance in DISTURBANCES}))
def test_a_stronger_disturbance_changes_the_images_more(name: str) -> None:
    images = smooth(20)
    changes = [
        np.abs(one.apply(images, generator()).astype(int) - images).mean() for one in DISTURBANCES if one.name == name
    ]
    assert all(weak < strong for weak, strong in pairwise(changes))


def test_a_turn_by_90_degrees_goes_to_the_left_or_to_the_right() -> None:
    images = noise(30, SIZE, SIZE)
    found = turned(images, 90, generator())
    pairs = zip(images, found, strict=True)
    sides = [[(one == way).all() for way in turned_by_quarters(image)] for image, one in pairs]
    assert all(sum(both) == 1 for both in sides)
    assert 5 < sum(left for left, _ in sides) < 25


def test_what_is_outside_the_image_repeats_its_edge() -> None:
    images = noise(2, SIZE, SIZE)
    found = sample(images, np.tile(np.eye(2), (2, 1, 1)), np.array([[3, 0], [0, -2]]))
    assert (found[0, :, :-3] == images[0, :, 3:]).all()
    assert (found[0, :, -3:] == images[0, :, -1:]).all()
    assert (found[1, 2:] == images[1, :-2]).all()
    assert (found[1, :2] == images[1, :1]).all()


def test_a_place_between_pixels_is_their_mean() -> None:
    images = np.zeros((1, SIZE, SIZE), np.uint8)
    images[0, :, 10] = 200
    found = sample(images, np.eye(2)[None], np.array([[0.5, 0]]))
    assert (found[0, :, [9, 10]] == 100).all()


def test_crops_are_shifted_in_all_directions_by_the_same_length() -> None:
    images = np.zeros((200, SIZE, SIZE), np.uint8)
    images[:, 15:17, 15:17] = 255
    found = shifted(images, 0.25, generator()).astype(float)
    along = np.arange(SIZE) - (SIZE - 1) / 2
    total = found.sum((1, 2))
    x, y = (found.sum(1) * along).sum(1) / total, (found.sum(2) * along).sum(1) / total
    assert np.hypot(x, y) == pytest.approx(np.full(200, 8.0), abs=0.1)
    assert abs(x.mean()) < 1
    assert abs(y.mean()) < 1


def test_a_smaller_crop_enlarges_what_is_in_the_center() -> None:
    images = np.zeros((1, SIZE, SIZE), np.uint8)
    images[0, 12:20, 12:20] = 255
    assert (cropped(images, 0.5, generator()) > 127).sum() == 16 * 16
    assert (cropped(images, 2, generator()) > 127).sum() == 4 * 4


def test_a_blurred_point_has_the_deviation_that_was_asked_for() -> None:
    images = np.zeros((1, 101, 101), np.uint8)
    images[0, :, 50] = 255
    profile = blurred(images, 0.05, generator())[0, 50].astype(float)
    deviation = np.sqrt((profile * (np.arange(101) - 50) ** 2).sum() / profile.sum())
    assert deviation == pytest.approx(0.05 * 101, rel=0.03)


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    gray = np.full((10, SIZE, SIZE), 128, np.uint8)
    assert noisy(gray, 15, generator()).std() == pytest.approx(15, rel=0.05)
