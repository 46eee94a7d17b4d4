"""Result documents as JSON Lines: what a batch's object contains, and its key.

Objects are only added, never changed. So an image can have several lines: it was uploaded again, or its event was
delivered twice. Of the lines of one key, that with the largest sequencer counts (results.is_newer).
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from mien.logic.results import SCHEMA, Result, serialize
from mien.logic.uploads import Removal

# Hexadecimal digits of an object's name. Two contents with the same name would be one object, and half of a SHA-256
# never repeats.
NAME_DIGITS = 32
ENDING = ".jsonl"
# What follows the prefix in an object's key. No document has such a key: those end with `.json`.
KEY = re.compile(rf"date=\d{{4}}-\d\d-\d\d/hour=\d\d/[0-9a-f]{{{NAME_DIGITS}}}{re.escape(ENDING)}")
# The status of the line of an image that is gone. No other document has it.
DELETED = "deleted"


def deleted(removal: Removal) -> Result:
    """Returns the line that says that an image is deleted."""
    image = {"bucket": removal.bucket, "key": removal.key, "sequencer": removal.sequencer}
    return {"schema": SCHEMA, "status": DELETED, "image": image}


def serialize_lines(results: Iterable[Result]) -> bytes:
    """Returns JSON Lines, UTF-8, each result once. They are sorted: the same results give the same bytes."""
    return b"".join(sorted({serialize(result) for result in results}))


def lines_key(prefix: str, lines: bytes, now: float) -> str:
    """Returns the key of a batch's object, such as `results/date=2026-11-27/hour=09/<digest>.jsonl`.

    Athena, Glue and Spark take the folders as partitions. The name is the digest of the lines: writing the same lines
    again in this hour changes nothing.

    prefix: of the results, ends with a slash.
    now: seconds since 1970. The folders are in UTC.
    """
    return hour_folder(prefix, now) + lines_name(lines)


def hour_folder(prefix: str, now: float) -> str:
    """Returns the folder of an hour. The folders of later hours come later in the order of their names."""
    return f"{prefix}{datetime.fromtimestamp(now, UTC):date=%Y-%m-%d/hour=%H}/"


def lines_name(lines: bytes) -> str:
    """Returns the name of the object with these lines, without its folder."""
    return f"{hashlib.sha256(lines).hexdigest()[:NAME_DIGITS]}{ENDING}"


def is_lines_key(key: str, prefix: str) -> bool:
    """Returns whether an object key is one that lines_key makes. prefix: of the results, ends with a slash."""
    return key.startswith(prefix) and KEY.fullmatch(key, len(prefix)) is not None
