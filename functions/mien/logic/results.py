"""Result documents: their content, their object keys, and which of two documents is newer.

The same upload, model and preprocessing give the same bytes. So a duplicate delivery changes nothing.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import Rejected
from mien.logic.pictures import Picture, PictureFace
from mien.logic.uploads import Upload

# Version 1 had one label per image. Documents of both versions are read (documents.py).
SCHEMA = 2
# Four decimals are finer than what the model knows, and coarser than the differences between floating-point units.
DECIMALS = 4
SCORE_DECIMALS = 2
# Of a face, and of the document, which repeats those of the largest face.
LABEL_FIELDS = ("label", "confidence", "probabilities")
# Bytes. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
MAX_KEY_BYTES = 1024
# The end of a name that was cut: the digest of the whole name.
DIGEST = re.compile(r"~[0-9a-f]{64}\Z")

Result = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """The model that classified a face.

    endpoint, variant: name of the SageMaker endpoint and of its production variant.
    version: what the model's container reports; empty for the built-in algorithm, which reports nothing.
    labels: in the order of the probabilities that it answered with.
    """

    endpoint: str
    variant: str = ""
    version: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How an image was read.

    preprocessing: version of the image preprocessing, and the model's input, such as 5-gray-48.
    detector: version of the face detector; empty if none is used.
    """

    preprocessing: str
    detector: str


# The probabilities of a face, in the order of the model's labels, and the model.
Answer = tuple[Sequence[float], Model]


def classified(
    picture: Picture, answers: Sequence[Answer], image: dict[str, Any], endpoint: str, reading: Reading
) -> Result:
    """Returns the document of an image.

    answers: one for each face of the picture that has pixels, in their order.
    image: the fields that describe the image (image_fields).
    endpoint: name of the endpoint, which the document names even if no face needed a call.
    """
    remaining = iter(answers)
    faces = [describe_face(found, next(remaining) if found.face else None) for found in picture.faces]
    labelled = [face for face in faces if "label" in face]
    model = answers[0][1] if answers else Model(endpoint)
    return {
        "schema": SCHEMA,
        "status": "classified" if labelled else "too_small" if faces else "no_face",
        **({name: labelled[0][name] for name in LABEL_FIELDS} if labelled else {}),
        "faces": faces,
        "faces_found": picture.faces_found,
        "image": image,
        "model": {
            "endpoint": model.endpoint,
            "variant": model.variant,
            "version": model.version,
            "preprocessing": reading.preprocessing,
            "detector": reading.detector,
        },
    }


def describe_face(found: PictureFace, answer: Answer | None) -> Result:
    """Returns the entry of a face in a document. answer: None if the face is too small for a label."""
    score = {} if found.score is None else {"score": round(found.score, SCORE_DECIMALS)}
    face = {"box": list(found.box), **score}
    if answer is None:
        return {**face, "reason": "too_small"}
    turn = {"turn": found.turn} if found.turn else {}
    probabilities, model = answer
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    rounded = [round(probability, DECIMALS) for probability in probabilities]
    return {
        **face,
        "crop": list(found.crop),
        **turn,
        "label": model.labels[best],
        "confidence": rounded[best],
        "probabilities": dict(zip(model.labels, rounded, strict=True)),
    }


def face_words(result: Result) -> list[str]:
    """Returns one word per face: its label, or why it has none. `none` if there is no face, or else the status."""
    if result["status"] == "no_face":
        return ["none"]
    return [face.get("label") or face["reason"] for face in result.get("faces", [])] or [result["status"]]


def count_results(results: Iterable[Result]) -> dict[str, int]:
    """Returns how many images were classified, how many have no face with a label, and how many faces have one."""
    counts = {"ImagesClassified": 0, "ImagesWithoutFace": 0, "FacesClassified": 0}
    for result in results:
        counts["ImagesClassified" if "label" in result else "ImagesWithoutFace"] += 1
        counts["FacesClassified"] += sum("label" in face for face in result["faces"])
    return counts


def rejected(error: Rejected, image: dict[str, Any]) -> Result:
    """Returns the document of an image that can never be classified."""
    return {"schema": SCHEMA, "status": "rejected", "reason": error.reason, "detail": error.detail, "image": image}


def is_rejected(result: Result) -> bool:
    return bool(result["status"] == "rejected")


def failed(reason: str, detail: str) -> Result:
    """Returns the entry of an image that has no result this time. It is only part of HTTP responses, never stored."""
    return {"schema": SCHEMA, "status": "failed", "reason": reason, "detail": detail}


def image_fields(upload: Upload, picture: Picture | None = None) -> dict[str, Any]:
    """Returns what a document states about its image.

    picture: None if the image was rejected.
    """
    size = {"width": picture.width, "height": picture.height} if picture else {}
    return {
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "etag": upload.etag,
        "sequencer": upload.sequencer,
        **size,
    }


def serialize(result: Result) -> bytes:
    """Returns one line of JSON, UTF-8 with sorted keys. Concatenated documents are JSON Lines."""
    return (json.dumps(result, sort_keys=True, ensure_ascii=False) + "\n").encode()


def document_key(upload_key: str, inbox_prefix: str, prefix: str) -> str:
    """Returns the object key of an upload's document: `inbox/a/b.png` → `results/a/b.png.json`.

    If the document's key would be longer than S3 allows, the name is cut, and its digest keeps it unique. A name that
    itself ends like a cut name gets its own digest too. Otherwise an uploader could choose a name whose document
    overwrites that of a long name.

    prefix: the prefix of the documents, such as `results/`.
    """
    name = upload_key.removeprefix(inbox_prefix)
    return f"{prefix}{shorten(name, MAX_KEY_BYTES - len(prefix.encode()) - len('.json'))}.json"


def shorten(name: str, limit: int) -> str:
    """Returns a name of at most `limit` bytes. A longer name is cut, and ends with `~` and the whole name's digest."""
    if len(name.encode()) <= limit and not DIGEST.search(name):
        return name
    ending = f"~{hashlib.sha256(name.encode()).hexdigest()}"
    return name.encode()[: limit - len(ending)].decode(errors="ignore") + ending


def is_newer(sequencer: str, other: str) -> bool:
    """Returns whether the first of two sequencers of one key belongs to the later upload.

    Sequencers are hexadecimal and can differ in length: the shorter one is padded on the right with zeros.
    Source: Amazon S3 User Guide, "Event message structure".
    """
    length = max(len(sequencer), len(other))
    return sequencer.upper().ljust(length, "0") > other.upper().ljust(length, "0")
