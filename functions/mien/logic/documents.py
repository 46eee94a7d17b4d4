"""Stored bytes → a document that this application has written, or nothing.

Other programs can write into the bucket too. What they wrote must not become a part of the API's answers.
"""

import json
import math
import re
from typing import Any, NoReturn

from mien.logic.images import MIN_SIDE
from mien.logic.labels import MAX_LABELS, is_label
from mien.logic.orientation import TURNS
from mien.logic.pictures import MAX_FACES
from mien.logic.results import LABEL_FIELDS, SCHEMA, Result, document_key, is_rejected

# Documents of this version have one label per image, and no faces.
OLD_SCHEMA = 1
OLD_MODEL_FIELDS = ("endpoint", "variant", "version", "preprocessing")
MODEL_FIELDS = (*OLD_MODEL_FIELDS, "detector")
REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")


def parse_document(data: bytes, key: str, inbox_prefix: str, prefix: str) -> Result | None:
    """Returns the document with the fields that schemas/document.schema.json describes, and without all others.

    Returns None if a field is missing, has another type or an impossible value, if the text can't be written as UTF-8
    again, or if the document does not belong to its object key.

    key: of the stored object.
    inbox_prefix, prefix: of the images and of this kind of document.
    """
    try:
        stored = json.loads(data, parse_constant=refuse_constant)
        document = read_result(stored) or read_old_result(stored) or read_rejection(stored)
        # A lone surrogate can't be written as UTF-8.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    if document is None:
        return None
    image_key = document["image"]["key"]
    is_in_place = image_key.startswith(inbox_prefix) and document_key(image_key, inbox_prefix, prefix) == key
    return document if is_in_place else None


def refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity, which are not JSON."""
    raise ValueError(f"{name} is not JSON")


def read_result(stored: Any) -> Result | None:
    match stored:
        case {
            "schema": schema,
            "status": status,
            "faces": list(entries),
            "faces_found": int(found),
            "image": image,
            "model": model,
        } if (
            is_schema(schema, SCHEMA)
            and type(found) is int
            and len(entries) <= min(found, MAX_FACES)
            and (model := read_model(model, MODEL_FIELDS)) is not None
            and (image := read_image(image)) is not None
        ):
            faces = [face for entry in entries if (face := read_face(entry)) is not None]
            labelled = [face for face in faces if "label" in face]
            expected = "classified" if labelled else "too_small" if faces else "no_face"
            if len(faces) < len(entries) or status != expected:
                return None
            return {
                "schema": SCHEMA,
                "status": status,
                **({name: labelled[0][name] for name in LABEL_FIELDS} if labelled else {}),
                "faces": faces,
                "faces_found": found,
                "image": image,
                "model": model,
            }
    return None


def read_face(entry: Any) -> Result | None:
    match entry:
        case {"box": box} if is_box(box) and ("score" not in entry or is_probability(entry["score"])):
            face = {name: entry[name] for name in ("box", "score") if name in entry}
        case _:
            return None
    if (label := read_label(entry)) is not None:
        crop = read_crop(entry)
        return None if crop is None else {**face, **crop, **label}
    return {**face, "reason": "too_small"} if entry.get("reason") == "too_small" and "score" in face else None


def is_box(box: Any) -> bool:
    match box:
        case [left, top, right, bottom] if all(type(edge) is int for edge in (left, top, right, bottom)):
            return bool(0 <= left < right and 0 <= top < bottom)
    return False


def read_crop(entry: Any) -> Result | None:
    """Returns the square of a face that the model saw, and how it was turned."""
    match entry:
        case {"crop": [left, top, right, bottom]} if (
            all(type(edge) is int for edge in (left, top, right, bottom))
            and left < right
            and bottom - top == right - left
            and ("turn" not in entry or (type(entry["turn"]) is int and entry["turn"] in TURNS))
        ):
            return {name: entry[name] for name in ("crop", "turn") if name in entry}
    return None


def read_old_result(stored: Any) -> Result | None:
    match stored:
        case {"schema": schema, "status": "classified", "image": image, "model": model} if (
            is_schema(schema, OLD_SCHEMA)
            and (label := read_label(stored)) is not None
            and (model := read_model(model, OLD_MODEL_FIELDS)) is not None
            and (image := read_image(image)) is not None
        ):
            return {"schema": OLD_SCHEMA, "status": "classified", **label, "image": image, "model": model}
    return None


def read_label(entry: Any) -> Result | None:
    """Returns the label of a face, or of an image, with its confidence and all probabilities."""
    match entry:
        case {"label": str(label), "confidence": confidence, "probabilities": dict(probabilities)} if (
            len(probabilities) <= MAX_LABELS
            and all(map(is_label, probabilities))
            and all(map(is_probability, probabilities.values()))
            and is_probability(confidence)
            and probabilities.get(label) == confidence
        ):
            return {"label": label, "confidence": confidence, "probabilities": probabilities}
    return None


def read_model(model: Any, fields: tuple[str, ...]) -> dict[str, str] | None:
    if not isinstance(model, dict) or not all(isinstance(model.get(name), str) for name in fields):
        return None
    return {name: model[name] for name in fields}


def faces_of(document: Result) -> list[Result]:
    """Returns the faces of a document. An old document is itself like a face: it has one label."""
    if is_rejected(document):
        return []
    return list(document.get("faces", [document]))


def read_rejection(stored: Any) -> Result | None:
    match stored:
        case {
            "schema": schema,
            "status": "rejected",
            "reason": str(reason),
            "detail": str(detail),
            "image": image,
        } if (
            is_schema(schema, OLD_SCHEMA, SCHEMA)
            and REASON.fullmatch(reason)
            and detail.endswith(".")
            and (fields := read_image(image)) is not None
        ):
            return {"schema": schema, "status": "rejected", "reason": reason, "detail": detail, "image": fields}
    return None


def read_image(image: Any) -> dict[str, Any] | None:
    """Returns the fields of a stored image. A stored `url` is dropped: only this application signs addresses."""
    match image:
        case {
            "bucket": str(),
            "key": str(),
            "version_id": str() | None,
            "etag": str(),
            "sequencer": str(),
        }:
            names = ["bucket", "key", "version_id", "etag", "sequencer"]
        case _:
            return None
    sides = [name for name in ("width", "height") if name in image]
    if not all(type(image[name]) is int and image[name] >= MIN_SIDE for name in sides):
        return None
    return {name: image[name] for name in [*names, *sides]}


def is_schema(value: Any, *versions: int) -> bool:
    return type(value) is int and value in versions


def is_probability(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1
