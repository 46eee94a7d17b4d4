"""The confusion matrix as text: a table if it fits the terminal, otherwise the largest confusions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len, set_cell_size

# Columns of a terminal that is not wider.
WIDTH = 80
# Spaces before each column.
GAP = 2
# A list of the largest confusions has this many.
MOST_CONFUSIONS = 15
# A label in a table is cut to this many columns. It has at most 64 characters.
LABEL_COLUMNS = 24


class Confusion(NamedTuple):
    """Images of one label that got another one.

    share: of all images with the label, from 0 to 1.
    """

    label: str
    prediction: str
    images: int
    share: float


def confusion_lines(counts: np.ndarray, labels: Sequence[str], width: int = WIDTH) -> list[str]:
    """The lines of a table with a row per label and a column per prediction; none if it is wider than `width`.

    counts: int [classes, classes], one row per label and one column per prediction.

    If the labels are too long for the columns, the columns have the numbers of the rows instead.
    """
    if len(labels) * (GAP + 1) > width:
        return []
    cells = [[f"{count:,}" if count else "." for count in row] for row in counts.tolist()]
    numbers = [str(number) for number in range(1, len(labels) + 1)]
    numbered = [f"{number:>{len(numbers[-1])}} {label}" for number, label in zip(numbers, labels, strict=True)]
    for names, headers in ((list(labels), list(labels)), (numbered, numbers)):
        first = min(max(map(cell_len, names)), LABEL_COLUMNS)
        columns = [
            max(cell_len(header), *(len(row[index]) for row in cells)) + GAP for index, header in enumerate(headers)
        ]
        if first + sum(columns) <= width:
            rows = zip(["", *names], [headers, *cells], strict=True)
            return [
                set_cell_size(name, first)
                + "".join(" " * (size - cell_len(cell)) + cell for cell, size in zip(row, columns, strict=True))
                for name, row in rows
            ]
    return []


def largest_confusions(counts: np.ndarray, labels: Sequence[str], most: int = MOST_CONFUSIONS) -> list[Confusion]:
    """The pairs of different labels with the most images, largest first. counts: as for `confusion_lines`."""
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(index, len(labels)) for index in order.tolist()]
    return [
        Confusion(labels[row], labels[column], int(wrong[row, column]), float(wrong[row, column] / counts[row].sum()))
        for row, column in pairs
        if wrong[row, column]
    ]
