"""Measures the face detection: recall, false faces, photos that are not upright, and the labels of the faces.

    .venv/bin/python benchmarks/faces.py PHOTOS CSV

PHOTOS is a folder of photos with `boxes.json`: an object from each photo's name to an object with `boxes` and `ignore`,
lists of [left, top, right, bottom] in pixels. CSV is FER2013's public test. Takes five minutes with 100 faces, and half
an hour with 1,000. Writes faces.md.
"""

import argparse
import io
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.face_pictures import CHANGES, Photo, composite, pictures_without_faces, read_photos
from benchmarks.report import write_page
from mien.logic.crops import FoundFace
from mien.logic.detector import load_detector
from mien.logic.faces import MINIMUM_SCORE, find_faces
from mien.logic.images import open_image
from mien.logic.pictures import FACE_SIZE, GRAY_48, decode, read_picture
from training.data.fer2013 import load_faces
from training.data.labelled_images import LabelledImages
from training.evaluation.measure import load_model, probabilities

ROOT = Path(__file__).parent.parent
detector = load_detector(ROOT / "layer" / "detector.onnx")

# Photos with more small faces than this are reported apart.
CROWD, SMALL = 50, 20
# Pixels. Recall counts faces of at least this height.
HEIGHT = 32
# The intersection of a found box and a true box is at least this share of their union.
MATCH = 0.4
SCORES = (0.5, 0.6, 0.65, 0.7, 0.8)
HEIGHTS = (80, 40, 20)
# Sizes of pasted faces in pixels, and the sides of the pictures around them in multiples of it.
SIZES, FACTORS = (24, 32, 48, 96), (1, 1.5, 2, 3, 4, 6)
# Shares of a face's square that are beyond the edge of the picture.
EDGES = (0, 0.1, 0.2, 0.3)


@dataclass(frozen=True)
class Count:
    """Faces of the photos, how many of them were found, and how many other boxes were found."""

    faces: int = 0
    found: int = 0
    false: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.faces + other.faces, self.found + other.found, self.false + other.false)

    def cells(self) -> str:
        return f"{self.found} of {self.faces} ({self.found / max(1, self.faces):.3f}) | {self.false}"


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of each box with each other one, float [n, m]."""
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = (bottom_right - top_left).clip(0).prod(2)
    areas, other_areas = ((rows[:, 2:] - rows[:, :2]).prod(1) for rows in (boxes, others))
    return np.asarray(shared / (areas[:, None] + other_areas[None] - shared))


def count(photo: Photo, faces: Sequence[FoundFace], low: float = HEIGHT, high: float = np.inf) -> Count:
    """Compares the found faces with the true ones whose height in pixels is from `low` to `high`."""
    boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
    heights = photo.boxes[:, 3] - photo.boxes[:, 1]
    is_counted = (low <= heights) & (heights <= high)
    matches = overlaps(boxes, photo.boxes)
    is_found, is_true = np.zeros(len(photo.boxes), bool), np.zeros(len(boxes), bool)
    while matches.size and matches.max() >= MATCH:
        box, truth = np.unravel_index(matches.argmax(), matches.shape)
        is_true[box] = is_found[truth] = True
        matches[box], matches[:, truth] = 0, 0
    is_ignored = (overlaps(boxes, photo.ignored) >= MATCH).any(1)
    return Count(int(is_counted.sum()), int((is_counted & is_found).sum()), int((~is_true & ~is_ignored).sum()))


def is_crowd(photo: Photo) -> bool:
    return bool(((photo.boxes[:, 3] - photo.boxes[:, 1]) < SMALL).sum() >= CROWD)


def photo_row(photos: Sequence[Photo], minimum_score: float = MINIMUM_SCORE) -> str:
    """The cells of a row: photos that are no crowds, then crowds."""
    counts = {False: Count(), True: Count()}
    for photo in photos:
        counts[is_crowd(photo)] += count(photo, find_faces(photo.image, detector, minimum_score))
    return f"{counts[False].cells()} | {counts[True].cells()}"


def recall_tables(photos: Sequence[Photo]) -> Iterator[str]:
    header = "found | false faces | found in crowds | false faces in crowds |"
    yield from ("## Recall and false faces", "", f"| photos | {header}", "| --- |" + " ---: |" * 4)
    for name, change in CHANGES.items():
        yield f"| {name} | {photo_row([change(photo) for photo in photos])} |"
    yield from ("", f"| minimum score | {header}", "| ---: |" + " ---: |" * 4)
    for score in SCORES:
        yield f"| {score} | {photo_row(photos, score)} |"
    yield from ("", "| height of the faces, pixels | found | false faces |", "| ---: | ---: | ---: |")
    for height in HEIGHTS:
        scaled = [resized for photo in photos if (resized := scaled_to(photo, height))]
        counts = [count(p, find_faces(p.image, detector), height / 1.5, height * 1.5) for p in scaled]
        yield f"| {height} | {sum(counts, Count()).cells()} |"


def scaled_to(photo: Photo, height: float) -> Photo | None:
    """The photo, reduced until the median of its faces' heights is `height`; None if it had to be enlarged."""
    median = float(np.median(photo.boxes[:, 3] - photo.boxes[:, 1]))
    return photo.resized(height / median) if height <= median else None


