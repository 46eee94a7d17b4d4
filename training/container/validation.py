"""Measures weights on the validation images, and chooses between the last weights and their moving average."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from faces import Channel
from measures import Measures, measure
from resnet import Normalise

# Pixels that are validated at once, which bound the memory: 256 images of 48x48.
VALIDATION_PIXELS = 256 * 48 * 48
# Large images have a small first stage, so some more of them fit.
VALIDATION_IMAGES = 16


@dataclass(frozen=True)
class Validated:
    """How well some weights do on the validation images.

    name: "averaged" or "last".
    logits: float32 [n, classes].
    """

    name: str
    network: nn.Module
    logits: Tensor
    measures: Measures

    def score(self, best_by: str) -> float:
        """What the best model has the highest of. best_by: one of arguments.BEST_BY."""
        return -self.measures.loss if best_by == "loss" else float(getattr(self.measures, best_by))


def validate(name: str, network: nn.Module, normalise: Normalise, channel: Channel, flip: bool) -> Validated:
    """Measures some weights. normalise, flip: as for `predict`."""
    # The other outputs learn votes.
    logits = predict(network, normalise, channel.images, flip)[:, : len(channel.classes)]
    return Validated(name, network, logits, measure(logits, channel.labels))


@torch.inference_mode()
def predict(network: nn.Module, normalise: Normalise, images: Tensor, flip: bool) -> Tensor:
    """Images, uint8 as in faces.Channel → logits, float32 [n, outputs], on the CPU.

    normalise: on the device of the network.
    flip: average the logits of each image and its mirror image, as the served model does with --flip 1.
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    size = images.shape[1]
    for batch in images.split(max(VALIDATION_IMAGES, VALIDATION_PIXELS // size**2)):
        inputs = normalise(batch.to(device))
        logits = network(inputs)
        if flip:
            logits = (logits + network(torch.flip(inputs, dims=(3,)))) / 2
        parts.append(logits.float().cpu())
    return torch.cat(parts)


def better(averaged: Validated, last: Validated, best_by: str) -> Validated:
    """Returns the one with the higher score, or with the lower loss if both have the same."""
    scores = [(weights.score(best_by), -weights.measures.loss) for weights in (averaged, last)]
    return last if scores[1] > scores[0] else averaged
