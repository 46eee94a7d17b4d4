"""Shared by the command lines `python -m local`, `python -m operate` and `python -m training`."""

import json
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from mien import __version__


def print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"mien {__version__}")
        raise typer.Exit()


# Add it to a typer.Typer() in its callback: `@app.callback() def options(version: VersionOption = False) -> None: ...`
VersionOption = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
]


def printable(text: str, kept: str = "") -> str:
    """Returns the text with an escape, such as `\\x1b`, in place of each character that a terminal would not just show.

    Names and bodies can come from strangers. Control characters could rewrite what the terminal shows, and characters
    that change the direction of writing could disguise a name.

    kept: characters that stay as they are.
    """
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


def literal(text: str, style: str = "") -> Text:
    """Returns a text that rich prints as it is: without markup, emoji codes and control characters."""
    return Text(printable(text), style=style)


def printable_json(text: str) -> str:
    """Returns JSON text with JSON's own escapes in place of the characters that `printable` escapes. Lines are kept."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def exit_with_error(error: Exception) -> NoReturn:
    """Prints an error that the user can act on as one red text on stderr, without a traceback. Exits with status 1."""
    # Messages hold paths, keys and AWS's own words: `[...]` in them is not markup, and lines are not wrapped.
    Console(stderr=True).print(Text(printable(str(error), kept="\n"), style="red"), soft_wrap=True)
    raise SystemExit(1) from None
