"""Prepare FER2013, train a model on it, measure the model, and deploy it to an endpoint.

The usual order of the commands is: prepare, upload, launch, follow, evaluate, deploy. `COMMAND --help` describes each
one.
"""

from typing import Annotated

import typer
from rich.console import Console

import mien
from training.data.commands import composites, images, prepare, upload
from training.evaluation.commands import evaluate
from training.hosting.commands import deploy
from training.jobs.commands import compare, follow, launch, stop

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)

for command in (prepare, upload, launch, follow, stop, compare, deploy, evaluate, images, composites):
    app.command()(command)


def print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"mien {mien.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of `python -m training` itself, before the name of a command."""


def main() -> None:
    """Runs a command. Expected errors are printed as one message in red, without a traceback, and exit with 1."""
    try:
        app()
    except Exception as error:
        # The module's name is compared because only the commands that call AWS import botocore.
        if not isinstance(error, ValueError | OSError) and not type(error).__module__.startswith("botocore."):
            raise
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
