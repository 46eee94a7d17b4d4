"""Options of the commands that read a FER2013 CSV, and the reading with a spinner and a line of result."""

from pathlib import Path
from typing import Annotated

import typer

from training.console import console, print_plain
from training.data import fer2013
from training.data.csv_rows import Usage
from training.data.labelled_images import LabelledImages

Csv = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="FER2013 as Kaggle's train.csv or fer2013.csv: plain, gzipped, or in a .tar.gz or .zip archive.",
    ),
]
SkipBad = Annotated[
    bool, typer.Option(help="Skip rows that are not a valid labelled face, instead of failing with a list of them.")
]
Seed = Annotated[int, typer.Option(help="Seed of the random generator. The same seed gives the same files.")]


def read_faces(
    csv: Path, skip_bad: bool, usages: frozenset[Usage] | None = None, *, may_be_empty: bool = False
) -> LabelledImages:
    """Reads a FER2013 CSV, prints how many faces it has, and shows a spinner meanwhile.

    Parameters, result and errors are those of `training.data.fer2013.load_faces`.
    """
    with console.status(f"reading {csv.name}"):
        return fer2013.load_faces(csv, usages, skip_invalid=skip_bad, may_be_empty=may_be_empty, log=print_plain)
