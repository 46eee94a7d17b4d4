"""How good teachers are, each alone and all together: on the images for validation, and on those that they label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.labelled_images import LabelledImages
from training.evaluation.measure import expected_calibration_error

ENSEMBLE = "average of all"


@dataclass(frozen=True)
class Figures:
    """What is measured of a teacher, or of the average of all. All values are from 0 to 1.

    accuracy: on the images for validation, with the mean of each image and its mirror image.
    one_pass_accuracy: without the mirror image.
    calibration_error: the expected one, of what `accuracy` is measured of.
    agreement: share of the training images whose label is the most probable class of their soft label.
    """

    name: str
    accuracy: float
    one_pass_accuracy: float
    calibration_error: float
    agreement: float


def measure_teachers(
    names: Sequence[str],
    measured: Sequence[np.ndarray],
    held_out: LabelledImages,
    labelled: Sequence[np.ndarray],
    training: LabelledImages,
) -> list[Figures]:
    """The figures of each teacher and, if there are several, of their average, which is the last.

    measured: of each teacher, probabilities of the images for validation, float16 [passes, n, classes].
    labelled: of each teacher, soft labels of the training images, float32 [n, classes].
    """
    one_pass = [answers[0].astype(np.float32) for answers in measured]
    both = [answers.mean(axis=0, dtype=np.float32) for answers in measured]
    rows = list(zip(names, one_pass, both, labelled, strict=True))
    if len(rows) > 1:
        rows.append((ENSEMBLE, average(one_pass), average(both), average(labelled)))
    return [
        Figures(
            name,
            share_right(with_mirror, held_out.labels),
            share_right(alone, held_out.labels),
            round(float(expected_calibration_error(with_mirror, held_out.labels)), 4),
            share_right(soft, training.labels),
        )
        for name, alone, with_mirror, soft in rows
    ]


def average(rows: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of several probabilities, all float32 [n, classes]."""
    return np.asarray(np.stack(rows).mean(axis=0, dtype=np.float32))


def share_right(rows: np.ndarray, labels: np.ndarray) -> float:
    return round(float((rows.argmax(1) == labels).mean()), 4)
