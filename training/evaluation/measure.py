"""Measures a model on labelled faces: accuracy with its uncertainty, calibration, and figures per class.

The probabilities come from the container's own code, so the figures are those of the model as it is served.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled_images import LabelledImages

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import inference

# Bins of equal width from 0 to 1, in which confidences are compared with accuracies.
CALIBRATION_BINS = 15
# Standard deviations on each side of a 95% interval.
Z_95 = 1.96


def load_model(folder: Path) -> inference.Model:
    """Loads model.onnx and model.json, as the container does."""
    return inference.model_fn(str(folder))


def probabilities(images: np.ndarray, model: inference.Model) -> np.ndarray:
    """uint8 [n, 48, 48] → float32 [n, classes]."""
    return inference.probabilities(images, model)


def measure(faces: LabelledImages, rows: np.ndarray, model: inference.Model) -> dict[str, Any]:
    """A model's figures on labelled faces, as plain values that JSON can store.

    rows: the model's probabilities for the faces, float32 [n, classes].
    """
    predictions = rows.argmax(1)
    confusion = np.zeros((len(model.labels), len(model.labels)), int)
    np.add.at(confusion, (faces.labels, predictions), 1)
    correct = confusion.diagonal()
    predicted = confusion.sum(0)
    labelled = confusion.sum(1)
    # The maximum avoids a division by zero for a class that is never labelled or predicted: its figure is 0.
    recall = correct / np.maximum(labelled, 1)
    precision = correct / np.maximum(predicted, 1)
    f1 = 2 * correct / np.maximum(predicted + labelled, 1)
    of_label = rows[np.arange(len(faces)), faces.labels]
    return {
        "model": model.version,
        "faces": len(faces),
        "faces_sha256": faces.sha256(),
        "accuracy": round(float(correct.sum() / len(faces)), 4),
        "accuracy_95": [round(bound, 4) for bound in wilson_interval(int(correct.sum()), len(faces))],
        "top_2_accuracy": round(float(((rows > of_label[:, None]).sum(1) < 2).mean()), 4),
        # In nats. A probability that was rounded to 0 would make the mean infinite.
        "log_loss": round(float(-np.log(np.maximum(of_label, np.finfo(np.float32).tiny)).mean()), 4),
        "expected_calibration_error": round(expected_calibration_error(rows, faces.labels), 4),
        "balanced_accuracy": round(float(recall[labelled > 0].mean()), 4),
        "classes": {
            name: {
                "faces": int(labelled[i]),
                "precision": round(float(precision[i]), 4),
                "recall": round(float(recall[i]), 4),
                "f1": round(float(f1[i]), 4),
            }
            for i, name in enumerate(model.labels)
        },
        "confusion": {"rows": "labels", "columns": "guesses", "counts": confusion.tolist()},
    }


def accuracy(correct: np.ndarray) -> dict[str, Any] | None:
    """The accuracy with its 95% interval, or None if there are no faces. correct: bool [n], one value per face."""
    if not len(correct):
        return None
    bounds = wilson_interval(int(correct.sum()), len(correct))
    return {
        "faces": len(correct),
        "accuracy": round(float(correct.mean()), 4),
        "accuracy_95": [round(bound, 4) for bound in bounds],
    }


def calibration_bins(
    rows: np.ndarray, labels: np.ndarray, bins: int = CALIBRATION_BINS
) -> list[tuple[int, float, float]]:
    """Groups faces by the confidence of their prediction. Per bin that has any: count, mean confidence, accuracy.

    rows: probabilities, float [n, classes].
    labels: int64 [n].
    """
    confidence = rows.max(1)
    correct = rows.argmax(1) == labels
    bin_of_face = np.minimum((confidence * bins).astype(int), bins - 1)
    members = [bin_of_face == bin for bin in range(bins)]
    return [(int(m.sum()), float(confidence[m].mean()), float(correct[m].mean())) for m in members if m.any()]


def expected_calibration_error(rows: np.ndarray, labels: np.ndarray) -> float:
    """The mean difference between confidence and accuracy, from 0 to 1. Parameters are those of `calibration_bins`.

    Source: Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015.
    """
    bins = calibration_bins(rows, labels)
    return sum(count * abs(confidence - accuracy) for count, confidence, accuracy in bins) / len(labels)


def wilson_interval(successes: int, count: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of a proportion, from 0 to 1; by default the 95% interval.

    Source: Wilson, "Probable Inference, the Law of Succession", 1927.
    """
    share = successes / count
    center = (share + z * z / (2 * count)) / (1 + z * z / count)
    half_width = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return center - half_width, center + half_width
