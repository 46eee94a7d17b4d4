"""Reads the weights that a training starts from: our model.pt, or a state_dict of torchvision or timm.

No code of a file is run: pickles may contain plain data only, and safetensors can't contain anything else.
Source: PyTorch, `torch.load`, weights_only; Hugging Face, "Safetensors: file format".
"""

import hashlib
import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# Under one of these names, training scripts store the state_dict in a file with other things: ours, timm's,
# torchvision's references.
NESTED = ("weights", "state_dict", "model")
# Networks that were trained in several processes have it before all names.
PREFIX = "module."
# Gray levels, by channel, by which torchvision and timm normalise the images of ImageNet.
IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
SAFETENSORS_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
SAFETENSORS_TYPES |= {"I64": torch.int64, "I32": torch.int32}
# Bytes. A ResNet's header has about 40 kB.
MAX_HEADER = 10_000_000

Weights = dict[str, Tensor]


class UnusableWeights(ValueError):
    """The file has no weights that this training can start from. The text says why."""


@dataclass(frozen=True)
class Start:
    """Weights to start from.

    name: of the file, without its folder.
    sha256: of the file.
    weights: by name.
    classes: names of the outputs; empty if the file does not say them.
    stem_stride: of our own network; 0 if the file does not say it.
    standardize: whether our own network brings each image to the same brightness and contrast first.
    is_folded: whether the normalisations are folded into the convolutions (served_weights.py).
    normalisation: means and deviations of the images on which the network was trained, in gray levels by channel; None
        if they are not known.
    """

    name: str
    sha256: str
    weights: Weights
    classes: tuple[str, ...] = ()
    stem_stride: int = 0
    normalisation: tuple[list[float], list[float]] | None = None
    standardize: bool = False
    is_folded: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether they are of resnet.ResNet, and not of a network in the layout of torchvision."""
        return "stem.0.weight" in self.weights


def save(path: Path, network: torch.nn.Module, details: Mapping[str, Any]) -> None:
    """Writes model.pt. details: values for the fields of Start other than the weights, as plain data."""
    torch.save({"weights": network.state_dict(), **details}, path)


def read_start(path: Path) -> Start:
    """Reads a file of weights: .safetensors, or else what torch.save has written. Raises UnusableWeights."""
    if not path.is_file():
        raise UnusableWeights(f"--start-from {path}: there is no such file")
    content = read_safetensors(path) if path.suffix == ".safetensors" else read_pickle(path)
    details = content if isinstance(content.get("weights"), Mapping) else {}
    for name in NESTED:
        if isinstance(content.get(name), Mapping):
            content = content[name]
            break
    weights = {str(name).removeprefix(PREFIX): value for name, value in content.items() if isinstance(value, Tensor)}
    if not weights:
        raise UnusableWeights(f"{path} has no weights: store model.state_dict() with torch.save")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    start = Start(path.name, digest, weights)
    if details:
        mean, deviation = details["normalisation"]
        return Start(
            *(path.name, digest, weights, tuple(details["classes"]), int(details["stem_stride"])),
            (list(mean), list(deviation)),
            bool(details.get("standardize", False)),
        )
    return start if start.is_ours else Start(path.name, digest, weights, normalisation=IMAGENET)


def read_pickle(path: Path) -> Mapping[str, Any]:
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, ValueError, AttributeError, ImportError):
        raise UnusableWeights(
            f"{path} can't be read as weights: it is damaged, or it has more than weights. Store model.state_dict() "
            "with torch.save"
        ) from None
    if not isinstance(content, Mapping):
        raise UnusableWeights(f"{path} has {type(content).__name__}, and no state_dict")
    return content


def read_safetensors(path: Path) -> Weights:
    """Reads all tensors of a file: 8 bytes with the header's length, the header in JSON, and the numbers."""
    try:
        content = bytearray(path.read_bytes())
        length = int.from_bytes(content[:8], "little")
        if length > MAX_HEADER:
            raise ValueError
        header = json.loads(content[8 : 8 + length])
        header.pop("__metadata__", None)
        numbers = memoryview(content)[8 + length :]
        return {name: read_tensor(field, numbers) for name, field in header.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        raise UnusableWeights(f"{path} is damaged, or no safetensors file of numbers") from None


def read_tensor(field: Mapping[str, Any], numbers: memoryview) -> Tensor:
    """One tensor of a safetensors file. field: its type, shape and place among the numbers."""
    (begin, end), shape = field["data_offsets"], field["shape"]
    count = math.prod(shape)
    if not count:
        return torch.zeros(shape, dtype=SAFETENSORS_TYPES[field["dtype"]])
    return torch.frombuffer(numbers[begin:end], dtype=SAFETENSORS_TYPES[field["dtype"]], count=count).reshape(shape)


def fit_color(weight: Tensor, channels: int) -> Tensor:
    """The first convolution's weight for images of another color, float32 [outputs, channels, kernel, kernel].

    For gray images, the filters of the colors are added up: a gray pixel has the same value in all of them. For color
    images, each color gets a third of the gray filter.
    """
    if weight.shape[1] == channels:
        return weight
    if channels == 1:
        return weight.sum(1, keepdim=True)
    return weight.mean(1, keepdim=True).expand(-1, channels, -1, -1) * (weight.shape[1] / channels)


def fit_normalisation(normalisation: tuple[list[float], list[float]], channels: int) -> tuple[list[float], list[float]]:
    """Means and deviations for another number of channels: their mean over all colors."""
    if len(normalisation[0]) == channels:
        return normalisation
    mean, deviation = ([sum(values) / len(values)] * channels for values in normalisation)
    return mean, deviation
