"""Reads FER2013's CSV files into arrays, and FER+'s CSV of votes.

Kaggle distributes the data set in two forms: `train.csv` (columns emotion, pixels) and `fer2013.csv` (with a third
column, Usage). Pixels are 2,304 numbers from 0 to 255, row by row, in one quoted or unquoted field.
Source: Goodfellow et al., "Challenges in Representation Learning", 2013.
"""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.logic.images import FACE_SIZE
from mien.logic.labels import LABELS

# Values of the column Usage.
TRAINING = frozenset({"Training"})
TESTS = frozenset({"PublicTest", "PrivateTest"})
# FER+ asked ten people for one of these answers per face (Barsoum et al., "Training Deep Networks for Facial Expression
# Recognition with Crowd-Sourced Label Distribution", 2016). These are the columns of its CSV; nf means "not a face".
VOTE_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf")
# Ten people vote, so a real count is at most 10. FER+ fills the rows of faces that nobody voted on with this value.
NO_VOTES = 255
# An error lists this many invalid rows and counts the others.
MAX_ROWS_SHOWN = 10


@dataclass(frozen=True)
class Faces:
    """Labelled faces.

    images: uint8 [n, 48, 48], grayscale.
    labels: int64 [n], indices into `mien.logic.labels.LABELS`.
    votes: uint8 [n, len(VOTE_COLUMNS)], how many people voted for each column; zeros if nobody voted on the face. None
        if no votes were read.
    """

    images: np.ndarray
    labels: np.ndarray
    votes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, selection: np.ndarray) -> "Faces":
        """The selected faces. selection: int64 [k], indices of faces; or bool [n]."""
        votes = None if self.votes is None else self.votes[selection]
        return Faces(self.images[selection], self.labels[selection], votes)

    def digests(self) -> np.ndarray:
        """One digest per face, str [n]. Two faces have the same digest if all their pixels are equal."""
        return np.array([hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in self.images])


@dataclass(frozen=True)
class InvalidRow:
    """A row of the CSV that is not a labelled face: its line number, from 1, and the reason."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class InvalidRows(ValueError):
    """All rows of one file that are not labelled faces. Correct the file, or skip the rows."""

    def __init__(self, path: Path, rows: list[InvalidRow]):
        self.path, self.rows = path, rows
        shown = "\n".join(f"  {row}" for row in rows[:MAX_ROWS_SHOWN])
        hidden = len(rows) - MAX_ROWS_SHOWN
        more = f"\n  and {hidden} more" if hidden > 0 else ""
        super().__init__(f"{path}: {len(rows)} invalid rows (--skip-bad skips them)\n{shown}{more}")


def load_faces(
    path: Path,
    usages: frozenset[str] | None = None,
    *,
    skip_invalid: bool = False,
    log: Callable[[str], None] = lambda message: None,
) -> Faces:
    """Reads a FER2013 CSV file and either skips invalid rows or fails.

    path, usages: as for `read_faces`.
    skip_invalid: return the valid rows only; otherwise one invalid row is an error.
    log: is called with a sentence that counts the faces and the skipped rows.

    Raises InvalidRows, with line numbers and reasons; ValueError if a column is missing.
    """
    faces, invalid = read_faces(path, usages)
    if invalid and not skip_invalid:
        raise InvalidRows(path, invalid)
    log(f"{path.name}: {len(faces):,} faces" + (f", {len(invalid):,} invalid rows skipped" if invalid else ""))
    return faces


def read_faces(path: Path, usages: frozenset[str] | None = None) -> tuple[Faces, list[InvalidRow]]:
    """Reads a FER2013 CSV file: the faces in the file's order, and the rows that are not labelled faces.

        faces, invalid = read_faces(Path("train.csv.gz"))

    path: CSV file, plain or gzipped (`.gz`).
    usages: if the file has a column Usage, keep only rows with one of these values (TRAINING, TESTS).

    Raises ValueError if the file has no column emotion or pixels.
    """
    images, labels, invalid = [], [], []
    for line, (emotion, pixels) in read_columns(path, ("emotion", "pixels"), usages):
        try:
            image, label = parse_face(emotion, pixels)
        except ValueError as error:
            invalid.append(InvalidRow(line, str(error)))
        else:
            images.append(image)
            labels.append(label)
    stacked = np.stack(images) if images else np.empty((0, FACE_SIZE, FACE_SIZE), np.uint8)
    return Faces(stacked, np.array(labels, np.int64)), invalid


def read_votes(path: Path, usages: frozenset[str] | None = None) -> np.ndarray:
    """Reads FER+'s CSV file of votes, uint8 [n, len(VOTE_COLUMNS)], one row per row of FER2013's CSV.

    path: CSV file, plain or gzipped (`.gz`).
    usages: as for `read_faces`.

    A face that nobody voted on (a row of 255s in the file) gets zeros.
    Raises ValueError, with the line, if a column is missing or a row has no valid counts.
    """
    votes = []
    for line, values in read_columns(path, VOTE_COLUMNS, usages):
        try:
            counts = np.array([int(value) for value in values])
        except ValueError:
            raise ValueError(f"{path}, line {line}: a row needs {len(VOTE_COLUMNS)} counts of votes") from None
        if counts.min() < 0 or counts.max() > NO_VOTES:
            raise ValueError(f"{path}, line {line}: a count of votes is not from 0 to {NO_VOTES}")
        votes.append(np.zeros_like(counts) if counts.max() == NO_VOTES else counts)
    return np.array(votes, np.uint8).reshape(-1, len(VOTE_COLUMNS))


def read_columns(
    path: Path, columns: Sequence[str], usages: frozenset[str] | None
) -> Iterator[tuple[int, Sequence[str]]]:
    """The line number and the given columns' fields of each row. A row that is too short gives empty fields.

    columns: names in lower case; the file may write them in any case.
    Raises ValueError if the file lacks a column.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="ascii", errors="replace") as lines:
        header = [name.lower() for name in split_fields(next(lines, ""))]
        for name in columns:
            if name not in header:
                raise ValueError(f"{path}: the first line has no column {name!r}")
        indices = [header.index(name) for name in columns]
        usage = header.index("usage") if usages and "usage" in header else None
        for line, text in enumerate(lines, start=2):
            fields = split_fields(text)
            if usages and usage is not None and usage < len(fields) and fields[usage] not in usages:
                continue
            yield line, [fields[i] if i < len(fields) else "" for i in indices]


def split_fields(line: str) -> list[str]:
    """The fields of a line. Python's csv module needs three times as long, and no field here holds a comma."""
    return [field.strip().strip('"') for field in line.split(",")]


def parse_face(emotion: str, pixels: str) -> tuple[np.ndarray, int]:
    """The two fields of a row → the face, uint8 [48, 48], and its label's index. Raises ValueError with the reason."""
    if not emotion or not pixels:
        raise ValueError("emotion or pixels is empty")
    if not emotion.isdecimal() or int(emotion) >= len(LABELS):
        raise ValueError(f"emotion is {emotion!r}, not a number from 0 to {len(LABELS) - 1}")
    try:
        values = np.fromstring(pixels, dtype=np.int32, sep=" ")
    except ValueError:
        raise ValueError("pixels contains something that is not a number") from None
    if values.size != FACE_SIZE**2:
        raise ValueError(f"{values.size} pixels, not {FACE_SIZE**2}")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"a pixel is {values[(values < 0) | (values > 255)][0]}, not from 0 to 255")
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE), int(emotion)