def direction_table(photos: Sequence[Photo]) -> Iterator[str]:
    yield from ("", "## Photos that are not upright", "")
    yield from ("| turned by | photos whose direction was recognized | faces found |", "| ---: | ---: | ---: |")
    for degrees in (0, 90, 180, 270):
        turned = [photo.turned(degrees) for photo in photos if not is_crowd(photo)]
        found = [find_faces(photo.image, detector) for photo in turned]
        right = sum(bool(faces) and faces[0].turn == (360 - degrees) % 360 for faces in found)
        counts = sum((count_sideways(p, f, degrees) for p, f in zip(turned, found, strict=True)), Count())
        yield f"| {degrees}° | {right} of {len(turned)} | {counts.found} of {counts.faces} |"


def count_sideways(photo: Photo, faces: Sequence[FoundFace], degrees: int) -> Count:
    """All faces count, because the height of a box of a face that lies on its side is the face's width."""
    return count(photo, faces, low=0)


def empty_table() -> Iterator[str]:
    yield from ("", "## Pictures without a face", "")
    yield from ("| pictures | count | with a false face |", "| --- | ---: | ---: |")
    found: dict[str, list[bool]] = {}
    for kind, image in pictures_without_faces():
        found.setdefault(kind, []).append(bool(find_faces(image, detector)))
    for kind, results in found.items():
        yield f"| {kind} | {len(results)} | {sum(results)} |"


def label_table(faces: LabelledImages, model_folder: Path) -> Iterator[str]:
    model = load_model(model_folder)
    original = probabilities(faces.images, model).argmax(1) == faces.labels
    yield from ("", "## Labels of faces in pictures", "")
    yield "| face, pixels | picture, times the face | found | accuracy of the found | as they were | difference |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for size in SIZES:
        for factor in FACTORS:
            crops = [crop_of_composite(face, size, factor, seed) for seed, face in enumerate(faces.images)]
            is_found = np.array([crop is not None for crop in crops])
            rows = probabilities(np.stack([crop for crop in crops if crop is not None]), model)
            right = rows.argmax(1) == faces.labels[is_found]
            before = original[is_found]
            changes = right.astype(int) - before
            error = changes.std() / len(changes) ** 0.5
            shares = " | ".join(f"{share:.3f}" for share in (is_found.mean(), right.mean(), before.mean()))
            yield f"| {size} | {factor:g} | {shares} | {changes.mean():+.3f} ± {error:.3f} |"


