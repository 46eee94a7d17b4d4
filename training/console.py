"""The console that all commands print to."""

from rich.console import Console

console = Console()
