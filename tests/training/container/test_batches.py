"""Which images an epoch learns."""

import pytest
import torch

from batches import class_weights, draw_batches

# 900 images of class 0, 90 of class 1 and 10 of class 2.
LABELS = torch.arange(3).repeat_interleave(torch.tensor([900, 90, 10]))


def drawn(sampler: str, seed: int = 0) -> torch.Tensor:
    return torch.cat(list(draw_batches(LABELS, 3, 64, sampler, seed)))


def test_an_epoch_takes_each_image_at_most_once_in_whole_batches() -> None:
    order = drawn("random")
    assert len(order) == 1000 // 64 * 64
    assert len(order.unique()) == len(order)


def test_a_balanced_epoch_draws_all_classes_equally_often() -> None:
    counts = torch.bincount(LABELS[drawn("balanced")])
    assert counts.float() == pytest.approx([320, 320, 320], rel=0.2)


@pytest.mark.parametrize("sampler", ["random", "balanced"])
def test_an_epoch_that_is_trained_again_draws_the_same_images(sampler: str) -> None:
    assert torch.equal(drawn(sampler), drawn(sampler))
    assert not torch.equal(drawn(sampler), drawn(sampler, seed=1))


def test_with_class_weights_all_classes_count_alike_and_an_image_counts_1_on_average() -> None:
    weights = class_weights(LABELS, 4)
    assert (weights * torch.bincount(LABELS, minlength=4)).tolist() == pytest.approx([1000 / 3] * 3 + [0])
    assert weights[LABELS].mean().item() == pytest.approx(1)
