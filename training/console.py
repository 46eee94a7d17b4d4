"""The console that all commands print to."""

from rich.console import Console

console = Console()


def print_plain(text: str) -> None:
    """Prints a text that contains names of files or classes: `[...]` in it is not markup."""
    console.print(text, markup=False)
