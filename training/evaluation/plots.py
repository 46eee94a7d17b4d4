"""Draws a model's figures: confusion matrix, reliability diagram, and its most confident mistakes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from training.data.labelled_images import LabelledImages
from training.evaluation.measure import CALIBRATION_BINS, calibration_bins, wilson_interval

# The sheet of mistakes: columns and rows of cells.
COLUMNS, ROWS = 8, 5
# Pixels of a cell of the sheet: the face at twice its size, with two lines of text below it.
FACE_SIDE, CELL_WIDTH, CELL_HEIGHT = 96, 124, 146
TOP_MARGIN, TEXT_MARGIN, LINE_HEIGHT = 8, 4, 16
# From this share on, the blue of a cell is dark enough for white text.
WHITE_TEXT_FROM = 0.65


def save_confusion_matrix(counts: np.ndarray, labels: list[str], path: Path) -> None:
    """Draws, per label, the shares of its faces that get each prediction.

    counts: int [classes, classes], one row per label and one column per prediction.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6, 5.6), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*shares.shape):
        share = shares[row, column]
        color = "white" if share > WHITE_TEXT_FROM else "black"
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), [f"{name} ({sum(row):,})" for name, row in zip(labels, counts, strict=True)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="prediction", ylabel="label (faces)", title="Predictions for the faces of each label")
    save(figure, path)


def save_reliability_diagram(rows: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """Draws accuracy against confidence, with a 95% interval per bin, and the count of faces per bin.

    rows: probabilities, float [n, classes].
    labels: int64 [n].
    """
    bins = calibration_bins(rows, labels)
    counts, confidences, accuracies = (np.array(column) for column in zip(*bins, strict=True))
    bounds = [wilson_interval(round(share * count), count) for count, _, share in bins]
    errors = np.abs(np.array(bounds).T - accuracies[None])
    figure, (upper, lower) = plt.subplots(2, sharex=True, figsize=(5, 6), height_ratios=(4, 1), layout="constrained")
    upper.plot([0, 1], [0, 1], color="gray", linestyle="--", label="perfect calibration")
    upper.errorbar(confidences, accuracies, errors, marker="o", capsize=3, label="this model (95% interval)")
    upper.set(ylabel="accuracy", ylim=(0, 1), title="Accuracy of predictions by their confidence")
    upper.legend(loc="upper left")
    # The mean confidence of a bin is inside the bin, so it gives the bin's left edge.
    left_edges = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1) / CALIBRATION_BINS
    lower.bar(left_edges, counts, 1 / CALIBRATION_BINS, align="edge", ec="white")
    lower.set(xlabel="confidence", ylabel="faces", xlim=(0, 1))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    # The version of matplotlib is left out, so the file changes only if the picture does.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def save_mistakes(faces: LabelledImages, rows: np.ndarray, names: list[str], path: Path) -> None:
    """Draws a sheet of the most confident mistakes: each face, its label, and the prediction with its confidence.

    rows: the model's probabilities for the faces, float32 [n, classes].
    """
    predictions = rows.argmax(1)
    wrong = np.flatnonzero(predictions != faces.labels)
    shown = wrong[np.argsort(-rows[wrong].max(1))][: COLUMNS * ROWS]
    used_rows = max(-(-len(shown) // COLUMNS), 1)
    sheet = Image.new("L", (COLUMNS * CELL_WIDTH, used_rows * CELL_HEIGHT), 255)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for cell, index in enumerate(shown):
        row, column = divmod(cell, COLUMNS)
        left, top = column * CELL_WIDTH, row * CELL_HEIGHT + TOP_MARGIN
        enlarged = Image.fromarray(faces.images[index]).resize((FACE_SIDE, FACE_SIDE), Image.Resampling.BICUBIC)
        sheet.paste(enlarged, (left + (CELL_WIDTH - FACE_SIDE) // 2, top))
        label = f"label {names[faces.labels[index]]}"
        prediction = f"model {names[predictions[index]]} {rows[index].max():.0%}"
        for line, text in enumerate((label, prediction)):
            text_top = top + FACE_SIDE + TEXT_MARGIN + LINE_HEIGHT * line
            draw.text((left + CELL_WIDTH // 2, text_top), text, fill=0, font=font, anchor="ma")
    sheet.save(path)
