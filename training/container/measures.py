"""How well a network does: loss, accuracy and balanced accuracy, of a training epoch and of the validation images."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from processes import Processes


@dataclass(frozen=True)
class Measures:
    """What is measured of predictions.

    loss: mean cross entropy, without label smoothing, class weights and votes, so that every loss compares with it.
    accuracy: share of the images whose label is predicted.
    balanced_accuracy: mean of the classes' shares; each class counts alike, however many images it has.
    """

    loss: float
    accuracy: float
    balanced_accuracy: float

    def columns(self, prefix: str) -> dict[str, float]:
        """What an epoch's row says of these images: {"train_loss": 0.1234, ...}."""
        return {f"{prefix}_{name}": round(value, 4) for name, value in vars(self).items()}


def measure(logits: Tensor, labels: Tensor) -> Measures:
    """Measures predictions. logits: float32 [n, classes]. labels: int64 [n]."""
    tally = Tally(logits.shape[1], logits.device)
    tally.add(logits, labels)
    return tally.measures()


class Tally:
    """Adds up batches of predictions on their device, where reading a number would wait for all that is computed.

    The training batches of an epoch are counted as they come: augmented, with dropout, and by a network that learns
    between them. So a training loss can be above the validation loss, early in a training and with much augmentation.
    Keras and Lightning count in this way too; a second pass over unchanged images would take a third of an epoch.
    """

    def __init__(self, classes: int, device: torch.device):
        self.images = torch.zeros(classes, device=device)
        self.correct = torch.zeros(classes, device=device)
        self.loss = torch.zeros((), device=device)

    @torch.no_grad()
    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Adds a batch. logits: float32 [n, classes]. labels: int64 [n]."""
        self.images.index_add_(0, labels, torch.ones_like(labels, dtype=torch.float32))
        self.correct.index_add_(0, labels, (logits.argmax(1) == labels).float())
        self.loss += F.cross_entropy(logits, labels, reduction="sum")

    def mean_loss(self) -> float:
        return (self.loss / self.images.sum()).item()

    def sum_over(self, processes: Processes) -> None:
        """Adds what the other processes have counted."""
        for part in (self.images, self.correct, self.loss):
            processes.sum(part)

    def measures(self) -> Measures:
        occurs = self.images > 0
        recalls = self.correct[occurs] / self.images[occurs]
        accuracy = self.correct.sum() / self.images.sum()
        return Measures(self.mean_loss(), accuracy.item(), recalls.mean().item())
