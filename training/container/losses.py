"""What a training lowers: the cross entropy of labels, soft labels and votes."""

import argparse

from torch import Tensor
from torch.nn import functional as F

from faces import Data


def training_loss(
    logits: Tensor, batch: Tensor, labels: Tensor, weights: Tensor | None, data: Data, options: argparse.Namespace
) -> Tensor:
    """The loss of a batch, a number on the device of the logits.

    logits: float32 [n, outputs]: one output per class and, if votes are learned, one per answer.
    batch: int64 [n], positions of the images.
    labels: int64 [n], of these images, on the device of the logits.
    weights: float32 [classes], how much each class counts; None if all count alike.
    """
    classes = len(data.train.classes)
    class_logits, vote_logits = logits[:, :classes], logits[:, classes:]
    loss = F.cross_entropy(class_logits, labels, weights, label_smoothing=options.label_smoothing)
    if data.soft:
        targets = data.soft.targets[batch].to(logits.device)
        soft = soft_loss(class_logits, targets, options.soft_temperature, weights)
        loss = (1 - options.soft_labels) * loss + options.soft_labels * soft
    if options.votes:
        # A face without votes has zeros as its target, and adds nothing to the loss.
        loss = loss + options.votes * F.cross_entropy(vote_logits, data.train.votes[batch].to(logits.device))
    return loss


def soft_loss(logits: Tensor, targets: Tensor, temperature: float, weights: Tensor | None) -> Tensor:
    """Cross entropy with distributions, at a temperature.

    logits: float32 [n, classes].
    targets: float32 [n, classes], which `soft_labels.soften` has brought to the same temperature.
    weights: as in `training_loss`. Each class's share of a target counts as much as a label of this class does, so both
        losses are lowest for the same predictions.

    The square of the temperature keeps the gradients as large as those of the labels (Hinton et al., 2015, section 2).
    """
    shares = targets if weights is None else targets * weights
    loss = -(shares * (logits / temperature).log_softmax(1)).sum() / shares.sum()
    return temperature**2 * loss


def smoothing_of(options: argparse.Namespace) -> float:
    """The label smoothing that the network's probabilities have learned, which the exported model subtracts again.

    Only labels are smoothed. Soft labels are distributions already, and reduce its share.
    """
    return float(options.label_smoothing * (1 - options.soft_labels))
