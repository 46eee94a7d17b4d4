"""The moving average of the weights.

In a long training the average is better than the last weights. In a short one it may not have forgotten the random
weights of the start, so both are validated.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def average_weights(network: nn.Module, decay: float) -> AveragedModel:
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
