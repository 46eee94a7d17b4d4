"""Compares two predictions of the same images, image by image.

Both are right on most of the same images. So their difference is known more exactly than two accuracies that were
measured on different images.
"""

from typing import Any

import numpy as np


def difference(of_first: np.ndarray, of_second: np.ndarray) -> dict[str, float]:
    """The mean difference of two values per image, first minus second, with its standard error over the images.

    of_first, of_second: bool or float [n], n > 0, in the same order of images.
    """
    differences = of_first.astype(np.float64) - of_second
    error = float(differences.std() / len(differences) ** 0.5)
    return {"difference": round(float(differences.mean()), 4), "standard_error": round(error, 4)}


def means(of_first: np.ndarray, of_second: np.ndarray) -> dict[str, float]:
    return {"own": round(float(of_first.mean()), 4), "other": round(float(of_second.mean()), 4)}


def sign_test(first: int, second: int) -> float:
    """The probability that two equally good models differ by chance at least so much. It is exact and two-sided.

    first, second: how many images only the first model has right, and only the second.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", 1947,
    in its exact form.
    """
    count, fewer = first + second, min(first, second)
    term = total = 1
    for successes in range(fewer):
        term = term * (count - successes) // (successes + 1)
        total += term
    return min(1.0, 2 * total / 2**count)


def compare(rows: np.ndarray, labels: np.ndarray, other_rows: np.ndarray, other_labels: np.ndarray) -> dict[str, Any]:
    """Compares two models on the same images.

    rows, other_rows: each model's probabilities, float32 [n, classes].
    labels, other_labels: int64 [n], as indices of each model's own outputs.

    Returns
        accuracy, log_loss: each model's own value and the other's, their difference and its standard error.
        only_right: how many images only the model has right, and only the other.
        sign_test_p: of these two counts.
    """
    right, other_right = rows.argmax(1) == labels, other_rows.argmax(1) == other_labels
    only, other_only = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    losses, other_losses = losses_of(rows, labels), losses_of(other_rows, other_labels)
    return {
        "accuracy": {**means(right, other_right), **difference(right, other_right)},
        "only_right": [only, other_only],
        "sign_test_p": float(f"{sign_test(only, other_only):.3g}"),
        "log_loss": {**means(losses, other_losses), **difference(losses, other_losses)},
    }


def losses_of(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The log loss of each image in nats, float64 [n]. It is finite, also if a probability was rounded to 0."""
    of_label = rows[np.arange(len(rows)), labels].astype(np.float64)
    return -np.log(np.maximum(of_label, np.finfo(np.float32).tiny))
