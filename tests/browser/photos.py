"""Drawn photos, and documents about them. Each face is a rectangle of one color on a gray background."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageColor

from tests.support.bucket import Bucket
from tests.support.labels import LABELS

Box = tuple[int, int, int, int]
Document = dict[str, Any]
COLORS = ("red", "blue", "lime", "yellow", "magenta", "cyan")
BACKGROUND = "gray"
EXIF_ORIENTATION = 0x0112
# How the pixels are stored in a file with this orientation, so that viewers show them upright.
STORED = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
# Faces of less than so many pixels per side are too small to be labelled.
MIN_FACE_SIDE = 24
MODEL = {"endpoint": "mien-faces", "variant": "AllTraffic", "version": "drawn", "preprocessing": "5-batch"}


@dataclass(frozen=True)
class Photo:
    """A photo as viewers show it.

    boxes: its faces, largest first.
    orientation: EXIF's, which the file has.
    """

    name: str
    width: int
    height: int
    boxes: Sequence[Box] = ()
    orientation: int = 1

    def file(self, kind: str = "JPEG") -> bytes:
        image = Image.new("RGB", (self.width, self.height), BACKGROUND)
        for number, box in enumerate(self.boxes):
            image.paste(color_of(number), box)
        if self.orientation in STORED:
            image = image.transpose(STORED[self.orientation])
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = self.orientation
        file = io.BytesIO()
        # Without subsampling, the colors reach the edges of the boxes.
        image.save(file, kind, quality=95, exif=exif, **({"subsampling": 0} if kind == "JPEG" else {}))
        return file.getvalue()

    def document(self, faces_found: int | None = None) -> Document:
        """The document without the fields of a stored image.

        faces_found: if the document lists only some of the faces.
        """
        faces = [describe_face(box, number) for number, box in enumerate(self.boxes)]
        labelled = [face for face in faces if "label" in face]
        return {
            "schema": 2,
            "status": "classified" if labelled else "too_small" if faces else "no_face",
            **(label_fields(labelled[0]) if labelled else {}),
            "faces": faces,
            "faces_found": len(faces) if faces_found is None else faces_found,
            "image": {"width": self.width, "height": self.height},
            "model": {**MODEL, "detector": "drawn"},
        }

    def whole_document(self) -> Document:
        """The document of an image that was labelled whole."""
        side = min(self.width, self.height)
        left, top = (self.width - side) // 2, (self.height - side) // 2
        square = [left, top, left + side, top + side]
        face = {"box": square, "crop": square, **label(0)}
        return {**self.document(), "status": "classified", **label(0), "faces": [face], "faces_found": 1}

    def old_document(self) -> Document:
        """The document of an earlier version, which had no faces."""
        image = {"width": self.width, "height": self.height}
        return {"schema": 1, "status": "classified", **label(0), "image": image, "model": MODEL}


def color_of(number: int) -> tuple[int, ...]:
    """The color of the face with this number, from 0."""
    return ImageColor.getrgb(COLORS[number % len(COLORS)])


def describe_face(box: Box, number: int) -> Document:
    left, top, right, bottom = box
    face = {"box": list(box), "score": round(0.95 - number / 100, 2)}
    is_small = min(right - left, bottom - top) < MIN_FACE_SIDE
    return {**face, **({"reason": "too_small"} if is_small else {"crop": square_around(box), **label(number)})}


def square_around(box: Box) -> list[int]:
    """A square of the box's height with the same middle."""
    left, top, right, bottom = box
    side = bottom - top
    start = (left + right - side) // 2
    return [start, top, start + side, bottom]


def label(number: int) -> Document:
    """The first face is angry with 90%, the second disgusted with 80%, and so on."""
    own = number % len(LABELS)
    confidence = round(0.9 - 0.1 * own, 4)
    rest = round((1 - confidence) / (len(LABELS) - 1), 4)
    probabilities = {name: confidence if place == own else rest for place, name in enumerate(LABELS)}
    return {"label": LABELS[own], "confidence": confidence, "probabilities": probabilities}


def label_fields(face: Document) -> Document:
    return {name: face[name] for name in ("label", "confidence", "probabilities")}


def store(bucket: Bucket, folder: str, photo: Photo, document: Document | None = None, kind: str = "JPEG") -> None:
    """Stores a photo in a folder of the inbox, and its document instead of what the application makes of it."""
    name = folder + photo.name
    bucket.upload_without_event(name, photo.file(kind))
    stored = bucket.s3.head_object(Bucket=bucket.name, Key=bucket.inbox + name)
    document = document or photo.document()
    image = {
        "bucket": bucket.name,
        "key": bucket.inbox + name,
        "version_id": stored.get("VersionId"),
        "etag": stored["ETag"].strip('"'),
        "sequencer": "0001",
        **document["image"],
    }
    body = json.dumps({**document, "image": image})
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}{name}.json", Body=body)
