"""Result documents: their content, their object keys, and which of two documents is newer.

The same upload, model and preprocessing give the same bytes. So a duplicate delivery changes nothing.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import Rejected
from mien.logic.labels import LABELS
from mien.logic.uploads import Upload

SCHEMA = 1
# Four decimals are finer than what the model knows, and coarser than the differences between floating-point units.
DECIMALS = 4
# Bytes. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
MAX_KEY_BYTES = 1024
# The end of a name that was cut: the digest of the whole name.
DIGEST = re.compile(r"~[0-9a-f]{64}\Z")

Result = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """The model that classified an image.

    endpoint, variant: name of the SageMaker endpoint and of its production variant.
    version: what the model's container reports; empty for the built-in algorithm, which reports nothing.
    preprocessing: version of the image preprocessing and the kind of input.
    """

    endpoint: str
    variant: str
    version: str
    preprocessing: str


def classified(probabilities: Sequence[float], image: dict[str, Any], model: Model) -> Result:
    """Returns the document of a classified image.

    probabilities: one per label, in the labels' order.
    image: the fields that describe the image (image_fields).
    """
    best = max(range(len(LABELS)), key=probabilities.__getitem__)
    rounded = [round(probability, DECIMALS) for probability in probabilities]
    return {
        "schema": SCHEMA,
        "status": "classified",
        "label": LABELS[best],
        "confidence": rounded[best],
        "probabilities": dict(zip(LABELS, rounded, strict=True)),
        "image": image,
        "model": {
            "endpoint": model.endpoint,
            "variant": model.variant,
            "version": model.version,
            "preprocessing": model.preprocessing,
        },
    }


def rejected(error: Rejected, image: dict[str, Any]) -> Result:
    """Returns the document of an image that can never be classified."""
    return {"schema": SCHEMA, "status": "rejected", "reason": error.reason, "detail": error.detail, "image": image}


def failed(reason: str, detail: str) -> Result:
    """Returns the entry of an image that has no result this time. It is only part of HTTP responses, never stored."""
    return {"schema": SCHEMA, "status": "failed", "reason": reason, "detail": detail}


def image_fields(upload: Upload, width: int | None = None, height: int | None = None) -> dict[str, Any]:
    """Returns what a document states about its image.

    width, height: pixels; None if the image was rejected before its size was known.
    """
    size = {} if width is None else {"width": width, "height": height}
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
    key = f"{prefix}{name}.json"
    if len(key.encode()) <= MAX_KEY_BYTES and not DIGEST.search(name):
        return key
    ending = f"~{hashlib.sha256(name.encode()).hexdigest()}.json"
    kept = name.encode()[: MAX_KEY_BYTES - len(prefix.encode()) - len(ending)].decode(errors="ignore")
    return f"{prefix}{kept}{ending}"


def is_newer(sequencer: str, other: str) -> bool:
    """Returns whether the first of two sequencers of one key belongs to the later upload.

    Sequencers are hexadecimal and can differ in length: the shorter one is padded on the right with zeros.
    Source: Amazon S3 User Guide, "Event message structure".
    """
    length = max(len(sequencer), len(other))
    return sequencer.upper().ljust(length, "0") > other.upper().ljust(length, "0")
