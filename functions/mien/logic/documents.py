"""Stored bytes → a document that this application has written, or nothing.

Other programs can write into the bucket too. What they wrote must not become a part of the API's answers.
"""

import json
import math
import re
from typing import Any, NoReturn

from mien.logic.images import MIN_SIDE
from mien.logic.labels import LABELS
from mien.logic.results import SCHEMA, Result, document_key

MODEL_FIELDS = ("endpoint", "variant", "version", "preprocessing")
REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")


def parse_document(data: bytes, key: str, inbox_prefix: str, prefix: str) -> Result | None:
    """Returns the document with the fields that openapi.yaml describes, and without all others.

    Returns None if a field is missing, has another type or an impossible value, if the text can't be written as UTF-8
    again, or if the document does not belong to its object key.

    key: of the stored object.
    inbox_prefix, prefix: of the images and of this kind of document.
    """
    try:
        stored = json.loads(data, parse_constant=refuse_constant)
        document = read_result(stored) or read_rejection(stored)
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
            "status": "classified",
            "label": str(label),
            "confidence": confidence,
            "probabilities": dict(probabilities),
            "image": image,
            "model": dict(model),
        } if (
            is_schema(schema)
            and label in LABELS
            and is_probability(confidence)
            and probabilities.keys() == set(LABELS)
            and all(map(is_probability, probabilities.values()))
            and all(isinstance(model.get(name), str) for name in MODEL_FIELDS)
            and (fields := read_image(image)) is not None
        ):
            return {
                "schema": SCHEMA,
                "status": "classified",
                "label": label,
                "confidence": confidence,
                "probabilities": probabilities,
                "image": fields,
                "model": {name: model[name] for name in MODEL_FIELDS},
            }
    return None


def read_rejection(stored: Any) -> Result | None:
    match stored:
        case {
            "schema": schema,
            "status": "rejected",
            "reason": str(reason),
            "detail": str(detail),
            "image": image,
        } if (
            is_schema(schema)
            and REASON.fullmatch(reason)
            and detail.endswith(".")
            and (fields := read_image(image)) is not None
        ):
            return {"schema": SCHEMA, "status": "rejected", "reason": reason, "detail": detail, "image": fields}
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


def is_schema(value: Any) -> bool:
    return type(value) is int and value == SCHEMA


def is_probability(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1
