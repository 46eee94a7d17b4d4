"""The recipe of the committed model, as it is, learns a small data set of other classes."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from training.jobs.recipe import CONTAINER
from training.jobs.recipe_file import load_recipe

CLASSES = ("circle", "square", "triangle")
TRAINING, VALIDATION = 320, 80


def draw(shape: str, generator: np.random.Generator) -> np.ndarray:
    """A bright shape at a random place of a dark, noisy image, uint8 [48, 48]."""
    image = Image.new("L", (48, 48), int(generator.integers(60, 110)))
    pen = ImageDraw.Draw(image)
    (x, y), half = generator.integers(14, 34, 2), int(generator.integers(7, 13))
    level = int(generator.integers(150, 250))
    if shape == "circle":
        pen.ellipse((x - half, y - half, x + half, y + half), fill=level)
    elif shape == "square":
        pen.rectangle((x - half, y - half, x + half, y + half), fill=level)
    else:
        pen.polygon([(x, y - half), (x - half, y + half), (x + half, y + half)], fill=level)
    return (np.asarray(image) + generator.normal(0, 8, (48, 48))).clip(0, 255).astype(np.uint8)


def write_channel(folder: Path, count: int, generator: np.random.Generator) -> None:
    labels = np.arange(count) % len(CLASSES)
    images = np.stack([draw(CLASSES[label], generator) for label in labels])
    folder.mkdir()
    np.savez(folder / "faces.npz", images=images, labels=labels.astype(np.int64), classes=np.array(CLASSES))


def test_the_recipe_as_it_is_learns_three_classes_from_320_images(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for name, count in (("train", TRAINING), ("validation", VALIDATION)):
        write_channel(tmp_path / name, count, generator)
    folders = [word for name in ("train", "validation") for word in (f"--{name}", str(tmp_path / name))]
    options = [f"--{name}={value}" for name, value in load_recipe("resnet").hyperparameters.items()]
    trained = subprocess.run(
        [sys.executable, CONTAINER / "train.py", *folders, "--model-dir", tmp_path / "model", *options],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
    )
    assert trained.returncode == 0, trained.stderr
    assert "the data has no votes, so --votes is not used" in trained.stdout
    with (tmp_path / "model" / "history.csv").open() as file:
        accuracies = [float(row["validation_accuracy"]) for row in csv.DictReader(file)]
    assert max(accuracies) >= 0.95, accuracies
