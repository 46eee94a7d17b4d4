"""Finds test images that the training data contain too, and measures the accuracy without them.

FER2013 has many duplicates. A model that has seen a test face in its training can recognize it by heart, so its
accuracy on such faces does not show how it does on new ones. The same is true of other images.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled_images import LabelledImages
from training.evaluation.channels import TRAINING, find_channel, load_channel
from training.evaluation.measure import accuracy
from training.evaluation.provenance import field

# Two faces that correlate more than this count as copies of one photograph. Of FER2013's pairs of a training and a test
# face above it, 48 were looked at, and all of them showed one photograph, cropped or scaled differently. From 0.90 to
# 0.93, 11 of 12 did.
COPY_CORRELATION = 0.93
# Images that are compared with all others at once; it bounds the memory.
BLOCK = 256
# The shortest length of an image that is not flat, in gray levels, after its mean is subtracted. Rounding can leave a
# flat image a little above 0.
MINIMUM_LENGTH = 0.5


def duplicates_within(images: LabelledImages) -> dict[str, int]:
    """Counts the images whose pixels occur more than once, and how many of them have several labels."""
    digests = images.digests()
    labels = labels_by_digest(images)
    repeated = [set(labels[digest]) for digest in digests if len(labels[digest]) > 1]
    return {"images": len(repeated), "contradictory": sum(len(found) > 1 for found in repeated)}


def overlap_with_csv(images: LabelledImages, rows: np.ndarray, training: LabelledImages) -> dict[str, Any]:
    """Compares test images with the rows of a training CSV, whether or not a model was trained on all of them.

    rows: a model's probabilities for the test images, float32 [n, classes].

    Returns
        images: how many rows the CSV has.
        found: how many test images have equal pixels in it.
        contradictory: how many of those have another label there.
        without, alone: accuracy on the test images that were not found, and on those that were.
    """
    labels = labels_by_digest(training)
    labels_in_training = [set(labels.get(digest, [])) for digest in images.digests()]
    found = np.array([len(others) > 0 for others in labels_in_training], bool)
    contradictory = sum(
        not others <= {label} for others, label in zip(labels_in_training, images.labels.tolist(), strict=True)
    )
    correct = rows.argmax(1) == images.labels
    return {
        "images": len(training),
        "found": int(found.sum()),
        "contradictory": contradictory,
        "without": accuracy(correct[~found]),
        "alone": accuracy(correct[found]),
    }


def overlap_with_training_set(
    images: LabelledImages, rows: np.ndarray, training: LabelledImages, with_copies: bool
) -> dict[str, Any]:
    """Compares test images with those that a model was trained on.

    rows: the model's probabilities for the test images, float32 [n, classes].
    with_copies: also look for copies that are not equal. COPY_CORRELATION was chosen for FER2013's faces only.

    Returns
        images: how many images the model was trained on.
        found: how many test images have equal pixels among them.
        near: how many other test images have a copy among them, such as another crop of one photograph; None if that
            was not looked for.
        without: accuracy on the test images that are neither.
    """
    equal = np.isin(images.digests(), training.digests())
    copied = has_copy(images.images, training.images) & ~equal if with_copies else np.zeros_like(equal)
    correct = rows.argmax(1) == images.labels
    return {
        "images": len(training),
        "found": int(equal.sum()),
        "near": int(copied.sum()) if with_copies else None,
        "without": accuracy(correct[~equal & ~copied]),
    }


def load_training_set(folder: Path, version: str, contract: dict[str, Any]) -> LabelledImages:
    """Reads the images that a model was trained on, from the channel's folder that train.py read, or the one above.

    version, contract: of the model, and its model.json, which has the images' digest.

    Raises ValueError if the folder has other images: figures computed from them would be wrong for this model.
    """
    images = load_channel(find_channel(folder, TRAINING) or folder)
    if images.sha256() != field(contract, "training", "faces_sha256"):
        raise ValueError(
            f"{folder}: model {version} was not trained on these images; their SHA-256 differs from the one "
            "in its model.json"
        )
    return images


def concatenate(parts: list[LabelledImages]) -> LabelledImages:
    images = np.concatenate([part.images for part in parts])
    return LabelledImages(images, np.concatenate([part.labels for part in parts]), parts[0].classes)


def labels_by_digest(faces: LabelledImages) -> dict[str, list[int]]:
    """From each digest to the labels of all faces that have it."""
    labels = defaultdict(list)
    for digest, label in zip(faces.digests(), faces.labels.tolist(), strict=True):
        labels[digest].append(label)
    return dict(labels)


def has_copy(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which images correlate with one of the others by more than COPY_CORRELATION, bool [n].

    images, others: uint8 [n, height, width] and uint8 [m, height, width].
    """
    directions = unit_vectors(others).T
    blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    return np.concatenate([(unit_vectors(block) @ directions > COPY_CORRELATION).any(1) for block in blocks])


def unit_vectors(images: np.ndarray) -> np.ndarray:
    """uint8 [n, height, width] → float32 [n, pixels] with mean 0 and length 1, so that a dot product is a correlation.

    A flat image becomes zeros, or nearly, and correlates with nothing.
    """
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pixels -= pixels.mean(1, keepdims=True)
    return pixels / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), MINIMUM_LENGTH)
