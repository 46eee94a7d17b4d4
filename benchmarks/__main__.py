"""Pages that are computed from prices and measurements: `python -m benchmarks`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))

from cli import exit_with_error

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


class Part(StrEnum):
    """Parts of benchmarks/speed.md."""

    FACES = "faces"
    PHOTOS = "photos"
    STAGES = "stages"
    GROWTH = "growth"


# What `make bench` measures. The growth takes longer than all of these.
DEFAULT_PARTS = [Part.FACES, Part.PHOTOS, Part.STAGES]


@app.command()
def cost(
    measure: Annotated[
        bool,
        typer.Option("--measure", help="First measure the inbox in the embedded cloud again."),
    ] = False,
    images: Annotated[int, typer.Option(min=100, help="Images of each of these runs.")] = 1000,
) -> None:
    """Write the tables of docs/cost.md again. It takes about two minutes, and some more with --measure."""
    from benchmarks.cost import page
    from benchmarks.cost.runs import save_runs

    if measure:
        from benchmarks.cost.measure import measure_runs

        save_runs(measure_runs(images))
    page.write()


@app.command()
def speed(
    only: Annotated[
        list[Part], typer.Option(help="Measure only this part; can be repeated.", show_default="faces, photos, stages")
    ] = DEFAULT_PARTS,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few images and one round: print the tables, and leave the page as it is.")
    ] = False,
) -> None:
    """Compare Mien with what people use today, and write the tables of benchmarks/speed.md again.

    Faces and photos are classified in three ways: by a function that gets one image in base64 (the article's way), by a
    function that handles one record of its queue after the other (the common public pattern), and by Mien. All use the
    same bucket and the same endpoint, on this machine, behind a proxy that answers as late as AWS would.

    faces, photos: the three ways in turns, with batches of 10, 32 and 100 images. stages: where the function's
    processor time goes. growth: 1,000, 5,000 and 20,000 images with one and two functions; it takes about 20 minutes.

    Needs no account, no Docker and no data. Let the machine do nothing else meanwhile: everything shares its cores.
    """
    from benchmarks.speed.command import run
    from benchmarks.speed.worker import WorkerError
    from benchmarks.uploads import MissingDocuments
    from local.cloud import CloudError

    try:
        run(list(dict.fromkeys(part.value for part in only)), quick, Console())
    except (CloudError, MissingDocuments, WorkerError) as error:
        exit_with_error(error)


if __name__ == "__main__":
    app()
