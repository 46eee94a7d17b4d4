"""The moving average of the weights, and the choice between it and the weights themselves.

In a long training the average is better than the last weights. In a short one it may not have forgotten the random
weights of the start, so both are validated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from resnet import ResNet

# Images that are validated at once; it bounds the memory.
VALIDATION_BATCH = 256


def average_weights(network: ResNet, decay: float) -> AveragedModel:
    """Returns the exponential moving average of a network's weights, which is updated after each step.

    decay: part of the average that one step keeps, from 0 to 1, in a long training. At step n it is at most
        (1 + n) / (10 + n), so that the average follows the weights closely at first.
    Source: TensorFlow, `tf.train.ExponentialMovingAverage`, parameter num_updates.
    """
    return AveragedModel(network, multi_avg_fn=ramped(decay), use_buffers=True)


def ramped(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    @torch.no_grad()
    def update(averages: list[Tensor], weights: list[Tensor], steps: Tensor | int) -> None:
        kept = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for average, weight in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(weight, 1 - kept)
            else:
                # Batch normalisation counts its batches.
                average.copy_(weight)

    return update


@dataclass(frozen=True)
class Validated:
    """How well some weights do on the validation images.

    name: "averaged" or "last".
    logits: float32 [n, classes].
    """

    name: str
    network: torch.nn.Module
    logits: Tensor
    loss: float
    accuracy: float


def validate(
    name: str, network: torch.nn.Module, inputs: Tensor, labels: Tensor, classes: int, flip: bool
) -> Validated:
    """Measures some weights.

    inputs: as for `predict`.
    labels: int64 [n].
    classes: how many of the outputs, the first ones, are classes.
    """
    logits = predict(network, inputs, flip)[:, :classes]
    accuracy = (logits.argmax(1) == labels).float().mean().item()
    return Validated(name, network, logits, F.cross_entropy(logits, labels).item(), accuracy)


@torch.inference_mode()
def predict(network: torch.nn.Module, inputs: Tensor, flip: bool) -> Tensor:
    """Normalised images, float32 [n, 1, height, width] → logits, float32 [n, outputs], on the CPU.

    flip: average the logits of each image and its mirror image, as the served model does with --flip 1.
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for batch in inputs.split(VALIDATION_BATCH):
        batch = batch.to(device)
        logits = network(batch)
        if flip:
            logits = (logits + network(torch.flip(batch, dims=(3,)))) / 2
        parts.append(logits.float().cpu())
    return torch.cat(parts)


def better(averaged: Validated, last: Validated) -> Validated:
    """Returns the one with the higher accuracy, or with the lower loss if both have the same."""
    return last if (last.accuracy, -last.loss) > (averaged.accuracy, -averaged.loss) else averaged
