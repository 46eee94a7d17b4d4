"""What the command `forget` does: show what there is about some images, ask, delete it, and report."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import boto3
import typer
from botocore.config import Config
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress
from rich.table import Table

from cli import literal
from operate.erasure import Contents, erase, survey
from operate.evidence import Erasure, evidence
from operate.lines import ALL_HOURS, THREADS, Hours, count_objects, newer_hours
from operate.selection import Selection, Stack
from operate.stack import OperateError

# The functions delete documents too, as soon as S3 reports that an image is deleted. They can put a delete marker on a
# document while it is being erased, so one pass may leave something.
MAX_PASSES = 5

# What can still come after an erasure is complete.
WAITING = (
    "Messages about these images that still wait in the queue do nothing when they arrive. An image that was being "
    "classified can leave an old version of its document: run the command again after two minutes."
)
WAITING_WITH_LINES = (
    "Messages about these images that still wait in the queue, and images that were being classified, can lead to new "
    "lines: run the command again after two minutes, or later if the queue is not empty then."
)


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
    s3 = boto3.client("s3", config=Config(max_pool_connections=THREADS))
    sqs = boto3.client("sqs")
    looked = time.time()
    found = look(s3, sqs, selection, ALL_HOURS, console)
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
        run(erasure, s3, sqs, console, looked)
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


def run(erasure: Erasure, s3: Any, sqs: Any, console: Console, looked: float) -> None:
    """Deletes, and looks for what is left, until nothing is left or another pass would not help.

    looked: seconds since 1970, when the look began that has found what is to be erased.
    """
    left = erasure.found
    for _ in range(MAX_PASSES):
        deleted_before = erasure.outcome.deleted.total
        hours = newer_hours(erasure.selection, left.lines, looked)
        looked = time.time()
        left = erase_and_look(erasure, left.total, hours, s3, sqs, console)
        if not left.total or erasure.outcome.failures or erasure.outcome.deleted.total == deleted_before:
            break
    erasure.left, erasure.ended = left, datetime.now(UTC)


def erase_and_look(erasure: Erasure, total: int, hours: Hours, s3: Any, sqs: Any, console: Console) -> Contents:
    """Deletes once, and returns what is left.

    total: number of versions, objects of lines and messages.
    hours: those with lines about the images.
    """
    objects = count_objects(s3, erasure.selection, hours)
    with Progress(console=console) as progress:
        task = progress.add_task("deleting", total=total)
        reading = progress.add_task("reading lines", total=objects, visible=bool(objects))
        erase(
            s3,
            sqs,
            erasure.selection,
            erasure.outcome,
            lambda count: progress.advance(task, count),
            hours,
            lambda: progress.advance(reading),
        )
    return look(s3, sqs, erasure.selection, hours, console)


def look(s3: Any, sqs: Any, selection: Selection, hours: Hours, console: Console) -> Contents:
    """Returns what there is about the selected images. Objects of lines are counted before they are read."""
    with console.status("counting"):
        objects = count_objects(s3, selection, hours)
        if not objects:
            return survey(s3, sqs, selection, hours)
    console.print(f"Reading {objects:,} objects, because each can have lines about these images.", soft_wrap=True)
    with Progress(console=console) as progress:
        reading = progress.add_task("reading lines", total=objects)
        return survey(s3, sqs, selection, hours, lambda: progress.advance(reading))


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
    if contents.lines.objects:
        lines = contents.lines
        table.add_row("lines, in objects", f"{lines.lines:,}", f"{lines.objects:,}", "", decimal(lines.size))
    table.add_row("dead letters", f"{contents.dead_letters:,}")
    console.print(table)


def print_outcome(erasure: Erasure, console: Console) -> None:
    """Prints what was deleted, and what has to be done about the rest."""
    deleted, left = erasure.outcome.deleted, erasure.left
    console.print(
        f"Deleted {deleted.images.objects:,} images, {deleted.documents.objects:,} documents and "
        f"{deleted.reviews.objects:,} reviews with {deleted.versions:,} versions and delete "
        f"markers, and {deleted.dead_letters:,} dead letters.",
        soft_wrap=True,
    )
    if deleted.lines.objects:
        console.print(f"Deleted {deleted.lines.lines:,} lines, from {deleted.lines.objects:,} objects.", soft_wrap=True)
    for name, reason in erasure.outcome.examples:
        console.print(literal(f"not deleted: {name}: {reason}", style="red"), soft_wrap=True)
    if erasure.is_complete:
        console.print(WAITING_WITH_LINES if erasure.selection.stack.has_lines else WAITING, soft_wrap=True)
    elif left and not left.total and not erasure.outcome.failures:
        console.print(
            "The stack will now write lines that say that these images are deleted. Run the command again after two "
            "minutes to delete those lines: an erasure is complete when it finds no image any more.",
            style="red",
            soft_wrap=True,
        )
    elif left:
        console.print(
            f"Left are {left.images.total:,} versions of images, {left.documents.total:,} of documents, "
            f"{left.reviews.total:,} of reviews, {left.lines.lines:,} lines, and {left.dead_letters:,} dead letters: "
            "not all could be deleted, or new ones came meanwhile, or a dead letter is about other images too. It is "
            "safe to run the command again.",
            style="red",
            soft_wrap=True,
        )
