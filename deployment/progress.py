"""Shows what takes long: a line with the elapsed time while it runs."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from cli import printable
from deployment.stacks import Progress as StackProgress

# Results go to stdout, and progress to stderr.
errors = Console(stderr=True)
# Seconds between two looks at a stack. CloudFormation limits how often an account may ask.
POLL_SECONDS = 3.0


def pause() -> None:
    time.sleep(POLL_SECONDS)


def start(title: str, columns: Sequence[ProgressColumn]) -> Progress:
    """Returns a display that is gone when it ends. In a log, where nothing moves, the title is printed instead."""
    if not errors.is_terminal:
        print_line(f"{title} ...")
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


@contextlib.contextmanager
def show(title: str) -> Iterator[Callable[[str], None]]:
    """Shows the title with a spinner and the elapsed time until the block ends.

    Yields a function that adds a remark to the title.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with start(title, columns) as progress:
        task = progress.add_task(title, total=None)
        yield lambda remark: progress.update(task, description=printable(f"{title}: {remark}"))


@contextlib.contextmanager
def show_bytes(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar until the block ends. total: bytes. Yields a function that takes the number of further bytes."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with start(title, columns) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)


@contextlib.contextmanager
def show_stack(name: str) -> Iterator[Callable[[StackProgress], None]]:
    """Shows a stack's status and what CloudFormation is working on, until the block ends."""
    with show(f"stack {name}") as remark:
        yield lambda progress: remark(describe(progress))


def describe(progress: StackProgress) -> str:
    if progress.status == "DELETE_COMPLETE":
        return "does not exist"
    working_on = f", working on {', '.join(progress.changing[:3])}" if progress.changing else ""
    return f"{progress.status}, {progress.done} resources ready{working_on}"


def print_line(text: str) -> None:
    """Prints a step that is done, or a warning."""
    errors.print(printable(text), highlight=False, soft_wrap=True, markup=False)
