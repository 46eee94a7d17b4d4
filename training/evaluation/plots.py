"""Draws a model's figures: confusion matrix, reliability diagram, and its most confident mistakes."""

import warnings
from pathlib import Path
from typing import Any

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
# Pixels of a cell of the sheet: the image, with two lines of text below it.
IMAGE_SIDE, CELL_WIDTH, CELL_HEIGHT = 96, 124, 146
TOP_MARGIN, TEXT_MARGIN, LINE_HEIGHT = 8, 4, 16
# From this share on, the blue of a cell is dark enough for white text.
WHITE_TEXT_FROM = 0.65
# A matrix of more classes has no numbers in its cells, and the shares are read from a scale of colors.
CLASSES_WITH_NUMBERS = 20
# A larger matrix names only every second class, or every third.
NAMED_CLASSES = 100
# Inches per class, with numbers in the cells and without.
CELL, SMALL_CELL = 0.62, 0.13
# Inches around the cells, for names and titles; and the least of the whole figure.
AROUND, SMALLEST = 2.0, (6, 5.6)
# A longer name of a class is cut.
NAME_LENGTH = 24


def save_confusion_matrix(counts: np.ndarray, labels: list[str], path: Path, source: str, things: str) -> None:
    """Draws, per label, the shares of its images that get each prediction.

    counts: int [classes, classes], one row per label and one column per prediction.
    source: the name of the data, for the title.
    things: "faces" or "images".
    """
    classes = len(labels)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    has_numbers = classes <= CLASSES_WITH_NUMBERS
    side = AROUND + min(classes, 2 * NAMED_CLASSES) * (CELL if has_numbers else SMALL_CELL)
    figure, axes = plt.subplots(figsize=(max(SMALLEST[0], side), max(SMALLEST[1], side - 0.4)), layout="constrained")
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    if has_numbers:
        for row, column in np.ndindex(*shares.shape):
            color = "white" if shares[row, column] > WHITE_TEXT_FROM else "black"
            axes.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", color=color)
    else:
        figure.colorbar(
            picture, ax=axes, shrink=0.6, fraction=0.03, label=f"share of the {things} of a label", format="{x:.0%}"
        )
    named = range(0, classes, -(-classes // NAMED_CLASSES))
    totals = counts.sum(1).tolist()
    # Names are free text: a dollar sign in them does not begin a formula.
    text: dict[str, Any] = {"parse_math": False, "fontsize": None if has_numbers else 7}
    names = [shortened(labels[index]) for index in named]
    axes.set_xticks(named, names, rotation=45 if has_numbers else 90, rotation_mode="anchor", ha="right", **text)
    if not has_numbers:
        plt.setp(axes.get_xticklabels(), va="center")
    axes.set_yticks(named, [f"{name} ({totals[index]:,})" for name, index in zip(names, named, strict=True)], **text)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="prediction", ylabel=f"label ({things})")
    axes.set_title(
        f"Predictions for the {things} of each label\n{shortened(source, 60)}", parse_math=False, fontsize=11
    )
    save(figure, path)


def save_reliability_diagram(rows: np.ndarray, labels: np.ndarray, path: Path, source: str, things: str) -> None:
    """Draws accuracy against confidence, with a 95% interval per bin, and the count of images per bin.

    rows: probabilities, float [n, classes].
    labels: int64 [n].
    source, things: as for `save_confusion_matrix`.
    """
    bins = calibration_bins(rows, labels)
    counts, confidences, accuracies = (np.array(column) for column in zip(*bins, strict=True))
    bounds = [wilson_interval(round(share * count), count) for count, _, share in bins]
    # Rounding can put a bound of 0 or 1 on the wrong side of the accuracy.
    errors = np.maximum((np.array(bounds) - accuracies[:, None]) * [-1, 1], 0).T
    figure, (upper, lower) = plt.subplots(2, sharex=True, figsize=(5, 6), height_ratios=(4, 1), layout="constrained")
    upper.plot([0, 1], [0, 1], color="gray", linestyle="--", label="perfect calibration")
    upper.errorbar(confidences, accuracies, errors, marker="o", capsize=3, label="this model (95% interval)")
    # The marker of an accuracy of 0 or 1 is drawn whole.
    upper.set(ylabel="accuracy", ylim=(-0.02, 1.02))
    title = f"Accuracy of predictions by their confidence\n{shortened(source, 50)}"
    upper.set_title(title, parse_math=False, fontsize=11)
    upper.legend(loc="upper left")
    # The mean confidence of a bin is inside the bin, so it gives the bin's left edge.
    left_edges = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1) / CALIBRATION_BINS
    lower.bar(left_edges, counts, 1 / CALIBRATION_BINS, align="edge", ec="white")
    lower.set(xlabel="confidence", ylabel=things, xlim=(0, 1.02))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.align_ylabels()
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        # The version of matplotlib is left out, so the file changes only if the picture does.
        figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def shortened(name: str, length: int = NAME_LENGTH) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def save_mistakes(images: LabelledImages, rows: np.ndarray, path: Path) -> None:
    """Draws a sheet of the most confident mistakes: each image, its label, and the prediction with its confidence.

    rows: the model's probabilities for the images, float32 [n, classes].
    """
    predictions = rows.argmax(1)
    wrong = np.flatnonzero(predictions != images.labels)
    shown = wrong[np.argsort(-rows[wrong].max(1), kind="stable")][: COLUMNS * ROWS]
    used_rows = max(-(-len(shown) // COLUMNS), 1)
    mode, white = ("RGB", (255, 255, 255)) if images.images.ndim == 4 else ("L", 255)
    sheet = Image.new(mode, (COLUMNS * CELL_WIDTH, used_rows * CELL_HEIGHT), white)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for cell, index in enumerate(shown):
        row, column = divmod(cell, COLUMNS)
        left, top = column * CELL_WIDTH, row * CELL_HEIGHT + TOP_MARGIN
        resized = Image.fromarray(images.images[index]).resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BICUBIC)
        sheet.paste(resized, (left + (CELL_WIDTH - IMAGE_SIDE) // 2, top))
        label, prediction = images.classes[images.labels[index]], images.classes[predictions[index]]
        for line, (words, name, end) in enumerate(
            (("label", label, ""), ("model", prediction, f" {rows[index].max():.0%}"))
        ):
            text = fitting(words, name, end, font)
            text_top = top + IMAGE_SIDE + TEXT_MARGIN + LINE_HEIGHT * line
            draw.text((left + CELL_WIDTH // 2, text_top), text, fill=0, font=font, anchor="ma")
    if not len(shown):
        draw.text((CELL_WIDTH * COLUMNS // 2, CELL_HEIGHT // 2), "no mistakes", fill=0, font=font, anchor="mm")
    sheet.save(path)


def fitting(word: str, name: str, end: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """A line of a cell of the sheet, with the name cut so that it fits."""
    for length in range(len(name), 0, -1):
        text = f"{word} {shortened(name, length)}{end}"
        if font.getlength(text) <= CELL_WIDTH - 4:
            return text
    return f"{word}{end}"
