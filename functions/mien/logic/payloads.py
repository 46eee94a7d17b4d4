"""The bodies of endpoint calls: faces → a request body, a response body → checked probabilities."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import Retryable, TryAgain, WrongModel
from mien.logic.contract import answered_labels
from mien.logic.pictures import Face

Probabilities = list[float]
# A probability may be this much below 0 or above 1, and the sum of a row this much below or above 1. Models compute in
# float32 or less, and some round to two decimals: the sum of seven such values can be off by 0.035.
TOLERANCE = 0.05


@dataclass(frozen=True)
class CheckedAnswer:
    """A model's answer about some faces.

    labels: names of the probabilities, in their order.
    rows: for each face its probabilities, or a TryAgain if its row is not a distribution.
    """

    labels: tuple[str, ...]
    rows: list[Probabilities | Exception]


def npy(faces: Sequence[Face]) -> bytes:
    """Returns faces of one size and color as one .npy file, uint8 [n, size, size] or [n, size, size, 3].

    The header is written by hand, because numpy would add 73 MB and an eighth of a second to every cold start.
    Source: NumPy, "NEP 1: A simple file format for NumPy arrays".
    """
    size, mode = faces[0].size, faces[0].mode
    shape = (len(faces), size, size) if mode == "L" else (len(faces), size, size, len(mode))
    description = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    magic = b"\x93NUMPY\x01\x00"
    # Magic, length and header together fill a multiple of 64 bytes. The last byte is a line feed.
    padding = -(len(magic) + 2 + len(description) + 1) % 64
    header = description.encode() + b" " * padding + b"\n"
    return magic + len(header).to_bytes(2, "little") + header + b"".join(face.pixels for face in faces)


def face_id(face: Face) -> str:
    """Returns the CRC-32 of the pixels, in hexadecimal. Our container repeats it beside the face's probabilities."""
    return f"{zlib.crc32(face.pixels):08x}"


def check_answer(
    body: bytes, face_ids: Sequence[str], built_in_labels: Sequence[str] | None, endpoint: str
) -> CheckedAnswer:
    """Checks a model's answer.

    Our container answers with {"labels": [...], "faces": [{"face": face_id, "probabilities": [...]}]}. The built-in
    algorithm answers with rows of probabilities alone. For a single image, the list of rows around them may be missing.

    body: of the response.
    built_in_labels: of the rows without labels; None if an answer without labels can't be right.

    Raises Retryable if there is not exactly one row for each face, in the order of the faces. Raises WrongModel if the
    rows are distributions over another number of labels.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Retryable(f"endpoint {endpoint} answered with something that is not JSON") from error
    labels = answered_labels(answer)
    rows = answer.get("faces") if labels else answer
    if labels is None and built_in_labels is None:
        raise Retryable(f"endpoint {endpoint} answered without labels")
    if isinstance(rows, list) and rows and not isinstance(rows[0], (list, dict)):
        rows = [rows]
    if not isinstance(rows, list) or len(rows) != len(face_ids):
        raise Retryable(f"endpoint {endpoint} answered with something other than {len(face_ids)} rows")
    answered_ids = [row.get("face") if isinstance(row, dict) else None for row in rows]
    if any(answered_ids) and answered_ids != list(face_ids):
        raise Retryable(f"endpoint {endpoint} answered with rows of other faces, or in another order")
    bare = [row.get("probabilities") if isinstance(row, dict) else row for row in rows]
    names = tuple(labels or built_in_labels or ())
    if labels is None:
        require_count(bare[0], names)
    return CheckedAnswer(names, [check_row(row, len(names), endpoint) for row in bare])


def require_count(row: Any, labels: Sequence[str]) -> None:
    """Raises WrongModel if a row is a distribution, but not over these labels."""
    if isinstance(row, list) and len(row) != len(labels) and not isinstance(check_row(row, len(row), ""), Exception):
        raise WrongModel(
            f"The model tells apart {len(row)} labels, but the stack's parameter Labels has {len(labels)}. Set Labels "
            "to the model's labels, in the order of its outputs."
        )


def check_row(row: Any, labels: int, endpoint: str) -> Probabilities | Exception:
    """Returns the probabilities, with values slightly below 0 or above 1 set to 0 or 1. labels: number of labels."""
    if not isinstance(row, list) or len(row) != labels:
        return TryAgain(f"endpoint {endpoint} answered with a row that does not have {labels} probabilities")
    if not all(type(value) in (int, float) and -TOLERANCE <= value <= 1 + TOLERANCE for value in row):
        return TryAgain(f"endpoint {endpoint} answered with values that are not probabilities")
    if abs(sum(row) - 1) > TOLERANCE:
        return TryAgain(f"endpoint {endpoint} answered with probabilities that do not add up to 1")
    return [min(1.0, max(0.0, value)) for value in row]
