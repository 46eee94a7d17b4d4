"""Reviews: an opinion and a result → the review to store; stored bytes → a review, or nothing.

A review repeats what the reviewer saw: the version of the image, the face's box, its label and the model. So it keeps
its meaning when another model labels the image again.
"""

import json
from http import HTTPStatus
from typing import Any

from mien.errors import InvalidRequest
from mien.logic.documents import (
    MODEL_FIELDS,
    OLD_MODEL_FIELDS,
    faces_of,
    is_box,
    is_probability,
    is_schema,
    read_model,
    refuse_constant,
)
from mien.logic.labels import is_label
from mien.logic.opinions import NO_FACE, Opinion, read_opinion
from mien.logic.queries import malformed
from mien.logic.results import Result
from mien.logic.review_keys import review_key

SCHEMA = 1
IMAGE_FIELDS = ("key", "version_id", "etag")


def make_review(opinion: Opinion, document: Result) -> Result:
    """Returns the review to store.

    document: the result of the image.

    Raises InvalidRequest if the document has no such face, or if the model does not know the label.
    """
    require_label(opinion, document)
    return {
        "schema": SCHEMA,
        "image": {name: document["image"][name] for name in IMAGE_FIELDS},
        "face": opinion.face,
        **describe_face(opinion.face, document),
        "model": document["model"],
        **opinion_fields(opinion),
    }


def require_label(opinion: Opinion, document: Result) -> None:
    """Raises InvalidRequest if the opinion's label is not one of the model's, which only labelled faces tell."""
    labels: Result = next((face["probabilities"] for face in faces_of(document) if "probabilities" in face), {})
    if opinion.label and labels and opinion.label not in labels:
        raise malformed(f"The model of this result has no such label. Use one of {', '.join(labels)}.")


def describe_face(number: int, document: Result) -> Result:
    """Returns the box of a face and its label, each None if there is none. Raises InvalidRequest."""
    faces = faces_of(document)
    if number == NO_FACE and not faces:
        return {"box": None, "predicted": None}
    if number == NO_FACE or number > len(faces):
        found = "no face" if not faces else "one face" if len(faces) == 1 else f"{len(faces)} faces"
        detail = f"The result has {found}, so there is no face {number}."
        raise InvalidRequest(HTTPStatus.CONFLICT, "no_such_face", detail)
    face = faces[number - 1]
    predicted = {name: face[name] for name in ("label", "confidence")} if "label" in face else None
    return {"box": face.get("box"), "predicted": predicted}


def opinion_fields(opinion: Opinion) -> Result:
    return {
        "verdict": opinion.verdict,
        **({"label": opinion.label} if opinion.label else {}),
        **({"note": opinion.note} if opinion.note else {}),
        "reviewer": opinion.reviewer,
    }


def parse_review(data: bytes, key: str, inbox_prefix: str, prefix: str) -> Result | None:
    """Returns the review with the fields that schemas/review.schema.json describes, and without all others.

    Returns None if it is not a review that this application can have written, or if it does not belong to its key.

    key: of the stored object.
    inbox_prefix, prefix: of the images and of the reviews.
    """
    try:
        stored = json.loads(data, parse_constant=refuse_constant)
        review = read_review(stored)
        # A lone surrogate can't be written as UTF-8.
        json.dumps(review, ensure_ascii=False).encode()
    except (ValueError, RecursionError, InvalidRequest):
        return None
    if review is None:
        return None
    image_key = review["image"]["key"]
    expected = review_key(image_key, review["face"], review["reviewer"], inbox_prefix, prefix)
    return review if image_key.startswith(inbox_prefix) and expected == key else None


def read_review(stored: Any) -> Result | None:
    """Raises InvalidRequest if the opinion in it is not one."""
    match stored:
        case {
            "schema": schema,
            "image": {"key": str(), "version_id": str() | None, "etag": str()} as image,
            "box": box,
            "predicted": predicted,
            "model": model,
        } if (
            is_schema(schema, SCHEMA)
            and (box is None or is_box(box))
            and (predicted is None or read_predicted(predicted))
            and (model := read_model(model, MODEL_FIELDS) or read_model(model, OLD_MODEL_FIELDS)) is not None
        ):
            opinion = read_opinion(stored)
            return {
                "schema": SCHEMA,
                "image": {name: image[name] for name in IMAGE_FIELDS},
                "face": opinion.face,
                "box": box,
                "predicted": predicted and read_predicted(predicted),
                "model": model,
                **opinion_fields(opinion),
            }
    return None


def read_predicted(predicted: Any) -> Result | None:
    match predicted:
        case {"label": str(label), "confidence": confidence} if is_label(label) and is_probability(confidence):
            return {"label": label, "confidence": confidence}
    return None
