"""Shared by the command lines `python -m local`, `python -m operate` and `python -m training`."""

from typing import NoReturn

from rich.console import Console


def exit_with_error(error: Exception) -> NoReturn:
    """Prints an error that the user can act on as one red text on stderr, without a traceback. Exits with status 1."""
    # Messages hold paths, keys and AWS's own words: `[...]` in them is not markup, and lines are not wrapped.
    Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1) from None
