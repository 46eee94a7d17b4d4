"""Measures a model on images that are disturbed as photos disturb them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.data.labelled_images import LabelledImages
from training.evaluation.disturbances import DISTURBANCES, Disturbance
from training.evaluation.measure import STEP, LoadedModel, probabilities
from training.evaluation.paired import difference

# Each disturbance begins with a new generator. So all strengths of one shift or turn an image in the same direction.
SEED = 0


def measure_robustness(
    images: LabelledImages,
    rows: np.ndarray,
    model: LoadedModel,
    progress: Callable[[int], None] = lambda count: None,
    disturbances: Sequence[Disturbance] = DISTURBANCES,
) -> list[dict[str, Any]]:
    """The accuracy under each disturbance, after that on the images as they are.

    images: their classes are the model's, in the order of its outputs.
    rows: the model's probabilities for the images as they are, float32 [n, classes].
    progress: is called with the count of images since its last call.

    Returns
        disturbance, strength: what was done.
        accuracy, accuracy_error: with the standard error over the images.
        difference, standard_error: from the accuracy on the images as they are, image by image.
    """
    plain = rows.argmax(1) == images.labels
    found = [{"disturbance": "none", "strength": "", **accuracy_with_error(plain), **difference(plain, plain)}]
    for disturbance in disturbances:
        right = disturbed(images, disturbance, model, progress)
        named = {"disturbance": disturbance.name, "strength": disturbance.strength}
        found.append({**named, **accuracy_with_error(right), **difference(right, plain)})
    return found


def disturbed(
    images: LabelledImages, disturbance: Disturbance, model: LoadedModel, progress: Callable[[int], None]
) -> np.ndarray:
    """Which images are still recognized, bool [n]. The disturbed images are never all in memory."""
    random = np.random.default_rng(SEED)
    parts = []
    for start in range(0, len(images), STEP):
        part = disturbance.apply(images.images[start : start + STEP], random)
        parts.append(probabilities(part, model, progress).argmax(1))
    return np.concatenate(parts) == images.labels


def accuracy_with_error(right: np.ndarray) -> dict[str, float]:
    share = float(right.mean())
    error = (share * (1 - share) / len(right)) ** 0.5
    return {"accuracy": round(share, 4), "accuracy_error": round(error, 4)}
