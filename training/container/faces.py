"""Reads the images of the training and validation channels, and measures by what they are normalised."""

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import contract
from fields import ContractError
from label_names import check_labels

FILE = "faces.npz"
# What `python -m training prepare` says of the data. It becomes a part of model.json.
DESCRIPTION = "data.json"
LEVELS = 256
# Pixels that are counted at once: counting needs 8 bytes for each.
COUNTED = 10_000_000


class InvalidData(ValueError):
    """A channel can't be read, or the two do not fit each other. Prepare both again, in one run."""


@dataclass(frozen=True)
class Channel:
    """The labelled images of one channel.

    images: uint8 [n, size, size], gray, or [n, size, size, 3], RGB. They stay uint8, a quarter of float32's memory;
        resnet.Normalise turns each batch into the network's input.
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

    @property
    def size(self) -> int:
        """Pixels per side."""
        return self.images.shape[1]

    @property
    def color(self) -> str:
        return "gray" if self.images.ndim == 3 else "rgb"

    @cached_property
    def sha256(self) -> str:
        """A digest of all pixels and labels in their order. It identifies the images that a model was trained on."""
        digest = hashlib.sha256()
        digest.update(self.images.numpy())
        digest.update(self.labels.numpy())
        return digest.hexdigest()


@dataclass(frozen=True)
class SoftLabels:
    """What teachers answered for the training images. soft_labels.py reads it.

    targets: float32 [n, classes], the distribution that the network learns for each image.
    description: who the teachers are, and how they were asked.
    sha256: a digest of the teachers' probabilities.
    """

    targets: Tensor
    description: dict[str, Any]
    sha256: str


@dataclass(frozen=True)
class Data:
    """Both channels, and what `prepare` wrote about them.

    description: the content of data.json; None if the training channel has none.
    normalisation: mean and standard deviation of the training pixels, one gray level per channel of color each.
    soft: None if the network learns from the labels alone.
    """

    train: Channel
    validation: Channel
    description: dict[str, Any] | None
    normalisation: tuple[list[float], list[float]]
    soft: SoftLabels | None = None

    @property
    def faces(self) -> str:
        """ "find" if the images are faces that are looked for in photos, "whole" if they are whole images."""
        return "whole" if self.description is None else str(self.description.get("faces", "whole"))

    @property
    def sha256(self) -> str:
        """A digest of the images, labels and classes of both channels. A training can continue only with the same."""
        parts = (self.train.sha256, self.validation.sha256, *self.train.classes)
        parts += (self.soft.sha256,) if self.soft else ()
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read_both(train_folder: Path, validation_folder: Path) -> Data:
    """Reads both channels. Raises InvalidData."""
    train, validation = read(train_folder), read(validation_folder)
    if train.classes != validation.classes:
        raise InvalidData(
            f"{train_folder} and {validation_folder} have different classes, {train.classes} and "
            f"{validation.classes}: prepare both in one run"
        )
    if train.images.shape[1:] != validation.images.shape[1:]:
        raise InvalidData(
            f"{train_folder} has {train.color} images of {train.size} pixels, and {validation_folder} has "
            f"{validation.color} ones of {validation.size}: prepare both in one run"
        )
    return Data(train, validation, read_description(train_folder / DESCRIPTION), measure_pixels(train))


def read(folder: Path) -> Channel:
    """Reads faces.npz from a channel's folder. Raises InvalidData."""
    path = folder / FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            labels = arrays["labels"]
            votes = arrays["votes"] if "votes" in arrays else np.zeros((len(labels), 0), np.float32)
            images, classes = arrays["images"], [str(name) for name in arrays["classes"]]
    except FileNotFoundError:
        raise InvalidData(f"{path} is missing: create it with `python -m training prepare`") from None
    except KeyError as error:
        raise InvalidData(f"{path} lacks an array: {error.args[0]}. Prepare the data again") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        # NumPy's own message recommends to load pickled objects, which could run code from the file.
        raise InvalidData(f"{path} is damaged, or no archive of arrays: prepare the data again") from None
    problem = find_problem(images, labels, classes, votes)
    if problem:
        raise InvalidData(f"{path}: {problem}. Prepare the data again")
    shares = torch.from_numpy(votes).float()
    return Channel(
        torch.from_numpy(np.ascontiguousarray(images)),
        torch.from_numpy(np.ascontiguousarray(labels, np.int64)),
        classes,
        shares / shares.sum(1, keepdim=True).clamp(min=1),
    )


def find_problem(images: np.ndarray, labels: np.ndarray, classes: list[str], votes: np.ndarray) -> str | None:
    """Returns what is wrong with the arrays of a channel, or None."""
    square = images.ndim in (3, 4) and images.shape[1] == images.shape[2] and images.shape[3:] in ((), (3,))
    if images.dtype != np.uint8 or not square:
        found = f"{images.dtype} {list(images.shape)}"
        return f"images is {found}, not uint8 [n, size, size] or [n, size, size, 3]"
    if not (len(images) == len(labels) == len(votes)) or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return f"there are {len(images)} images and {len(labels)} labels, not one whole number per image"
    if not len(images):
        return "there are no images"
    smallest, largest = contract.SIZES
    if not smallest <= images.shape[1] <= largest:
        return f"images have {images.shape[1]} pixels per side, not {smallest} to {largest:,}"
    try:
        check_labels(classes)
    except ContractError as error:
        return str(error)
    if labels.min() < 0 or labels.max() >= len(classes):
        return f"labels go from {labels.min()} to {labels.max()}, and there are {len(classes)} classes"
    return None


def read_description(path: Path) -> dict[str, Any] | None:
    """Returns the content of data.json, or None if there is no such file. Raises InvalidData."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
    except ValueError:
        raise InvalidData(f"{path} is not JSON: prepare the data again") from None
    if not isinstance(content, dict) or content.get("faces", "whole") not in contract.FACES:
        raise InvalidData(f'{path} is no object with "faces", {" or ".join(contract.FACES)}: prepare the data again')
    return content


def measure_pixels(channel: Channel) -> tuple[list[float], list[float]]:
    """Means and standard deviations of a channel's pixels, one per channel of color each."""
    planes = [channel.images] if channel.color == "gray" else list(channel.images.unbind(3))
    means, deviations = zip(*(mean_and_deviation(count_levels(plane)) for plane in planes), strict=True)
    return list(means), list(deviations)


def count_levels(pixels: Tensor) -> Tensor:
    """uint8 of any shape → int64 [256], how many pixels have each gray level."""
    step = max(1, COUNTED // pixels[0].numel())
    parts = pixels.split(step)
    return torch.stack([torch.bincount(part.flatten(), minlength=LEVELS) for part in parts]).sum(0)


def mean_and_deviation(counts: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of gray levels, from how often each occurs, int64 [256]. They are exact.

    Pixels that are all alike have the deviation 0, by which nothing can be divided. It is 1 then.
    """
    levels, counts = torch.arange(LEVELS, dtype=torch.float64), counts.double()
    mean = (counts * levels).sum() / counts.sum()
    variance = (counts * (levels - mean) ** 2).sum() / (counts.sum() - 1)
    return mean.item(), variance.sqrt().item() or 1.0
