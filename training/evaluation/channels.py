"""Reads the channels that `prepare` wrote: arrays of labelled images, and data.json, which describes them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled_images import LabelledImages
from training.evaluation.provenance import field

ARRAYS = "faces.npz"
DESCRIPTION = "data.json"
TRAINING, HELD_OUT = "train", "validation"


def find_channel(folder: Path, name: str) -> Path | None:
    """The folder with the arrays: `folder` itself, or its channel with this name. None if neither has any."""
    return next((path for path in (folder, folder / name) if (path / ARRAYS).is_file()), None)


def load_channel(channel: Path) -> LabelledImages:
    """Reads the arrays of a channel. Raises ValueError, with a sentence, if they are damaged or not as described."""
    path = channel / ARRAYS
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images = LabelledImages(arrays["images"], arrays["labels"], [str(name) for name in arrays["classes"]])
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: give a folder that `python -m training prepare` wrote") from None
    except KeyError as error:
        raise ValueError(f"{path}: {error.args[0]}. Prepare the data again") from None
    except Exception:
        # NumPy's own message recommends to load pickled objects, which could run code from the file.
        raise ValueError(f"{path} is damaged, or no archive of arrays: prepare the data again") from None
    shape, labels = images.images.shape, images.labels
    is_square = len(shape) in (3, 4) and shape[1] == shape[2] and shape[3:] in ((), (3,))
    is_labelled = labels.shape == shape[:1] and labels.dtype.kind in "iu" and shape[0] > 0
    if images.images.dtype != np.uint8 or not is_square or not is_labelled:
        raise ValueError(f"{path} has no labelled images: prepare the data again")
    if not 0 <= labels.min() <= labels.max() < len(images.classes):
        raise ValueError(f"{path} has labels without a class: prepare the data again")
    described = field(read_description(channel), "sha256", channel.name)
    if described and described != images.sha256():
        raise ValueError(f"{path} has other images than its {DESCRIPTION} describes: prepare the data again")
    return images


def read_description(channel: Path) -> dict[str, Any]:
    """The content of data.json, in the channel's folder or above it; empty if there is none."""
    for path in (channel / DESCRIPTION, channel.parent / DESCRIPTION):
        if path.is_file():
            try:
                content = json.loads(path.read_bytes())
            except ValueError:
                raise ValueError(f"{path} is not JSON: prepare the data again") from None
            return content if isinstance(content, dict) else {}
    return {}
