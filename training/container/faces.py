"""Reads the faces of the training and validation channels, and normalises them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Channel:
    """The labelled faces of one channel.

    images: uint8 [n, 1, height, width], grayscale.
    labels: int64 [n], indices into `classes`.
    classes: names of the classes.
    votes: float32 [n, answers], the share of people who chose each answer; zeros for a face that nobody voted on.
        There are no answers, [n, 0], if the channel has no votes.
    """

    images: Tensor
    labels: Tensor
    classes: list[str]
    votes: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def sha256(self) -> str:
        """A digest of all pixels and labels in their order. It identifies the faces that a model was trained on."""
        return hashlib.sha256(self.images.numpy().tobytes() + self.labels.numpy().tobytes()).hexdigest()


def read(folder: Path) -> Channel:
    """Reads faces.npz from a channel's folder. Raises OSError if it is missing, KeyError if an array is missing."""
    with np.load(folder / "faces.npz", allow_pickle=False) as arrays:
        labels = arrays["labels"]
        votes = torch.from_numpy(arrays["votes"] if "votes" in arrays else np.zeros((len(labels), 0)))
        return Channel(
            torch.from_numpy(arrays["images"]).unsqueeze(1),
            torch.from_numpy(labels),
            [str(name) for name in arrays["classes"]],
            votes.float() / votes.sum(1, keepdim=True).clamp(min=1),
        )


class DifferentClasses(ValueError):
    """The two channels have different classes, so they do not come from one run of `prepare`. Prepare them again."""


@dataclass(frozen=True)
class Data:
    """Both channels, and their faces normalised by the mean and the standard deviation of the training pixels.

    train_inputs, validation_inputs: float32 [n, 1, height, width].
    mean, deviation: gray levels.
    """

    train: Channel
    validation: Channel
    train_inputs: Tensor
    validation_inputs: Tensor
    mean: float
    deviation: float

    def sha256(self) -> str:
        """A digest of the faces, labels and classes of both channels. A training can continue only with the same."""
        parts = (self.train.sha256(), self.validation.sha256(), *self.train.classes)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read_both(train_folder: Path, validation_folder: Path) -> Data:
    """Reads both channels and normalises their faces. Raises DifferentClasses, and the errors of `read`."""
    train, validation = read(train_folder), read(validation_folder)
    if train.classes != validation.classes:
        raise DifferentClasses(
            f"{train_folder} and {validation_folder} have different classes, {train.classes} and "
            f"{validation.classes}: prepare both in one run"
        )
    train_pixels, validation_pixels = train.images.float(), validation.images.float()
    mean, deviation = train_pixels.mean().item(), train_pixels.std().item()
    return Data(
        train=train,
        validation=validation,
        train_inputs=(train_pixels - mean) / deviation,
        validation_inputs=(validation_pixels - mean) / deviation,
        mean=mean,
        deviation=deviation,
    )
