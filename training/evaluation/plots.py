"""What a model does, to look at: its confusions, its reliability, and its most confident mistakes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from training.data.fer2013 import Faces
from training.evaluation.measure import reliability, wilson

BINS = 15
COLUMNS, ROWS = 8, 5


def confusion(counts: np.ndarray, labels: list[str], path: Path) -> None:
    """counts: int [classes, classes], labels by guesses. Shares of each label's faces."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6, 5.6), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*shares.shape):
        share = shares[row, column]
        # Only the darkest blues are dark enough for white.
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.65 else "black")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), [f"{name} ({sum(row):,})" for name, row in zip(labels, counts, strict=True)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="guess", ylabel="label (faces)", title="Where each label's faces go")
    save(figure, path)


def calibration(rows: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """rows: probabilities, float [n, classes]; labels: int [n]. Each bin's share stands in its 95% interval."""
    counts, confidences, shares = map(np.array, zip(*reliability(rows, labels, BINS), strict=True))
    bounds = np.array([wilson(round(share * count), count) for share, count in zip(shares, counts, strict=True)])
    errors = np.abs(bounds.T - shares[None])
    figure, (upper, lower) = plt.subplots(2, sharex=True, figsize=(5, 6), height_ratios=(4, 1), layout="constrained")
    upper.plot([0, 1], [0, 1], color="gray", linestyle="--", label="confidence is accuracy")
    upper.errorbar(confidences, shares, errors, marker="o", capsize=3, label="this model (95% interval)")
    upper.set(ylabel="share that is right", ylim=(0, 1), title="What a confidence is worth")
    upper.legend(loc="upper left")
    # A bin's mean confidence lies in it, and so names it.
    lower.bar(np.minimum((confidences * BINS).astype(int), BINS - 1) / BINS, counts, 1 / BINS, align="edge", ec="white")
    lower.set(xlabel="confidence", ylabel="faces", xlim=(0, 1))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def mistakes(faces: Faces, rows: np.ndarray, names: list[str], path: Path) -> None:
    """A contact sheet of the mistakes that the model is surest of: the label, and what it said instead."""
    guesses = rows.argmax(1)
    wrong = np.flatnonzero(guesses != faces.labels)
    worst = wrong[np.argsort(-rows[wrong].max(1))][: COLUMNS * ROWS]
    # Twice the size, and room for two lines below.
    face, wide, high, font = 96, 124, 146, ImageFont.load_default(13)
    sheet = Image.new("L", (COLUMNS * wide, max(-(-len(worst) // COLUMNS), 1) * high), 255)
    draw = ImageDraw.Draw(sheet)
    for place, index in enumerate(worst):
        left, top = place % COLUMNS * wide, place // COLUMNS * high + 8
        enlarged = Image.fromarray(faces.images[index]).resize((face, face), Image.Resampling.BICUBIC)
        sheet.paste(enlarged, (left + (wide - face) // 2, top))
        said = f"said {names[guesses[index]]} {rows[index].max():.0%}"
        for line, text in enumerate((names[faces.labels[index]], said)):
            draw.text((left + wide // 2, top + face + 4 + 16 * line), text, fill=0, font=font, anchor="ma")
    sheet.save(path)
