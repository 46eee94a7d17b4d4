"""FER2013's csv → arrays.

Kaggle hands the set out in two forms: `train.csv` (columns emotion, pixels) and `fer2013.csv` (a third column,
Usage). Pixels are 2,304 numbers from 0 to 255, row by row, in one quoted or unquoted field.
Source: Goodfellow et al., "Challenges in Representation Learning", 2013.
"""

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.expressions import LABELS
from mien.images import FACE_SIZE

# The values of the column Usage.
TRAINING = frozenset({"Training"})
TESTS = frozenset({"PublicTest", "PrivateTest"})


@dataclass(frozen=True)
class Faces:
    """Faces with their labels.

    images: uint8 [n, 48, 48], grayscale; labels: int64 [n], an index into `mien.expressions.LABELS`.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: np.ndarray) -> "Faces":
        return Faces(self.images[which], self.labels[which])

    def digests(self) -> np.ndarray:
        """One digest a face, str [n]: two faces have the same when all their pixels are the same."""
        return np.array([hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in self.images])


@dataclass(frozen=True)
class BadRow:
    """A row that is no labelled face: where it stands in the file, and what is wrong with it."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class BadRows(ValueError):
    """Rows that are no labelled faces, all of a file's at once."""

    def __init__(self, path: Path, rows: list[BadRow]):
        self.path, self.rows = path, rows
        shown = "\n".join(f"  {row}" for row in rows[:10])
        more = f"\n  and {len(rows) - 10} more" if len(rows) > 10 else ""
        super().__init__(f"{path}: {len(rows)} bad rows\n{shown}{more}")


def read(path: Path, usages: frozenset[str] | None = None) -> tuple[Faces, list[BadRow]]:
    """A csv file, or a gzipped one, → its faces in the file's order, and the rows that hold none.

    usages: where the file has a column Usage, take only the rows that have one of these values there (TRAINING,
    TESTS). Raises ValueError where the file has no columns named emotion and pixels.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    images, labels, bad = [], [], []
    with opened(path, "rt", encoding="ascii", errors="replace") as lines:
        for line, row in numbered_rows(lines, path, usages):
            try:
                image, label = face(*row)
            except ValueError as error:
                bad.append(BadRow(line, str(error)))
            else:
                images.append(image)
                labels.append(label)
    pixels = np.stack(images) if images else np.empty((0, FACE_SIZE, FACE_SIZE), np.uint8)
    return Faces(pixels, np.array(labels, np.int64)), bad


def numbered_rows(
    lines: Iterable[str], path: Path, usages: frozenset[str] | None
) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line number, emotion and pixels of each row; of one that lacks a field, both empty."""
    numbered = enumerate(map(fields, lines), start=1)
    _, header = next(numbered, (1, []))
    header = [name.lower() for name in header]
    if "emotion" not in header or "pixels" not in header:
        raise ValueError(f"{path}: the first line names no columns 'emotion' and 'pixels'")
    emotion, pixels = header.index("emotion"), header.index("pixels")
    usage = header.index("usage") if usages and "usage" in header else None
    for line, row in numbered:
        if usages and usage is not None and len(row) > usage and row[usage] not in usages:
            continue
        yield line, ((row[emotion], row[pixels]) if len(row) > max(emotion, pixels) else ("", ""))


def fields(line: str) -> list[str]:
    """No field of this csv holds a comma or a line's end: Python's csv module, a third of the time, is not needed."""
    return [field.strip().strip('"') for field in line.split(",")]


def face(emotion: str, pixels: str) -> tuple[np.ndarray, int]:
    """A row's two fields → its face, uint8 [48, 48], and its label's index. Raises ValueError with the reason."""
    if not emotion or not pixels:
        raise ValueError("it is empty")
    if not emotion.isdecimal() or int(emotion) >= len(LABELS):
        raise ValueError(f"emotion is {emotion!r}, not a number from 0 to {len(LABELS) - 1}")
    try:
        values = np.fromstring(pixels, dtype=np.int32, sep=" ")
    except ValueError:
        raise ValueError("pixels holds something that is not a number") from None
    if values.size != FACE_SIZE**2:
        raise ValueError(f"{values.size} pixels, not {FACE_SIZE**2}")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"a pixel of {values[(values < 0) | (values > 255)][0]}, not from 0 to 255")
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE), int(emotion)
