"""Writes the reviewed faces as a CSV like FER2013's, with the pixels that the model saw."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mien.errors import Rejected
from mien.logic.documents import faces_of
from mien.logic.pictures import GRAY_48, Face
from mien.logic.recuts import cut_again
from mien.logic.results import Result
from operate.reviewed import Reviewed
from operate.statistics import ReviewedFace

# FER2013's classes, in the order of their numbers.
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COLUMNS = ("emotion", "pixels", "Usage")
# `training prepare` splits the rows with this usage itself.
USAGE = "Training"


@dataclass
class Written:
    """What is in the CSV, and what is not.

    rows: number of faces.
    without_label: number of reviewed faces without a label as their answer, or too small to be cut out.
    missing: object keys of images that are gone or have changed, so their faces are not written.
    """

    rows: int = 0
    without_label: int = 0
    missing: list[str] = field(default_factory=list)


def write_csv(s3: Any, bucket: str, reviewed: Reviewed, path: Path, on_image: Callable[[], None]) -> Written:
    """Writes one row per reviewed face whose answer is a label. on_image: is called once per image.

    Raises OSError if the file can't be written.
    """
    written = Written()
    images: dict[str, list[ReviewedFace]] = {}
    for face in reviewed.faces:
        images.setdefault(face.image, []).append(face)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for image, faces in images.items():
            result = reviewed.results[image]
            chosen = [face for face in faces if face.answer in CLASSES and is_cut(face, result)]
            written.without_label += len(faces) - len(chosen)
            pixels = cut(s3, bucket, result) if chosen else []
            if pixels is None:
                written.missing.append(image)
            else:
                for face in chosen:
                    seen = pixels[face.number - 1]
                    assert seen
                    rows.writerow([CLASSES.index(face.answer), " ".join(map(str, seen.pixels)), USAGE])
                    written.rows += 1
            on_image()
    return written


def is_cut(face: ReviewedFace, result: Result) -> bool:
    """Returns whether the model saw the face. It sees no face that is too small."""
    return face.number > 0 and "label" in faces_of(result)[face.number - 1]


def cut(s3: Any, bucket: str, result: Result) -> list[Face | None] | None:
    """Returns the pixels of each face of a result; None if the image is no longer the one that was labelled."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=result["image"]["key"])
    except s3.exceptions.NoSuchKey:
        return None
    if answer["ETag"].strip('"') != result["image"]["etag"]:
        return None
    try:
        return cut_again(answer["Body"].read(), faces_of(result), GRAY_48)
    except Rejected:
        return None
