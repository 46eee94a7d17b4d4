"""Shared by the command lines `python -m local`, `python -m operate` and `python -m training`."""

from typing import Annotated, NoReturn

import typer
from rich.console import Console

from mien import __version__


def print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"mien {__version__}")
        raise typer.Exit()


# Add it to a typer.Typer() in its callback: `@app.callback() def options(version: VersionOption = False) -> None: ...`
VersionOption = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
]


def exit_with_error(error: Exception) -> NoReturn:
    """Prints an error that the user can act on as one red text on stderr, without a traceback. Exits with status 1."""
    # Messages hold paths, keys and AWS's own words: `[...]` in them is not markup, and lines are not wrapped.
    Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1) from None
