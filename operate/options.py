"""Options that several commands have."""

from typing import Annotated

import typer

StackOption = Annotated[str, typer.Option(help="Name of the stack, as in samconfig.toml.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]
