"""Random changes of the training faces."""

import pytest
import torch

from augment import AUGMENTATIONS, augment


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.randn(64, 1, 48, 48, generator=torch.Generator().manual_seed(1))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_no_augmentation_leaves_faces_unchanged(faces: torch.Tensor) -> None:
    assert torch.allclose(augment(faces, seeded(), ["none"]), faces, atol=1e-4)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_each_augmentation_changes_faces_and_the_same_seed_changes_them_alike(kind: str, faces: torch.Tensor) -> None:
    changed = augment(faces, seeded(), [kind])
    assert not torch.allclose(changed, faces, atol=1e-2)
    assert torch.equal(changed, augment(faces, seeded(), [kind]))


def test_mirroring_swaps_left_and_right_of_about_half_of_the_faces(faces: torch.Tensor) -> None:
    changed = augment(faces, seeded(), ["mirror"])
    mirrored = [torch.allclose(a, b.flip(2), atol=1e-4) for a, b in zip(changed, faces, strict=True)]
    unchanged = [torch.allclose(a, b, atol=1e-4) for a, b in zip(changed, faces, strict=True)]
    assert all(a != b for a, b in zip(mirrored, unchanged, strict=True))
    assert 16 < sum(mirrored) < 48


def test_the_random_numbers_of_one_way_do_not_depend_on_the_others(faces: torch.Tensor) -> None:
    alone, with_light = augment(faces, seeded(), ["erasing"]), augment(faces, seeded(), ["light", "erasing"])
    assert torch.equal(alone == 0, with_light == 0)
