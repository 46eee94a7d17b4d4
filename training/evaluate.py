"""How good a model is: accuracy with its uncertainty, and by class. Through the container's code, as it is served."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.fer2013 import Faces

sys.path.insert(0, str(Path(__file__).parent / "container"))

import inference


def loaded(folder: Path) -> inference.Model:
    return inference.model_fn(str(folder))


def probabilities(images: np.ndarray, model: inference.Model) -> np.ndarray:
    """uint8 [n, 48, 48] → float32 [n, classes]."""
    parts = [
        inference.predict_fn(inference.Faces(images[i : i + 256], False), model)[0] for i in range(0, len(images), 256)
    ]
    return np.concatenate(parts)


def measure(faces: Faces, rows: np.ndarray, model: inference.Model) -> dict[str, Any]:
    """A model's figures on labelled faces, as plain values; rows: its probabilities for them."""
    guessed = rows.argmax(1)
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
        "expected_calibration_error": round(calibration_error(rows, faces.labels), 4),
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


def card(figures: dict[str, Any], contract: dict[str, Any]) -> str:
    """A model's card, in Markdown, from its own file and what was measured."""
    low, high = figures["accuracy_95"]
    training = contract["training"]
    options = [f"--{name.replace('_', '-')} {value}" for name, value in sorted(training["hyperparameters"].items())]
    # A line holds four options, so that the command can be read, and copied as it stands.
    lines = " \\\n      ".join(" ".join(options[i : i + 4]) for i in range(0, len(options), 4))
    rows = "\n".join(
        f"| {name} | {row['faces']:,} | {row['precision']:.3f} | {row['recall']:.3f} |"
        for name, row in figures["classes"].items()
    )
    best = max(figures["classes"].items(), key=lambda pair: pair[1]["recall"])
    worst = min(figures["classes"].items(), key=lambda pair: pair[1]["recall"])
    return f"""# Model {contract["version"]}

A ResNet for grayscale faces of 48x48 pixels, with {len(contract["labels"])} labels. `model.onnx` takes `faces`, uint8
`[n, 48, 48]`, and gives `probabilities`, float32 `[n, {len(contract["labels"])}]`; normalisation is inside.
`model.json` holds the labels, in the order of the outputs, and what the model was trained with.

**Accuracy {figures["accuracy"]:.4f}** (95% interval {low:.3f} to {high:.3f}) and balanced accuracy
{figures["balanced_accuracy"]:.4f} on the {figures["faces"]:,} faces of FER2013's public test, which it never saw:
faces that occur in the test too were taken out of the training, to the pixel. On the {training["validation_faces"]:,}
held-out faces of the training set it reached {training["validation_accuracy"]:.4f}.

| label | faces | precision | recall |
| --- | ---: | ---: | ---: |
{rows}

Its confidence is calibrated: it differs from the share of right labels by {figures["expected_calibration_error"]:.3f}
on average (expected calibration error, 15 bins).

![Confusion matrix](confusion.png)

![Reliability](reliability.png)

It finds {best[0]} best and {worst[0]} worst: of the faces labelled {worst[0]} it names {worst[1]["recall"]:.0%} so.

## What it is for

To sort many images of single, roughly frontal, cropped faces by how their expression looks to most people. There is no
face detector in it: it labels whatever it is shown, a wall too.

## What it is not for

A label describes a face's appearance, and not what a person feels, means or is about to do. It must not be used to
judge people: in hiring, policing, schooling, insurance, medicine or at a border, or wherever a wrong label harms
somebody. People of different ages, skins and cultures are not evenly represented in its data, and its errors by group
have not been measured.

## Data

FER2013 (Goodfellow et al., "Challenges in Representation Learning", 2013): pictures found by web search for words of
emotion. Its labels are noisy; people who label it anew agree with them on about 65% of the faces. It holds many
duplicates; prints of one face were kept on one side of the split.

## How it was made

{training["faces"]:,} faces, {training["seconds"] / 60:.0f} minutes on {training["machine"]}, PyTorch
{training["torch"]}.

    python -m training prepare train.csv.gz --exclude public_test.csv.gz --validation 0.1 --no-folders --no-records
    python training/container/train.py --train build/fer2013/train --validation build/fer2013/validation \\
      --model-dir build/model \\
      {lines}
    python -m training evaluate public_test.csv.gz --model build/model --report build/model
"""
