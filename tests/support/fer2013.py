"""FER2013 in small: random faces, CSV files of them, and the command line that reads them."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from local.paths import ROOT
from training.data.fer2013 import CLASSES
from training.data.labelled_images import LabelledImages

GENERATOR = np.random.default_rng(0)
# The header of FER+'s file as Microsoft publishes it, and the part of it that names the votes.
FERPLUS_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VOTES_HEADER = FERPLUS_HEADER.partition("name,")[2]


def random_faces(count: int) -> LabelledImages:
    """Noise, so no two faces are alike. The labels are 0 to 6 in turn."""
    images = GENERATOR.integers(0, 256, (count, 48, 48), np.uint8)
    return LabelledImages(images, np.arange(count) % len(CLASSES), CLASSES)


def uniform_pixels(level: int, count: int = 48 * 48) -> str:
    """The CSV field of a face whose pixels all have one level."""
    return " ".join([str(level)] * count)


def write_csv(path: Path, *rows: str, header: str = "emotion,pixels") -> Path:
    text = "\n".join([header, *rows]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def write_faces_csv(path: Path, faces: LabelledImages, usage: str) -> Path:
    """Writes faces in the form of fer2013.csv, with a column Usage."""
    rows = [
        f"{label},{' '.join(map(str, image.ravel()))},{usage}"
        for image, label in zip(faces.images, faces.labels, strict=True)
    ]
    return write_csv(path, *rows, header="emotion,pixels,Usage")


def run_training(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `python -m training` with these arguments in a process of its own."""
    command = [sys.executable, "-m", "training", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
