"""Result documents: what they hold, where they are stored, and which of two is newer.

The same upload, model and preprocessing give the same bytes, so that a duplicate delivery changes nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from mien.aws.endpoint import Model
from mien.errors import Rejected
from mien.logic.labels import LABELS
from mien.logic.uploads import Upload

SCHEMA = 1
# Four decimals: below what the model knows, above what floating-point units differ by.
DECIMALS = 4
MAX_KEY_BYTES = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"

Result = dict[str, Any]


def classified(probabilities: Sequence[float], image: dict[str, Any], model: Model) -> Result:
    """Probabilities, in the labels' order → a result document."""
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


def rejected(why: Rejected, image: dict[str, Any]) -> Result:
    return {"schema": SCHEMA, "status": "rejected", "reason": why.reason, "detail": why.detail, "image": image}


def image_of(upload: Upload, width: int | None = None, height: int | None = None) -> dict[str, Any]:
    """What a document says of its image; a rejected one may have no width and height, in pixels."""
    size = {} if width is None else {"width": width, "height": height}
    return {
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "etag": upload.etag,
        "sequencer": upload.sequencer,
        **size,
    }


def document(result: Result) -> bytes:
    """One line of JSON: documents laid end to end are JSON Lines."""
    return (json.dumps(result, sort_keys=True, ensure_ascii=False) + "\n").encode()


def key_of(upload_key: str, inbox_prefix: str, prefix: str) -> str:
    """Where the document of an upload lies: `inbox/a/b.png` → `results/a/b.png.json`.

    A name so long that S3 would not take the result's key is cut, and made unique by its digest.
    """
    name = upload_key.removeprefix(inbox_prefix)
    key = f"{prefix}{name}.json"
    if len(key.encode()) <= MAX_KEY_BYTES:
        return key
    ending = f"~{hashlib.sha256(name.encode()).hexdigest()}.json"
    kept = name.encode()[: MAX_KEY_BYTES - len(prefix.encode()) - len(ending)].decode(errors="ignore")
    return f"{prefix}{kept}{ending}"


def newer(sequencer: str, other: str) -> bool:
    """Whether the first of two sequencers of one key is the later one.

    They are hexadecimal and may differ in length: the shorter is padded on the right with zeros.
    Source: Amazon S3 User Guide, "Event message structure".
    """
    length = max(len(sequencer), len(other))
    return sequencer.upper().ljust(length, "0") > other.upper().ljust(length, "0")
