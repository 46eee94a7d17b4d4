"""Measures weights on the validation images, and chooses between the last weights and their moving average."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faces import Channel
from resnet import Normalise

# Pixels of the images that are validated at once, which bound the memory: 256 images of 48x48, 16 of 224x224 in color.
VALIDATION_PIXELS = 256 * 48 * 48


@dataclass(frozen=True)
class Validated:
    """How well some weights do on the validation images.

    name: "averaged" or "last".
    logits: float32 [n, classes].
    """

    name: str
    network: nn.Module
    logits: Tensor
    loss: float
    accuracy: float


def validate(name: str, network: nn.Module, normalise: Normalise, channel: Channel, flip: bool) -> Validated:
    """Measures some weights. normalise, flip: as for `predict`."""
    # The other outputs learn votes.
    logits = predict(network, normalise, channel.images, flip)[:, : len(channel.classes)]
    accuracy = (logits.argmax(1) == channel.labels).float().mean().item()
    return Validated(name, network, logits, F.cross_entropy(logits, channel.labels).item(), accuracy)


@torch.inference_mode()
def predict(network: nn.Module, normalise: Normalise, images: Tensor, flip: bool) -> Tensor:
    """Images, uint8 as in faces.Channel → logits, float32 [n, outputs], on the CPU.

    normalise: on the device of the network.
    flip: average the logits of each image and its mirror image, as the served model does with --flip 1.
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for batch in images.split(max(1, VALIDATION_PIXELS // images[0].numel())):
        inputs = normalise(batch.to(device))
        logits = network(inputs)
        if flip:
            logits = (logits + network(torch.flip(inputs, dims=(3,)))) / 2
        parts.append(logits.float().cpu())
    return torch.cat(parts)


def better(averaged: Validated, last: Validated) -> Validated:
    """Returns the one with the higher accuracy, or with the lower loss if both have the same."""
    return last if (last.accuracy, -last.loss) > (averaged.accuracy, -averaged.loss) else averaged
