"""Soft labels: the probabilities that other models, the teachers, give to the training images.

`python -m training soft-labels` writes them beside the images, and --soft-labels lets a network learn them.
Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
"""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faces import Channel, InvalidData, SoftLabels

FILE = "soft_labels.npz"
# A row of float16 probabilities may add up to this much more or less than 1.
TOLERANCE = 0.01


def write(folder: Path, probabilities: np.ndarray, classes: list[str], description: dict[str, Any]) -> Path:
    """Writes soft_labels.npz into the folder of the training images, and returns its path.

    probabilities: float [n, classes], a row per image of faces.npz, in its order. They are stored as float16.
    description: any JSON object with "faces_sha256", the digest of the images and labels (Channel.sha256).

    The file at this path is complete at any moment, even if this call is interrupted.
    """
    path = folder / FILE
    unfinished = folder / f".{FILE}.new"
    try:
        with unfinished.open("wb") as file:
            np.savez_compressed(
                file,
                probabilities=probabilities.astype(np.float16),
                classes=np.array(classes),
                description=np.array(json.dumps(description, ensure_ascii=False)),
            )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def read(folder: Path, train: Channel, temperature: float) -> SoftLabels:
    """Reads the soft labels of the training images. Raises InvalidData if there are none, or if they are of others.

    temperature: as for `soften`.
    """
    path = folder / FILE
    advice = "write it again with `python -m training soft-labels DATA MODEL...`"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            stored = arrays["probabilities"]
            classes = [str(name) for name in arrays["classes"]]
            description = json.loads(str(arrays["description"]))
            digest = description["faces_sha256"]
    except FileNotFoundError:
        raise InvalidData(
            f"{path} is missing, which --soft-labels reads: write it with `python -m training soft-labels DATA "
            "MODEL...`; a job on SageMaker needs it in S3, where `python -m training upload` sends it"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        raise InvalidData(f"{path} is damaged, or has no soft labels: {advice}") from None
    problem = find_problem(stored, classes, digest, train)
    if problem:
        raise InvalidData(f"{path} {problem}: {advice}")
    probabilities = torch.from_numpy(stored).float()
    targets = soften(probabilities / probabilities.sum(1, keepdim=True), temperature)
    return SoftLabels(targets, description, hashlib.sha256(stored.tobytes()).hexdigest())


def find_problem(probabilities: np.ndarray, classes: list[str], digest: str, train: Channel) -> str | None:
    """Returns why the soft labels do not belong to the training images, or None."""
    if classes != train.classes:
        return f"is for the classes {', '.join(classes)}, and the training images have {', '.join(train.classes)}"
    if probabilities.ndim != 2 or len(probabilities) != len(train):
        return f"has {len(probabilities):,} rows, and there are {len(train):,} training images"
    if digest != train.sha256:
        return "is for other training images, or for the same with other labels"
    is_number = probabilities.dtype.kind == "f" and probabilities.shape[1] == len(classes)
    rows = probabilities.astype(np.float32) if is_number else np.full((1, 1), np.nan)
    # A comparison with not-a-number is false.
    if not (rows.min() >= 0 and np.abs(rows.sum(1) - 1).max() <= TOLERANCE):
        return f"has rows that are not {len(classes)} probabilities"
    return None


def soften(probabilities: Tensor, temperature: float) -> Tensor:
    """Divides the logits of probabilities, float32 [n, classes], by a temperature.

    Above 1, the distributions become flatter: small probabilities, which say what an image is similar to, count more.
    """
    if temperature == 1:
        return probabilities
    powers = probabilities ** (1 / temperature)
    return powers / powers.sum(1, keepdim=True)
