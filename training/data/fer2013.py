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

from mien.logic.images import FACE_SIZE
from mien.logic.labels import LABELS

# The values of the column Usage.
TRAINING = frozenset({"Training"})
TESTS = frozenset({"PublicTest", "PrivateTest"})
# What ten people could say of each face (Barsoum et al., "Training Deep Networks for Facial Expression Recognition
# with Crowd-Sourced Label Distribution", 2016: FER+); the columns of its csv.
OPINIONS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf")


@dataclass(frozen=True)
class Faces:
    """Faces with their labels.

    images: uint8 [n, 48, 48], grayscale; labels: int64 [n], an index into `mien.expressions.LABELS`; votes: uint8
    [n, len(OPINIONS)], how many people of a crowd chose each opinion, zeros where nobody was asked.
    """

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: np.ndarray) -> "Faces":
        return Faces(self.images[which], self.labels[which], None if self.votes is None else self.votes[which])

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


def read_votes(path: Path, usages: frozenset[str] | None = None) -> np.ndarray:
    """FER+'s csv, or a gzipped one, → the votes for each of the faces' rows in their order, uint8 [n, len(OPINIONS)].

    usages: as for `read`. A row of 255s, of a face that nobody was shown, becomes zeros. Raises ValueError, with the
    line, where a row holds no votes.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    votes = []
    with opened(path, "rt", encoding="ascii", errors="replace") as lines:
        numbered = enumerate(map(fields, lines), start=1)
        _, header = next(numbered, (1, []))
        header = [name.lower() for name in header]
        missing = [name for name in OPINIONS if name not in header]
        if missing:
            raise ValueError(f"{path}: the first line names no column {missing[0]!r}")
        columns = [header.index(name) for name in OPINIONS]
        usage = header.index("usage") if usages and "usage" in header else None
        for line, row in numbered:
            if usages and usage is not None and row[usage] not in usages:
                continue
            try:
                counts = np.array([int(row[column]) for column in columns])
            except (ValueError, IndexError):
                raise ValueError(f"{path}, line {line}: not {len(OPINIONS)} counts of votes") from None
            if counts.min() < 0 or counts.max() > 255:
                raise ValueError(f"{path}, line {line}: a count of votes is not from 0 to 255")
            votes.append(counts if counts.max() < 255 else np.zeros_like(counts))
    return np.array(votes, np.uint8).reshape(-1, len(OPINIONS))


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
