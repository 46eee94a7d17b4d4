"""A photo → the faces in it, largest first.

The detector runs on small copies of the photo: one for all faces, and a smaller one for faces that fill much of the
photo, which it would score low or miss in the first. A face that is not upright gets a lower score. So if no score is
high, the photo is turned in the other three directions, and the direction with the highest score is kept.
"""

import numpy as np
from PIL import Image

from mien.logic.crops import FoundFace
from mien.logic.detector import Detector
from mien.logic.orientation import TURNS

# Pixels of the longer side of the copy in which all faces are looked for. A small photo is enlarged for it, but not by
# more than this factor. Without it, a third of FER2013's faces of 48 pixels are missed in a picture of 240 pixels.
DETECTION_SIDE = 1024
MAX_ENLARGEMENT = 3
# The same for the copy in which large faces are looked for, and the least height of their boxes in it.
LARGE_FACES_SIDE = 320
LARGE_FACE = 64
# A face has at least this score. benchmarks/faces.md has the recall and the false faces of others.
MINIMUM_SCORE = 0.65
# Upright faces have a higher score than this in nearly every photo, and faces of other directions a lower one.
UPRIGHT_SCORE = 0.9
# The best score of another direction must be higher than the best upright one by this much.
TURN_MARGIN = 0.05
# Two boxes are the same face if their intersection is at least this share of their union.
SAME_FACE = 0.3
# The detector's sides are multiples of it.
STRIDE = 32


def find_faces(image: Image.Image, detect: Detector, minimum_score: float = MINIMUM_SCORE) -> list[FoundFace]:
    """Returns the faces in a photo, sorted by area, largest first. An empty list means that no face was found.

    image: mode RGB or L, of any size, turned as its EXIF data says.
    minimum_score: from 0 to 1. A higher one finds fewer faces and fewer false ones.
    """
    copy = resize(image, min(DETECTION_SIDE, MAX_ENLARGEMENT * max(image.size)))
    scale = image.width / copy.width
    turn = 0
    boxes, scores = find_boxes(copy, detect, minimum_score)
    highest = scores.max(initial=0)
    if highest < UPRIGHT_SCORE:
        for other, transposition in TURNS.items():
            turned, turned_scores = find_boxes(copy.transpose(transposition), detect, minimum_score)
            if turned_scores.max(initial=0) > highest + (0 if turn else TURN_MARGIN):
                highest = turned_scores.max()
                turn, boxes, scores = other, turn_back(turned, other, copy.size), turned_scores
    faces = [
        FoundFace((left * scale, top * scale, right * scale, bottom * scale), round(float(score), 4), turn)
        for (left, top, right, bottom), score in zip(boxes.tolist(), scores.tolist(), strict=True)
    ]
    return sorted(faces, key=lambda face: -face.area)


def resize(image: Image.Image, side: int) -> Image.Image:
    """Returns a copy in RGB whose longer side has `side` pixels."""
    factor = side / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    # Pillow averages blocks of a large image first, as long as three times the size of the copy is left.
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0).convert("RGB")


def find_boxes(image: Image.Image, detect: Detector, minimum_score: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns boxes, float32 [n, 4] in pixels of the image, one per face, and their scores, float32 [n].

    image: mode RGB.
    """
    boxes, scores = run(image, detect)
    if max(image.size) > LARGE_FACES_SIDE:
        copy = resize(image, LARGE_FACES_SIDE)
        large, large_scores = run(copy, detect)
        is_large = large[:, 3] - large[:, 1] >= LARGE_FACE
        boxes = np.concatenate([boxes, large[is_large] * (image.width / copy.width)])
        scores = np.concatenate([scores, large_scores[is_large]])
    boxes = boxes.clip(0, (image.width, image.height) * 2)
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(1)
    candidates = np.flatnonzero(has_area & (scores >= minimum_score))
    best = candidates[distinct(boxes[candidates], scores[candidates])]
    return boxes[best], scores[best]


def run(image: Image.Image, detect: Detector) -> tuple[np.ndarray, np.ndarray]:
    """Runs the detector on an image in mode RGB, with black at the right and at the bottom."""
    padded = np.zeros((-(-image.height // STRIDE) * STRIDE, -(-image.width // STRIDE) * STRIDE, 3), np.uint8)
    padded[: image.height, : image.width] = np.asarray(image)
    return detect(padded)


def distinct(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Returns the indices of one box per face, best first: the box with the highest score of those that overlap."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        top_left = np.maximum(boxes[best, :2], boxes[waiting, :2])
        bottom_right = np.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = (bottom_right - top_left).clip(0).prod(1)
        waiting = waiting[shared < SAME_FACE * (areas[best] + areas[waiting] - shared)]
    return kept


def turn_back(boxes: np.ndarray, turn: int, size: tuple[int, int]) -> np.ndarray:
    """Boxes in a turned image → boxes in the image before, whose width and height are `size`."""
    width, height = size
    left, top, right, bottom = boxes.T
    match turn:
        case 90:
            corners = (width - bottom, left, width - top, right)
        case 180:
            corners = (width - right, height - bottom, width - left, height - top)
        case _:
            corners = (top, height - right, bottom, height - left)
    return np.stack(corners, axis=1)
