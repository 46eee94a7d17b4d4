"""Pages that are computed from prices and measurements: `python -m benchmarks cost`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def main() -> None:
    """Pages that are computed from prices and measurements."""


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


if __name__ == "__main__":
    app()
