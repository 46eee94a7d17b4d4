"""The bodies of endpoint calls: faces → a request body, a response body → checked probabilities."""

import zlib
from collections.abc import Sequence
from typing import Any

from mien.errors import Retryable, TryAgain
from mien.logic.labels import LABELS
from mien.logic.pictures import FACE_SIZE, Face

Probabilities = list[float]
# A probability may be this much below 0 or above 1, and the sum of a row this much below or above 1. Models compute in
# float32 or less, and some round to two decimals: the sum of seven such values can be off by 0.035.
TOLERANCE = 0.05


def npy(faces: Sequence[Face]) -> bytes:
    """Returns grayscale faces as one .npy file, uint8 [n, 48, 48].

    The header is written by hand, because numpy would add 73 MB and an eighth of a second to every cold start.
    Source: NumPy, "NEP 1: A simple file format for NumPy arrays".
    """
    description = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(faces)}, {FACE_SIZE}, {FACE_SIZE}), }}"
    magic = b"\x93NUMPY\x01\x00"
    # Magic, length and header together fill a multiple of 64 bytes. The last byte is a line feed.
    padding = -(len(magic) + 2 + len(description) + 1) % 64
    header = description.encode() + b" " * padding + b"\n"
    return magic + len(header).to_bytes(2, "little") + header + b"".join(face.pixels for face in faces)


def face_id(face: Face) -> str:
    """Returns the CRC-32 of the pixels, in hexadecimal. Our container repeats it beside the face's probabilities."""
    return f"{zlib.crc32(face.pixels):08x}"


def check_rows(rows: Any, face_ids: Sequence[str], endpoint: str) -> list[Probabilities | Exception]:
    """Returns for each face its probabilities, in the labels' order, or a TryAgain if its row is not a distribution.

    Our container's rows are objects, {"face": face_id, "probabilities": [...]}. Other models answer with the
    probabilities alone. For a single image, the list of rows around them may be missing.

    rows: the parsed JSON of the response.

    Raises Retryable if there is not exactly one row for each face, in the order of the faces.
    """
    if isinstance(rows, list) and rows and not isinstance(rows[0], (list, dict)):
        rows = [rows]
    if not isinstance(rows, list) or len(rows) != len(face_ids):
        raise Retryable(f"endpoint {endpoint} answered with something other than {len(face_ids)} rows")
    answered_ids = [row.get("face") if isinstance(row, dict) else None for row in rows]
    if any(answered_ids) and answered_ids != list(face_ids):
        raise Retryable(f"endpoint {endpoint} answered with rows of other faces, or in another order")
    return [check_row(row.get("probabilities") if isinstance(row, dict) else row, endpoint) for row in rows]


def check_row(row: Any, endpoint: str) -> Probabilities | Exception:
    """Returns the probabilities, with values slightly below 0 or above 1 set to 0 or 1."""
    if not isinstance(row, list) or len(row) != len(LABELS):
        return TryAgain(f"endpoint {endpoint} answered with a row that does not have {len(LABELS)} probabilities")
    if not all(type(value) in (int, float) and -TOLERANCE <= value <= 1 + TOLERANCE for value in row):
        return TryAgain(f"endpoint {endpoint} answered with values that are not probabilities")
    if abs(sum(row) - 1) > TOLERANCE:
        return TryAgain(f"endpoint {endpoint} answered with probabilities that do not add up to 1")
    return [min(1.0, max(0.0, value)) for value in row]
