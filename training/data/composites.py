"""Sample faces that may be shown and shipped: each the average of many faces of one class that look alike.

No pixel of a composite belongs to one person. FER2013's own pictures came from the web with unclear rights, and are
not part of this project.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from mien.logic.labels import LABELS
from training.data.fer2013 import Faces

COMPONENTS = 64
MEMBERS = 30
# Two faces that correlate more than this are taken for prints of one photograph: FER2013 holds many, cropped or
# compressed anew, and an average of those would be that photograph again.
SAME_PHOTOGRAPH = 0.9
CENTERS = 400


def write(faces: Faces, folder: Path, per_class: int, seed: int) -> list[Path]:
    """Writes `folder/<class>/<n>.png`, 48x48 grayscale, `per_class` of each class."""
    chance = np.random.default_rng(seed)
    flat = faces.images.reshape(len(faces), -1).astype(np.float32)
    lively = flat.std(1) > 20
    flat, labels = flat[lively], faces.labels[lively]
    # Brightness and contrast are the photographer's, not the face's.
    standard = (flat - flat.mean(1, keepdims=True)) / flat.std(1, keepdims=True)
    places = principal_components(standard)
    typical = typicality(places, labels)
    written = []
    for label, name in enumerate(LABELS):
        members = np.flatnonzero(labels == label)
        members = members[distinct(standard[members])]
        members = members[np.argsort(-typical[members, label])[: max(len(members) // 3, per_class * MEMBERS)]]
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, group in enumerate(groups(places[members], per_class, chance), start=1):
            path = folder / name / f"{number}.png"
            average(standard[members][group]).save(path, optimize=True)
            written.append(path)
    return written


def principal_components(standard: np.ndarray) -> np.ndarray:
    """float32 [n, pixels] → [n, COMPONENTS]."""
    centered = standard - standard.mean(0)
    _, axes = np.linalg.eigh(centered.T @ centered)
    return np.asarray(centered @ axes[:, ::-1][:, :COMPONENTS])


def typicality(places: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How much a face looks like each class to a linear model, float [n, classes]: many labels are doubtful."""
    wanted = np.eye(len(LABELS))[labels]
    weights, *_ = np.linalg.lstsq(places, wanted - wanted.mean(0), rcond=None)
    return np.asarray(places @ weights)


def distinct(standard: np.ndarray) -> np.ndarray:
    """Which faces to keep, bool [n]: of a photograph's several prints none."""
    correlations = standard @ standard.T / standard.shape[1]
    np.fill_diagonal(correlations, 0)
    return np.asarray(correlations.max(1) < SAME_PHOTOGRAPH)


def groups(places: np.ndarray, count: int, chance: np.random.Generator) -> list[np.ndarray]:
    """The tightest `count` groups, each of a face and those nearest to it, that have few faces in common."""
    found = []
    for center in chance.permutation(len(places))[:CENTERS]:
        distances = np.linalg.norm(places - places[center], axis=1)
        nearest = np.argsort(distances)[:MEMBERS]
        found.append((float(distances[nearest].mean()), nearest))
    taken: list[np.ndarray] = []
    for _, group in sorted(found, key=lambda pair: pair[0]):
        # A small class has not room for groups that are wholly apart.
        if len(taken) < count and all(np.intersect1d(group, other).size < MEMBERS // 3 for other in taken):
            taken.append(group)
    return taken


def average(standard: np.ndarray) -> Image.Image:
    mean = standard.mean(0)
    pixels = np.clip(mean / mean.std() * 50 + 128, 0, 255).astype(np.uint8).reshape(48, 48)
    # Averaging blurs what the expression is made of: mouth, brows and eyes.
    return ImageOps.autocontrast(Image.fromarray(pixels), cutoff=1).filter(ImageFilter.UnsharpMask(2, 100, 0))
