"""Makes sample faces that may be published: each one averages many similar faces of one class.

No pixel of a composite belongs to one person. FER2013's own pictures come from the web with unclear rights, so they are
not part of this project.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from mien.logic.pictures import FACE_SIZE
from training.data.labelled_images import LabelledImages

# Faces are compared by this many principal components instead of 2,304 pixels: it is faster, and ignores fine detail.
COMPONENTS = 64
# Faces per composite. An average of this many shows nobody in particular.
GROUP_SIZE = 30
# Two groups of one class share fewer faces than this, so that their composites differ. A small class, such as disgust,
# does not have enough faces for groups that share none.
MAX_SHARED = GROUP_SIZE // 3
# Two faces that correlate at least this much count as copies of one photograph, cropped or compressed again. FER2013
# has many of them, and their average would be the photograph itself.
SAME_PHOTOGRAPH = 0.9
# A group is tried around this many random faces of each class. Each one costs its distances to the whole class.
CENTERS = 400
# Gray levels. Images with a smaller standard deviation are blank, or nearly so.
MINIMUM_CONTRAST = 20
# Groups are chosen from one third of each class: the faces that look most like their label, because many labels are
# doubtful.
TYPICAL_ONE_IN = 3
# A composite's pixels before contrast is stretched: mid-gray, with 2.5 standard deviations up to black and white.
MEAN_LEVEL, LEVEL_DEVIATION = 128, 50
TOO_FEW_FACES = (
    f"no class has {GROUP_SIZE} different faces with enough contrast, and a composite is the average of {GROUP_SIZE}"
)


def write(faces: LabelledImages, folder: Path, per_class: int, seed: int) -> list[Path]:
    """Writes `folder/<class>/<number>.png`, 48x48 grayscale, numbered from 1, and returns the paths.

    per_class: composites per class; a class with too few different faces gets fewer, or none.
    seed: the same faces and seed give the same composites.

    Raises ValueError, and writes nothing, if no class has enough different faces for one composite.
    """
    generator = np.random.default_rng(seed)
    pixels = faces.images.reshape(len(faces), FACE_SIZE**2).astype(np.float32)
    has_contrast = pixels.std(1) > MINIMUM_CONTRAST
    pixels, labels = pixels[has_contrast], faces.labels[has_contrast]
    if len(pixels) < GROUP_SIZE:
        raise ValueError(TOO_FEW_FACES)
    standardized = standardize(pixels)
    components = principal_components(standardized)
    scores = class_scores(components, labels, len(faces.classes))
    images: dict[Path, Image.Image] = {}
    for label, name in enumerate(faces.classes):
        members = np.flatnonzero(labels == label)
        members = members[without_copies(standardized[members])]
        count = max(len(members) // TYPICAL_ONE_IN, per_class * GROUP_SIZE)
        members = members[np.argsort(-scores[members, label])[:count]]
        for number, group in enumerate(similar_groups(components[members], per_class, generator), start=1):
            images[folder / name / f"{number}.png"] = average(standardized[members][group])
    if not images:
        raise ValueError(TOO_FEW_FACES)
    for path, image in images.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, optimize=True)
    return list(images)


def standardize(pixels: np.ndarray) -> np.ndarray:
    """Removes each image's brightness and contrast, which depend on the photo and not on the face: float32 [n, p]."""
    return np.asarray((pixels - pixels.mean(1, keepdims=True)) / pixels.std(1, keepdims=True))


def principal_components(standardized: np.ndarray) -> np.ndarray:
    """float32 [n, pixels] → float32 [n, COMPONENTS]."""
    centered = standardized - standardized.mean(0)
    _, axes = np.linalg.eigh(centered.T @ centered)
    return np.asarray(centered @ axes[:, ::-1][:, :COMPONENTS])


def class_scores(components: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """How much each face looks like each class, float [n, classes], as a linear model sees it."""
    one_hot = np.eye(classes)[labels]
    weights, *_ = np.linalg.lstsq(components, one_hot - one_hot.mean(0), rcond=None)
    return np.asarray(components @ weights)


def without_copies(standardized: np.ndarray) -> np.ndarray:
    """Which faces have no copy among the others, bool [n]. A photograph with several copies loses all of them."""
    if not len(standardized):
        return np.empty(0, bool)
    correlations = standardized @ standardized.T / standardized.shape[1]
    np.fill_diagonal(correlations, 0)
    return np.asarray(correlations.max(1) < SAME_PHOTOGRAPH)


def similar_groups(components: np.ndarray, count: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Up to `count` groups of GROUP_SIZE similar faces, most similar first: int64 [GROUP_SIZE] each.

    A group is a face and its nearest neighbours. Two groups share fewer than MAX_SHARED faces. There is no group of
    fewer faces, because its average could show a real person.
    """
    if len(components) < GROUP_SIZE:
        return []
    candidates = []
    for center in generator.permutation(len(components))[:CENTERS]:
        distances = np.linalg.norm(components - components[center], axis=1)
        nearest = np.argsort(distances)[:GROUP_SIZE]
        candidates.append((float(distances[nearest].mean()), nearest))
    groups: list[np.ndarray] = []
    for _, group in sorted(candidates, key=lambda candidate: candidate[0]):
        if len(groups) < count and all(np.intersect1d(group, other).size < MAX_SHARED for other in groups):
            groups.append(group)
    return groups


def average(standardized: np.ndarray) -> Image.Image:
    """The average of faces, float32 [n, pixels], sharpened: averaging blurs mouth, brows and eyes."""
    mean = standardized.mean(0)
    levels = np.clip(mean / mean.std() * LEVEL_DEVIATION + MEAN_LEVEL, 0, 255).astype(np.uint8)
    image = ImageOps.autocontrast(Image.fromarray(levels.reshape(FACE_SIZE, FACE_SIZE)), cutoff=1)
    return image.filter(ImageFilter.UnsharpMask(radius=2, percent=100, threshold=0))
