"""Writes a model's predictions as a CSV file, with a row per image."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

# Spreadsheets run a cell that begins like this as a formula. An apostrophe in front makes it a text.
FORMULA = re.compile(r"[=+\-@\t\r]")
# Before the names of classes, so that a class named `label` is not a second column `label`.
PREFIX = "p_"
# Digits after the point. float32 has 6 to 9 significant ones.
DIGITS = 6


def write_predictions(
    path: Path, origin: str, names: Sequence[str | int], labels: np.ndarray, rows: np.ndarray, classes: Sequence[str]
) -> None:
    """Writes a row per image: where it is from, its label, the prediction, its confidence, and all probabilities.

    origin: the name of the first column, "file" or "row".
    names: the first column.
    labels: int64 [n], indices into `classes`.
    rows: probabilities, float32 [n, classes].

    The file is UTF-8 with a byte order mark, without which Excel reads an old code page; pandas skips it.
    """
    predictions = rows.argmax(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow([origin, "label", "predicted", "confidence", *(f"{PREFIX}{name}" for name in classes)])
        for name, label, prediction, row in zip(names, labels.tolist(), predictions.tolist(), rows, strict=True):
            texts = [cell_text(name), cell_text(classes[label]), cell_text(classes[prediction])]
            writer.writerow([*texts, f"{row[prediction]:.{DIGITS}f}", *(f"{value:.{DIGITS}f}" for value in row)])


def cell_text(value: str | int) -> str:
    """The text of a cell, which no spreadsheet runs as a formula."""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if FORMULA.match(text) else text
