"""Which images an epoch learns, in which order, and how much each class counts."""

from collections.abc import Iterator

import torch
from torch import Tensor


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Only whole batches are used: each epoch leaves out another few images."""
    return images // batch_size


def draw_batches(labels: Tensor, classes: int, batch_size: int, sampler: str, seed: int) -> Iterator[Tensor]:
    """Yields the batches of an epoch, each int64 [batch_size], positions of images.

    labels: int64 [n].
    sampler: "random" takes each image once; "balanced" draws each class equally often, so it repeats the images of
        small classes and leaves out some of large ones.
    """
    generator = torch.Generator().manual_seed(seed)
    if sampler == "balanced":
        weights = class_weights(labels, classes)[labels]
        order = torch.multinomial(weights, len(labels), replacement=True, generator=generator)
    else:
        order = torch.randperm(len(labels), generator=generator)
    yield from order.split(batch_size)[: steps_per_epoch(len(labels), batch_size)]


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """Weights that let each class count alike, float32 [classes]: their mean over all images is 1.

    A class without images has the weight 0.
    Source: scikit-learn, `class_weight="balanced"`; King and Zeng, "Logistic Regression in Rare Events Data", 2001.
    """
    counts = torch.bincount(labels, minlength=classes).float()
    occurring = (counts > 0).sum()
    return torch.where(counts > 0, len(labels) / (occurring * counts.clamp(min=1)), 0.0)
