"""Measures a model on labelled images: accuracy with its uncertainty, calibration, and figures per class.

The probabilities come from the container's own code, so the figures are those of the model as it is served.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled_images import LabelledImages

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import inference
from contract import Contract

# Bins of equal width from 0 to 1, in which confidences are compared with accuracies.
CALIBRATION_BINS = 15
# Standard deviations on each side of a 95% interval.
Z_95 = 1.96
# Images between two reports of the progress.
STEP = 256


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to be measured. name: the word by which the user named it."""

    name: str
    served: inference.Model

    @property
    def contract(self) -> Contract:
        """What the model's model.json says."""
        return self.served.contract


def load_model(folder: Path, name: str = "") -> LoadedModel:
    """Loads a model from its folder, as the container does.

    name: the model's name in errors; by default the folder.

    Raises ValueError, with a sentence, if it can't be served.
    """
    name = name or str(folder)
    try:
        return LoadedModel(name, inference.model_fn(str(folder)))
    except ModuleNotFoundError as error:
        raise ValueError(f"{name} needs {error.name}, which is not installed: `make install-training` does") from None
    except Exception as error:
        # ONNX Runtime and PyTorch raise many kinds of errors about a file, with many lines.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        reason = reason.replace(f"{folder}/", "").replace(str(folder), name)
        raise ValueError(f"the model {name} can't be used: {reason}") from None


def probabilities(
    images: np.ndarray, model: LoadedModel, progress: Callable[[int], None] = lambda count: None
) -> np.ndarray:
    """uint8 [n, size, size] or [n, size, size, 3] → float32 [n, classes].

    progress: is called with the count of images since its last call.

    Raises ValueError, with a sentence, if the model can't compute them.
    """
    parts = []
    for start in range(0, len(images), STEP):
        part = images[start : start + STEP]
        try:
            rows = inference.probabilities(part, model.served)
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ValueError(f"the model {model.name} can't be used: {reason}") from None
        if rows.shape != (len(part), len(model.contract.labels)):
            raise ValueError(
                f"the model {model.name} answers {list(rows.shape)} for {len(part)} images, and its model.json has "
                f"{len(model.contract.labels)} labels"
            )
        if not np.isfinite(rows).all():
            raise ValueError(f"the model {model.name} answers probabilities that are not finite numbers")
        parts.append(rows)
        progress(len(part))
    return np.concatenate(parts)


def measure(images: LabelledImages, rows: np.ndarray) -> dict[str, Any]:
    """A model's figures on labelled images, as plain values that JSON can store.

    images: their classes are the model's, in the order of its outputs.
    rows: the model's probabilities for the images, float32 [n, classes].
    """
    classes, count = len(images.classes), len(images)
    predictions = rows.argmax(1)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (images.labels, predictions), 1)
    correct = confusion.diagonal()
    predicted = confusion.sum(0)
    labelled = confusion.sum(1)
    # The maximum avoids a division by zero for a class that is never labelled or predicted: its figure is 0.
    recall = correct / np.maximum(labelled, 1)
    precision = correct / np.maximum(predicted, 1)
    f1 = 2 * correct / np.maximum(predicted + labelled, 1)
    of_label = rows[np.arange(count), images.labels]
    return {
        "images": count,
        **accuracy_figures(predictions == images.labels),
        "top_2_accuracy": round(float(((rows > of_label[:, None]).sum(1) < 2).mean()), 4),
        # In nats. A probability that was rounded to 0 would make the mean infinite.
        "log_loss": round(float(-np.log(np.maximum(of_label, np.finfo(np.float32).tiny)).mean()), 4),
        "expected_calibration_error": round(expected_calibration_error(rows, images.labels), 4),
        "calibration_error_by_chance": round(calibration_error_by_chance(rows), 4),
        "balanced_accuracy": round(float(recall[labelled > 0].mean()), 4),
        "classes": {
            name: {
                "images": int(labelled[i]),
                "precision": round(float(precision[i]), 4),
                "recall": round(float(recall[i]), 4),
                "f1": round(float(f1[i]), 4),
            }
            for i, name in enumerate(images.classes)
        },
        "confusion": {"rows": "labels", "columns": "guesses", "counts": confusion.tolist()},
    }


def accuracy(correct: np.ndarray) -> dict[str, Any] | None:
    """The accuracy with its 95% interval, or None if there are no images. correct: bool [n], one value per image."""
    return {"images": len(correct), **accuracy_figures(correct)} if len(correct) else None


def accuracy_figures(correct: np.ndarray) -> dict[str, Any]:
    """correct: bool [n], n > 0."""
    low, high = wilson_interval(int(correct.sum()), len(correct))
    return {
        "accuracy": round(float(correct.mean()), 4),
        # Rounding can leave a bound a little below 0 or above 1.
        "accuracy_95": [round(max(low, 0.0), 4), round(min(high, 1.0), 4)],
    }


def bin_members(confidence: np.ndarray, bins: int = CALIBRATION_BINS) -> list[np.ndarray]:
    """Confidences, float [n] → which images are in each bin that has any, bool [n]."""
    bin_of_image = np.minimum((confidence * bins).astype(int), bins - 1)
    members = (bin_of_image == bin for bin in range(bins))
    return [of_bin for of_bin in members if of_bin.any()]


def calibration_bins(rows: np.ndarray, labels: np.ndarray) -> list[tuple[int, float, float]]:
    """Groups images by the confidence of their prediction. Per bin that has any: count, mean confidence, accuracy.

    rows: probabilities, float [n, classes].
    labels: int64 [n].
    """
    confidence = rows.max(1)
    correct = rows.argmax(1) == labels
    members = bin_members(confidence)
    return [(int(m.sum()), float(confidence[m].mean()), float(correct[m].mean())) for m in members]


def expected_calibration_error(rows: np.ndarray, labels: np.ndarray) -> float:
    """The mean difference between confidence and accuracy, from 0 to 1. Parameters are those of `calibration_bins`.

    Source: Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015.
    """
    bins = calibration_bins(rows, labels)
    return sum(count * abs(confidence - accuracy) for count, confidence, accuracy in bins) / len(labels)


def calibration_error_by_chance(rows: np.ndarray) -> float:
    """The calibration error that is expected on so many images if each confidence is the exact chance to be right.

    A bin's accuracy is then a mean of independent draws, about normally distributed around its confidence. The mean
    distance of a normal value from its center is sqrt(2 / pi) standard deviations.

    rows: probabilities, float [n, classes].
    """
    confidence = rows.max(1).astype(float)
    variances = confidence * (1 - confidence)
    deviations = [np.sqrt(variances[of_bin].sum()) for of_bin in bin_members(confidence)]
    return float(np.sqrt(2 / np.pi) * sum(deviations) / len(rows))


def wilson_interval(successes: int, count: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of a proportion, from 0 to 1; by default the 95% interval.

    Source: Wilson, "Probable Inference, the Law of Succession", 1927.
    """
    share = successes / count
    center = (share + z * z / (2 * count)) / (1 + z * z / count)
    half_width = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return center - half_width, center + half_width
