"""What a model does, to look at: its confusions, its reliability, and its most confident mistakes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw

from training.evaluate import reliability
from training.fer2013 import Faces

COLUMNS, ROWS = 8, 5


def confusion(counts: np.ndarray, labels: list[str], path: Path) -> None:
    """counts: int [classes, classes], labels by guesses. Shares of each label's faces."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6, 5.4), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*shares.shape):
        share = shares[row, column]
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="guess", ylabel="label", title="Where each label's faces go")
    save(figure, path)


def calibration(rows: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """rows: probabilities, float [n, classes]; labels: int [n]."""
    counts, confidences, shares = map(np.array, zip(*reliability(rows, labels), strict=True))
    figure, (upper, lower) = plt.subplots(2, sharex=True, figsize=(5, 5.4), height_ratios=(3, 1), layout="constrained")
    upper.plot([0, 1], [0, 1], color="gray", linestyle="--", label="confidence is accuracy")
    upper.plot(confidences, shares, marker="o", label="this model")
    upper.set(ylabel="share that is right", ylim=(0, 1), title="What a confidence is worth")
    upper.legend()
    lower.bar(confidences, counts, width=0.05)
    lower.set(xlabel="confidence", ylabel="faces", xlim=(0, 1))
    save(figure, path)


def save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def mistakes(faces: Faces, rows: np.ndarray, names: list[str], path: Path) -> None:
    """A contact sheet of the mistakes that the model is surest of: the label, and what it said instead."""
    guesses = rows.argmax(1)
    wrong = np.flatnonzero(guesses != faces.labels)
    worst = wrong[np.argsort(-rows[wrong].max(1))][: COLUMNS * ROWS]
    cell, face = 120, 84
    sheet = Image.new("L", (COLUMNS * cell, ROWS * cell), 255)
    draw = ImageDraw.Draw(sheet)
    for place, index in enumerate(worst):
        left, top = place % COLUMNS * cell, place // COLUMNS * cell
        sheet.paste(Image.fromarray(faces.images[index]).resize((face, face)), (left + (cell - face) // 2, top))
        said = f"{names[guesses[index]]} {rows[index].max():.2f}"
        for line, text in enumerate((f"{names[faces.labels[index]]}, said:", said)):
            draw.text((left + cell // 2, top + face + 4 + 14 * line), text, fill=0, anchor="ma")
    sheet.save(path)
