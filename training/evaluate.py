"""How good a model is: accuracy with its uncertainty, and by class. Through the container's code, as it is served."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.fer2013 import Faces

sys.path.insert(0, str(Path(__file__).parent / "container"))

import inference


def probabilities(images: np.ndarray, model: inference.Model) -> np.ndarray:
    """uint8 [n, 48, 48] → float32 [n, classes]."""
    parts = [
        inference.predict_fn(inference.Faces(images[i : i + 256], False), model)[0] for i in range(0, len(images), 256)
    ]
    return np.concatenate(parts)


def measure(faces: Faces, folder: Path) -> dict[str, Any]:
    """A model's figures on labelled faces, as plain values."""
    model = inference.model_fn(str(folder))
    guessed = probabilities(faces.images, model).argmax(1)
    confusion = np.zeros((len(model.labels), len(model.labels)), int)
    np.add.at(confusion, (faces.labels, guessed), 1)
    right, said, there = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    recall = right / np.maximum(there, 1)
    precision = right / np.maximum(said, 1)
    return {
        "model": model.version,
        "faces": len(faces),
        "faces_sha256": hashlib.sha256(faces.images.tobytes() + faces.labels.tobytes()).hexdigest(),
        "accuracy": round(float(right.sum() / len(faces)), 4),
        "accuracy_95": [round(bound, 4) for bound in wilson(int(right.sum()), len(faces))],
        "balanced_accuracy": round(float(recall[there > 0].mean()), 4),
        "classes": {
            name: {
                "faces": int(there[i]),
                "precision": round(float(precision[i]), 4),
                "recall": round(float(recall[i]), 4),
            }
            for i, name in enumerate(model.labels)
        },
        "confusion": {"rows": "labels", "columns": "guesses", "counts": confusion.tolist()},
    }


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """A share's 95% interval (Wilson, "Probable Inference, the Law of Succession", 1927)."""
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return middle - half, middle + half
