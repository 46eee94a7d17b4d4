"""Reads the rows of a CSV file: the fields of named columns, of the rows with a given Usage."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from training.data.csv_file import open_csv

# The values of the column Usage in FER2013's and FER+'s files. Other spellings in upper and lower case are accepted.
Usage = Literal["Training", "PublicTest", "PrivateTest"]
USAGES: dict[str, Usage] = {usage.lower(): usage for usage in get_args(Usage)}
# An error lists this many values of the column Usage and counts the others.
MAX_VALUES_SHOWN = 10
# An error shows this many characters of the first line.
HEADER_SHOWN = 60


class Row(NamedTuple):
    """One row.

    line: its line number in the file, from 1.
    fields: the text in each of the columns; empty if the row is too short.
    usage_is_missing: the file has a column Usage, and this row has no value in it.
    """

    line: int
    fields: Sequence[str]
    usage_is_missing: bool


class CsvRows:
    """The rows of a CSV file with one of some usages.

        rows = CsvRows(Path("fer2013.csv"), ("emotion", "pixels"), frozenset({"Training"}))
        for row in rows: ...
        rows.left_out  # Counter({"PublicTest": 3589, "PrivateTest": 3589})

    columns: names in lower case; the file may write them in any case.
    usages: if the file has a column Usage, only rows with one of these values; None for all rows.
    left_out: how many rows have each other usage. It is complete after an iteration.
    """

    def __init__(self, path: Path, columns: Sequence[str], usages: frozenset[Usage] | None):
        self.path, self.columns, self.usages = path, columns, usages
        self.left_out: Counter[Usage] = Counter()

    def __iter__(self) -> Iterator[Row]:
        """Yields the rows in the file's order, without blank lines at its end.

        A row without a value in the column Usage is yielded, because its usage cannot be known.
        Raises ValueError as `open_csv` does; if the file lacks a column; or, after the last row, if the column Usage
        has values that are not usages.
        """
        self.left_out.clear()
        unknown: Counter[str] = Counter()
        with open_csv(self.path) as lines:
            first_line = next(lines, "")
            header = [name.lower() for name in split_fields(first_line)]
            indices = [self._index(name, header, first_line) for name in self.columns]
            usage_index = header.index("usage") if self.usages and "usage" in header else None
            blank_rows: list[Row] = []
            for line, text in enumerate(lines, start=2):
                fields = split_fields(text, len(header))
                row = Row(line, [fields[i] if i < len(fields) else "" for i in indices], False)
                if not any(fields):
                    blank_rows.append(row)
                    continue
                # Blank rows are only rows if another one follows.
                yield from blank_rows
                blank_rows.clear()
                value = None
                if usage_index is not None:
                    value = fields[usage_index] if usage_index < len(fields) else ""
                if not value:
                    yield row._replace(usage_is_missing=value == "")
                elif (usage := USAGES.get(value.lower())) is None:
                    unknown[value] += 1
                elif self.usages and usage in self.usages:
                    yield row
                else:
                    self.left_out[usage] += 1
        if unknown:
            raise ValueError(f"{self.path}: {unknown_usages(unknown)}")

    def _index(self, column: str, header: list[str], first_line: str) -> int:
        if column not in header:
            raise ValueError(
                f"{self.path}: the first line has no column {column!r}, it begins with "
                f"{first_line.strip()[:HEADER_SHOWN]!r}"
            )
        return header.index(column)


def split_fields(line: str, expected: int = 0) -> list[str]:
    """The fields of a line, without quotes and surrounding spaces.

    expected: how many fields a valid line has.
    """
    # Python's csv module needs three times as long, so it is used only if a quoted field seems to contain a comma.
    fields = line.split(",")
    if len(fields) > expected > 0 and '"' in line:
        # The module limits the length of a field. A row with a longer one is invalid either way.
        with suppress(csv.Error):
            fields = next(csv.reader([line], skipinitialspace=True))
    return [field.strip().strip('"') for field in fields]


def unknown_usages(counts: Counter[str]) -> str:
    shown = [f"{value!r} in {count:,} rows" for value, count in counts.most_common(MAX_VALUES_SHOWN)]
    hidden = len(counts) - len(shown)
    more = f", and {hidden:,} other values" if hidden else ""
    return (
        f"the column Usage has values that are not {', '.join(USAGES.values())}: {', '.join(shown)}{more}. "
        "Correct them, or remove the column to use all rows"
    )


def left_out_text(counts: Counter[Usage]) -> str:
    """A part of a sentence: "left out: 3,589 PublicTest, 3,589 PrivateTest". Empty if no row was left out."""
    listed = ", ".join(f"{count:,} {usage}" for usage, count in counts.items())
    return f"left out: {listed}" if listed else ""
