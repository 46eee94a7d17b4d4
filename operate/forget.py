"""What the command `forget` does: show what there is about some images, ask, delete it, and report."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import boto3
import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress
from rich.table import Table

from cli import literal
from operate.erasure import Contents, Selection, Stack, erase, survey
from operate.evidence import Erasure, evidence
from operate.stack import OperateError

# The functions delete documents too, as soon as S3 reports that an image is deleted. They can put a delete marker on a
# document while it is being erased, so one pass may leave something.
MAX_PASSES = 5


def select(stack: Stack, name: str, everything: bool) -> Selection:
    """Returns what the options select. Raises OperateError if an empty name would select everything by mistake."""
    if everything and name:
        raise OperateError("give either a name or --everything, not both")
    if not everything and not name:
        raise OperateError("an empty name selects nothing; to forget all images of the stack, use --everything")
    return Selection(stack, name)


def forget(selection: Selection, dry_run: bool, yes: bool, report: Path | None, console: Console) -> bool:
    """Deletes what there is about the selected images, after a question. Returns whether nothing of it is left.

    dry_run: only show what there is.
    yes: do not ask.
    report: a new file to write the evidence to.

    Raises OperateError if there is nobody to ask, or if the report can't be written.
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise OperateError("forget asks before it deletes, but there is no terminal; add --yes, or --dry-run")
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    with console.status("counting"):
        found = survey(s3, sqs, selection)
    print_contents(selection, found, console)
    if dry_run:
        console.print("This was a dry run: nothing was deleted.")
        return True
    if found.total and not yes:
        typer.confirm("Delete all of this for good?", abort=True)
    operator = boto3.client("sts").get_caller_identity()["Arn"]
    file = open_report(report) if report else None
    erasure = Erasure(selection, operator, found, datetime.now(UTC))
    try:
        run(erasure, s3, sqs, console)
    finally:
        # After an interruption too: somebody has to know what was deleted until then.
        if file:
            with file:
                file.write(evidence(erasure))
    print_outcome(erasure, console)
    return erasure.is_complete


def open_report(path: Path) -> IO[str]:
    """Opens the file before anything is deleted. Raises OperateError. An older report is never overwritten."""
    try:
        return path.open("x", encoding="utf-8")
    except OSError as error:
        raise OperateError(f"the report {path} can't be written, so nothing was deleted: {error.strerror}") from error


def run(erasure: Erasure, s3: Any, sqs: Any, console: Console) -> None:
    """Deletes, and looks for what is left, until nothing is left or another pass would not help."""
    left = erasure.found
    for _ in range(MAX_PASSES):
        deleted_before = erasure.outcome.deleted.total
        left = erase_and_look(erasure, left.total, s3, sqs, console)
        if not left.total or erasure.outcome.failures or erasure.outcome.deleted.total == deleted_before:
            break
    erasure.left, erasure.ended = left, datetime.now(UTC)


def erase_and_look(erasure: Erasure, total: int, s3: Any, sqs: Any, console: Console) -> Contents:
    """Deletes once, and returns what is left. total: number of versions and messages."""
    with Progress(console=console) as progress:
        task = progress.add_task("deleting", total=total)
        erase(s3, sqs, erasure.selection, erasure.outcome, lambda count: progress.advance(task, count))
    with console.status("looking for what is left"):
        return survey(s3, sqs, erasure.selection)


def print_contents(selection: Selection, contents: Contents, console: Console) -> None:
    """Prints what there is about the selected images as a table."""
    console.print(literal(f"s3://{selection.stack.bucket}/{selection.key}"), soft_wrap=True)
    if not contents.total:
        console.print("There is nothing about it in the bucket and in the dead-letter queue.")
        if not selection.is_folder:
            console.print("Names are those below the inbox, and the name of a folder ends in a slash.")
        return
    table = Table("", *("number", "versions", "delete markers", "size"))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, count in (
        ("images", contents.images),
        ("documents", contents.documents),
        ("reviews", contents.reviews),
    ):
        numbers = (count.objects, count.versions, count.delete_markers)
        table.add_row(name, *(f"{number:,}" for number in numbers), decimal(count.size))
    table.add_row("dead letters", f"{contents.dead_letters:,}")
    console.print(table)


def print_outcome(erasure: Erasure, console: Console) -> None:
    """Prints what was deleted, and what has to be done about the rest."""
    deleted, left = erasure.outcome.deleted, erasure.left
    console.print(
        f"Deleted {deleted.images.objects:,} images, {deleted.documents.objects:,} documents and "
        f"{deleted.reviews.objects:,} reviews with {deleted.total - deleted.dead_letters:,} versions and delete "
        f"markers, and {deleted.dead_letters:,} dead letters.",
        soft_wrap=True,
    )
    for name, reason in erasure.outcome.examples:
        console.print(literal(f"not deleted: {name}: {reason}", style="red"), soft_wrap=True)
    if erasure.is_complete:
        console.print(
            "Messages about these images that still wait in the queue do nothing when they arrive. An image that was "
            "being classified can leave an old version of its document: run the command again after two minutes.",
            soft_wrap=True,
        )
    elif left:
        console.print(
            f"Left are {left.images.total:,} versions of images, {left.documents.total:,} of documents, "
            f"{left.reviews.total:,} of reviews, and {left.dead_letters:,} dead letters: not all could be deleted, or "
            "new ones came meanwhile, or a dead letter is about other images too. It is safe to run the command again.",
            style="red",
            soft_wrap=True,
        )
