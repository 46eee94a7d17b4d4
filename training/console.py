"""What commands have in common: where they print, the options that several take, and the csv they read."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.data import fer2013
from training.data.fer2013 import BadRows, Faces

console = Console()

Csv = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="FER2013's train.csv or fer2013.csv, or one of them gzipped."),
]
SkipBad = Annotated[bool, typer.Option(help="Go on without rows that hold no labelled face.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same files.")]


def read(csv: Path, skip_bad: bool, usages: frozenset[str] | None = None) -> Faces:
    with console.status(f"reading {csv.name}"):
        faces, bad = fer2013.read(csv, usages)
    if bad and not skip_bad:
        raise BadRows(csv, bad)
    console.print(f"{csv.name}: {len(faces):,} faces" + (f", {len(bad):,} bad rows skipped" if bad else ""))
    return faces
