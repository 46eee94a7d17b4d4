"""A small data set of drawn shapes, and train.py run on it as SageMaker would run it."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from training.jobs.recipe import CONTAINER

CLASSES = ("circle", "square", "triangle")
# Options with which train.py takes a few seconds.
QUICK = {"epochs": 2, "batch-size": 8, "depth": 10, "width": 8, "stem-stride": 2}


def draw(shape: str, generator: np.random.Generator, size: int = 48, color: str = "gray") -> np.ndarray:
    """A bright shape at a random place of a dark, noisy image, uint8 [size, size] or [size, size, 3]."""
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
    if size != 48:
        image = image.resize((size, size))
    pixels = np.asarray(image if color == "gray" else image.convert("RGB"))
    return (pixels + generator.normal(0, 8, pixels.shape)).clip(0, 255).astype(np.uint8)


def write_shapes(
    root: Path, train: int = 24, validation: int = 12, size: int = 48, color: str = "gray", seed: int = 0
) -> None:
    """Writes the channels train and validation below a folder, with all classes in turn."""
    generator = np.random.default_rng(seed)
    for name, count in (("train", train), ("validation", validation)):
        labels = np.arange(count) % len(CLASSES)
        images = np.stack([draw(CLASSES[label], generator, size, color) for label in labels])
        (root / name).mkdir(parents=True)
        np.savez(root / name / "faces.npz", images=images, labels=labels.astype(np.int64), classes=np.array(CLASSES))


@dataclass(frozen=True)
class Trained:
    """A training that has ended.

    folder: with the model.
    printed: what train.py wrote to its standard output, errors: to its standard error.
    history: the rows of history.csv.
    """

    folder: Path
    status: int
    printed: str
    errors: str

    @property
    def history(self) -> list[dict[str, float]]:
        with (self.folder / "history.csv").open() as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def train(
    root: Path, options: Mapping[str, Any] = QUICK, *, threads: int = 1, status: int = 0, processes: int = 1
) -> Trained:
    """Runs train.py on the channels below a folder, and writes the model into its folder `model`.

    status: the expected exit status.
    processes: more than one are started by torchrun.
    """
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    channels = [f"--train={root / 'train'}", f"--validation={root / 'validation'}"]
    words = [f"--{name}={value}" for name, value in options.items()]
    ended = subprocess.run(
        [sys.executable, *torchrun, CONTAINER / "train.py", *channels, f"--model-dir={root / 'model'}", *words],
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == status, ended.stdout + ended.stderr
    return Trained(root / "model", ended.returncode, ended.stdout, ended.stderr)
