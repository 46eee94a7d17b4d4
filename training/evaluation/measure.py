"""How good a model is: accuracy with its uncertainty, by class, and with and without the faces that training data hold
too. Through the container's code, as it is served."""

import hashlib
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from training.data.fer2013 import Faces

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import inference

# Of 48 such pairs of FER2013's training and test faces that were looked at, all showed one photograph, cut or scaled
# otherwise; from 0.90 to 0.93, 11 of 12 did.
NEAR = 0.93


def loaded(folder: Path) -> inference.Model:
    return inference.model_fn(str(folder))


def probabilities(images: np.ndarray, model: inference.Model) -> np.ndarray:
    """uint8 [n, 48, 48] → float32 [n, classes]."""
    return inference.probabilities(images, model)


def measure(faces: Faces, rows: np.ndarray, model: inference.Model) -> dict[str, Any]:
    """A model's figures on labelled faces, as plain values; rows: its probabilities for them."""
    guessed = rows.argmax(1)
    confusion = np.zeros((len(model.labels), len(model.labels)), int)
    np.add.at(confusion, (faces.labels, guessed), 1)
    right, said, there = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    recall = right / np.maximum(there, 1)
    precision = right / np.maximum(said, 1)
    f1 = 2 * right / np.maximum(said + there, 1)
    given = rows[np.arange(len(faces)), faces.labels]
    return {
        "model": model.version,
        "faces": len(faces),
        "faces_sha256": sha256(faces),
        "accuracy": round(float(right.sum() / len(faces)), 4),
        "accuracy_95": [round(bound, 4) for bound in wilson(int(right.sum()), len(faces))],
        "top_2_accuracy": round(float(((rows > given[:, None]).sum(1) < 2).mean()), 4),
        # Nats. A probability that was rounded down to 0 would make the mean infinite.
        "log_loss": round(float(-np.log(np.maximum(given, np.finfo(np.float32).tiny)).mean()), 4),
        "expected_calibration_error": round(calibration_error(rows, faces.labels), 4),
        "balanced_accuracy": round(float(recall[there > 0].mean()), 4),
        "classes": {
            name: {
                "faces": int(there[i]),
                "precision": round(float(precision[i]), 4),
                "recall": round(float(recall[i]), 4),
                "f1": round(float(f1[i]), 4),
            }
            for i, name in enumerate(model.labels)
        },
        "confusion": {"rows": "labels", "columns": "guesses", "counts": confusion.tolist()},
    }


def sha256(faces: Faces) -> str:
    """Of pixels and labels in their order: what train.py writes into model.json for the faces that it trained on."""
    return hashlib.sha256(faces.images.tobytes() + faces.labels.tobytes()).hexdigest()


def repeats(faces: Faces) -> dict[str, int]:
    """How many faces occur, to the pixel, more than once among these; and how many of them under several labels."""
    prints = labels_of_prints(faces)
    repeated = [set(prints[name]) for name in faces.digests() if len(prints[name]) > 1]
    return {"faces": len(repeated), "contradictory": sum(len(labels) > 1 for labels in repeated)}


def overlap(faces: Faces, rows: np.ndarray, training: Faces) -> dict[str, Any]:
    """How many faces occur, to the pixel, among the training rows; how many of them under another label there; and the
    accuracy without them, and on them alone. rows: a model's probabilities for the faces."""
    prints, right = labels_of_prints(training), rows.argmax(1) == faces.labels
    there = [prints.get(name, []) for name in faces.digests()]
    found = np.array([len(labels) > 0 for labels in there], bool)
    return {
        "faces": len(training),
        "found": int(found.sum()),
        "contradictory": sum(set(labels) - {label} != set() for labels, label in zip(there, faces.labels, strict=True)),
        "without": accuracy(right[~found]),
        "alone": accuracy(right[found]),
    }


def joined(parts: list[Faces]) -> Faces:
    return Faces(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))


def labels_of_prints(faces: Faces) -> dict[str, list[int]]:
    """From each digest to the labels of all faces that have it."""
    labels = defaultdict(list)
    for name, label in zip(faces.digests(), faces.labels.tolist(), strict=True):
        labels[name].append(label)
    return dict(labels)


def accuracy(right: np.ndarray) -> dict[str, Any] | None:
    """right: bool [n], whether each guess was. None of no faces."""
    if not len(right):
        return None
    bounds = wilson(int(right.sum()), len(right))
    return {
        "faces": len(right),
        "accuracy": round(float(right.mean()), 4),
        "accuracy_95": [round(bound, 4) for bound in bounds],
    }


def trained_on(folder: Path, contract: dict[str, Any]) -> Faces:
    """The faces that a model was trained on, from the channel's folder that train.py was given.

    contract: the model's model.json. Raises ValueError where it names other faces: what then follows from this folder
    would be said of another model.
    """
    with np.load(folder / "faces.npz", allow_pickle=False) as arrays:
        faces = Faces(arrays["images"], arrays["labels"])
    if sha256(faces) != contract.get("training", {}).get("faces_sha256"):
        raise ValueError(f"{folder}: these are not the faces that model {contract['version']} names in its model.json")
    return faces


def seen(faces: Faces, rows: np.ndarray, training: Faces) -> dict[str, Any]:
    """How many of the faces occur among those that a model was trained on, to the pixel or nearly, and its accuracy
    without any of these. rows: the model's probabilities for the faces."""
    same, alike = np.isin(faces.digests(), training.digests()), near(faces.images, training.images)
    return {
        "faces": len(training),
        "found": int(same.sum()),
        "near": int((alike & ~same).sum()),
        "without": accuracy((rows.argmax(1) == faces.labels)[~same & ~alike]),
    }


def near(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each image correlates with one of the others by more than NEAR: bool [n]."""
    directions = directions_of(others).T
    return np.concatenate(
        [(directions_of(images[i : i + 256]) @ directions > NEAR).any(1) for i in range(0, len(images), 256)]
    )


def directions_of(images: np.ndarray) -> np.ndarray:
    """uint8 [n, height, width] → float32 [n, pixels], with a mean of 0 and a length of 1; zeros of a flat image."""
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pixels -= pixels.mean(1, keepdims=True)
    # A flat image may keep what rounding left of it; one that is not is longer than half a gray level.
    return pixels / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 0.5)


def reliability(rows: np.ndarray, labels: np.ndarray, bins: int = 15) -> list[tuple[int, float, float]]:
    """Of the faces whose confidence lies in each bin: how many, their mean confidence, and the share that is right."""
    confidence, right = rows.max(1), rows.argmax(1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    inside = [which == bin for bin in range(bins)]
    return [(int(i.sum()), float(confidence[i].mean()), float(right[i].mean())) for i in inside if i.any()]


def calibration_error(rows: np.ndarray, labels: np.ndarray) -> float:
    """How far confidence and accuracy lie apart on average (Naeini et al., "Obtaining Well Calibrated Probabilities
    Using Bayesian Binning", 2015)."""
    return sum(count * abs(confidence - share) for count, confidence, share in reliability(rows, labels)) / len(labels)


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """A share's 95% interval (Wilson, "Probable Inference, the Law of Succession", 1927)."""
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return middle - half, middle + half
