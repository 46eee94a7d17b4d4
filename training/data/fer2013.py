"""Reads FER2013's CSV files into arrays, and FER+'s CSV of votes.

Kaggle distributes the data set in two forms: `train.csv` (columns emotion, pixels) and `fer2013.csv` (with a third
column, Usage). Pixels are 2,304 numbers from 0 to 255, row by row, in one quoted or unquoted field.
Source: Goodfellow et al., "Challenges in Representation Learning", 2013.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.logic.pictures import FACE_SIZE
from training.data.csv_rows import CsvRows, Usage, left_out_text
from training.data.labelled_images import LabelledImages

# The classes, in the order of their numbers in the column emotion.
CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
# Columns of FER2013's CSV.
COLUMNS = ("emotion", "pixels")
# Values of the column Usage.
TRAINING: frozenset[Usage] = frozenset({"Training"})
TESTS: frozenset[Usage] = frozenset({"PublicTest", "PrivateTest"})
# FER+ asked ten people for one of these answers per face (Barsoum et al., "Training Deep Networks for Facial Expression
# Recognition with Crowd-Sourced Label Distribution", 2016). These are the columns of its CSV; nf means "not a face".
VOTE_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf")
# Ten people vote, so a real count is at most 10. FER+ fills the rows of faces that nobody voted on with this value.
NO_VOTES = 255
# An error lists this many invalid rows and counts the others.
MAX_ROWS_SHOWN = 10


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
    usages: frozenset[Usage] | None = None,
    *,
    skip_invalid: bool = False,
    may_be_empty: bool = False,
    log: Callable[[str], None] = lambda message: None,
) -> LabelledImages:
    """Reads a FER2013 CSV file and either skips invalid rows or fails.

    path, usages: as for `read_faces`.
    skip_invalid: return the valid rows only; otherwise one invalid row is an error.
    may_be_empty: a file without any face of these usages is not an error.
    log: is called with a sentence that counts the faces, the skipped rows, and the rows of each other usage.

    Raises InvalidRows, with line numbers and reasons; ValueError if there are no faces, and as `read_faces` does.
    """
    rows = CsvRows(path, COLUMNS, usages)
    faces, invalid = collect_faces(rows)
    if invalid and not skip_invalid:
        raise InvalidRows(path, invalid)
    skipped = [f"{len(invalid):,} invalid rows skipped"] if invalid else []
    parts = [*skipped, *filter(None, [left_out_text(rows.left_out)])]
    if not faces and not may_be_empty:
        raise ValueError(f"{path} has no faces{usages_text(usages)}: {', '.join(parts) or 'it has no rows'}")
    log(", ".join([f"{path.name}: {len(faces):,} faces", *parts]))
    return faces


def read_faces(path: Path, usages: frozenset[Usage] | None = None) -> tuple[LabelledImages, list[InvalidRow]]:
    """Reads a FER2013 CSV file: the faces in the file's order, and the rows that are not labelled faces.

        faces, invalid = read_faces(Path("train.csv.gz"))

    path: CSV file of a kind that `csv_file.open_csv` reads.
    usages: if the file has a column Usage, keep only rows with one of these values (TRAINING, TESTS).

    Raises ValueError if the file cannot be read, has no column emotion or pixels, or has other values in Usage.
    """
    return collect_faces(CsvRows(path, COLUMNS, usages))


def collect_faces(rows: CsvRows) -> tuple[LabelledImages, list[InvalidRow]]:
    """As `read_faces`. rows: have the fields of COLUMNS."""
    images, labels, invalid = [], [], []
    for row in rows:
        try:
            image, label = parse_face(*row.fields)
            if row.usage_is_missing:
                raise ValueError("Usage is empty")
        except ValueError as error:
            invalid.append(InvalidRow(row.line, str(error)))
        else:
            images.append(image)
            labels.append(label)
    stacked = np.stack(images) if images else np.empty((0, FACE_SIZE, FACE_SIZE), np.uint8)
    return LabelledImages(stacked, np.array(labels, np.int64), CLASSES), invalid


def usages_text(usages: frozenset[Usage] | None) -> str:
    return f" with Usage {' or '.join(sorted(usages))}" if usages else ""


def read_votes(
    path: Path, usages: frozenset[Usage] | None = None, log: Callable[[str], None] = lambda message: None
) -> np.ndarray:
    """Reads FER+'s CSV file of votes, uint8 [n, len(VOTE_COLUMNS)], one row per row of FER2013's CSV.

    path, usages: as for `read_faces`.
    log: is called with a sentence that counts the rows of each other usage, if there are any.

    A face that nobody voted on (a row of 255s in the file) gets zeros.
    Raises ValueError, with the line, if a row has no valid counts; and as `CsvRows` does.
    """
    votes = []
    rows = CsvRows(path, VOTE_COLUMNS, usages)
    for row in rows:
        try:
            counts = np.array([int(value) for value in row.fields])
        except ValueError:
            raise ValueError(f"{path}, line {row.line}: a row needs {len(VOTE_COLUMNS)} counts of votes") from None
        if row.usage_is_missing:
            raise ValueError(f"{path}, line {row.line}: Usage is empty")
        if counts.min() < 0 or counts.max() > NO_VOTES:
            raise ValueError(f"{path}, line {row.line}: a count of votes is not from 0 to {NO_VOTES}")
        votes.append(np.zeros_like(counts) if counts.max() == NO_VOTES else counts)
    if rows.left_out:
        log(f"{path.name}: votes for {len(votes):,} faces, {left_out_text(rows.left_out)}")
    return np.array(votes, np.uint8).reshape(-1, len(VOTE_COLUMNS))


def parse_face(emotion: str, pixels: str) -> tuple[np.ndarray, int]:
    """The two fields of a row → the face, uint8 [48, 48], and its label's index. Raises ValueError with the reason."""
    if not emotion or not pixels:
        raise ValueError("emotion or pixels is empty")
    if not (emotion.isascii() and emotion.isdecimal()) or int(emotion) >= len(CLASSES):
        raise ValueError(f"emotion is {emotion!r}, not a number from 0 to {len(CLASSES) - 1}")
    try:
        # A number above int64 becomes its maximum. A narrower type would keep only the last bits, which may look valid.
        values = np.fromstring(pixels, dtype=np.int64, sep=" ")
    except ValueError:
        raise ValueError("pixels contains something that is not a number or a space") from None
    if values.size != FACE_SIZE**2:
        raise ValueError(f"{values.size} pixels, not {FACE_SIZE**2}")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"a pixel is {values[(values < 0) | (values > 255)][0]}, not from 0 to 255")
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE), int(emotion)