def crop_of_composite(face: np.ndarray, size: int, factor: float, seed: int) -> np.ndarray | None:
    """The model's input for a face that is pasted into a picture, uint8 [48, 48]; None if no face is found."""
    file = io.BytesIO()
    composite(face, size, factor, np.random.default_rng(seed)).save(file, "PNG")
    picture = read_picture(file.getvalue(), GRAY_48, partial(find_faces, detect=detector))
    found = [one.face for one in picture.faces if one.face]
    return np.frombuffer(found[0].pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE) if found else None


def edge_table(faces: LabelledImages, model_folder: Path) -> Iterator[str]:
    """Two ways where a face's square reaches beyond the picture: to repeat the pixels at the edge, or to move it."""
    model = load_model(model_folder)
    yield from ("", "## Faces at the edge of the picture", "")
    yield "| part of the square beyond the edge | edge repeated: accuracy | square moved: accuracy |"
    yield "| ---: | ---: | ---: |"
    for beyond in EDGES:
        repeated, moved = zip(*(squares_at_edge(face, beyond) for face in faces.images), strict=True)
        shares = [(probabilities(np.stack(rows), model).argmax(1) == faces.labels).mean() for rows in (repeated, moved)]
        yield f"| {beyond:g} | {' | '.join(f'{share:.3f}' for share in shares)} |"


def squares_at_edge(face: np.ndarray, beyond: float) -> tuple[np.ndarray, np.ndarray]:
    """The model's input, uint8 [48, 48], for a face of which a part is beyond the left edge: repeated, and moved."""
    side = 2 * FACE_SIZE
    picture = composite(face, side, 3, np.random.default_rng(0), (0, side))
    cut = round(beyond * side)
    picture = picture.crop((cut, 0, picture.width, picture.height))
    file = io.BytesIO()
    picture.save(file, "PNG")
    decoded = decode(open_image(file.getvalue()), picture.size, is_gray=True)
    squares = ((-cut, side, side - cut, 2 * side), (0, side, side, 2 * side))
    rows = [np.frombuffer(decoded.cut(square, GRAY_48).pixels, np.uint8) for square in squares]
    return rows[0].reshape(FACE_SIZE, FACE_SIZE), rows[1].reshape(FACE_SIZE, FACE_SIZE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder with photos and boxes.json")
    parser.add_argument("csv", type=Path, help="FER2013's public test")
    parser.add_argument("--faces", type=int, default=100, help="faces that are pasted into pictures (100)")
    arguments = parser.parse_args()
    os.environ["MIEN_THREADS"] = "1"
    photos = read_photos(arguments.photos)
    faces = load_faces(arguments.csv)
    chosen = np.random.default_rng(0).permutation(len(faces))[: arguments.faces]
    sample = faces[chosen]
    table = [
        *(*recall_tables(photos), *direction_table(photos), *empty_table()),
        *(*label_table(sample, ROOT / "models"), *edge_table(sample, ROOT / "models")),
    ]
    crowds = sum(map(is_crowd, photos))
    notes = f"""
        Recall counts faces whose box is at least {HEIGHT} pixels high in the photo. A face is found if the two boxes
        share {MATCH:g} of their union. There are {len(photos)} photos, {crowds} of them crowds: photos with at least
        {CROWD} faces of less than {SMALL} pixels. The minimum score is {MINIMUM_SCORE}, except in the second table. In
        the third table the photos were reduced until the median height of their faces was that of the row.

        Labels: {len(sample)} faces of FER2013's public test, enlarged or reduced to the given size, were pasted into
        drawings and went through detection, crop and model. At the edge, faces of 96 pixels were cut off by the left
        edge of the picture, and their square is where it would be if the detector's box were that of the whole face.
        The standard error of an accuracy is {(0.7 * 0.3 / len(sample)) ** 0.5:.3f}; that of a difference is smaller,
        because the same faces are compared, and is given with it. Measured with Python {platform.python_version()}.
    """
    command = ".venv/bin/python benchmarks/faces.py PHOTOS public_test.csv.gz"
    write_page(__file__, "Face detection", table, notes, command)


if __name__ == "__main__":
    main()
