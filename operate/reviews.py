"""The command `reviews`: how often the results are right that people have reviewed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import boto3
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli import literal
from mien.logic.documents import faces_of
from mien.logic.opinions import NO_FACE
from operate import statistics
from operate.options import StackOption
from operate.reviewed import Reviewed, list_keys, read_reviews
from operate.reviewed_faces import Written, write_faces
from operate.selection import Stack
from operate.stack import OperateError, stack_outputs
from operate.statistics import DISPUTED, NOT_A_FACE, RIGHT, UNSURE, ReviewedFace, Share

# Missing images that are named. The others are counted.
MAX_NAMED = 20

console = Console()


def show_reviews(
    stack: StackOption = "mien",
    prefix: Annotated[str, typer.Option(help="Only images whose name below the inbox begins with this.")] = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--faces",
            help="New folder for the reviewed faces: a folder of PNG files per label, for `training prepare`.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show how often reviewed results are right.

    Prints the accuracy, the recall and precision of each label, and which labels are confused. Each has its 95%
    interval. They hold for the faces that were reviewed, and only reviews of current results count.
    """
    if folder and folder.exists():
        raise OperateError(f"{folder} exists already, so nothing was written")
    s3, parts = boto3.client("s3"), Stack.from_outputs(stack_outputs(stack))
    if parts.has_lines:
        raise OperateError(f"the stack {stack} stores its results as lines, so there are no reviews")
    keys = list_keys(s3, parts, prefix)
    with Progress(console=console) as progress:
        task = progress.add_task("reading reviews", total=len(keys))
        reviewed = read_reviews(s3, parts, keys, lambda: progress.advance(task))
    print_reviewed(reviewed, console)
    if folder:
        with Progress(console=console) as progress:
            task = progress.add_task("cutting out faces", total=len({face.image for face in reviewed.faces}))
            try:
                written = write_faces(
                    s3, parts.bucket, reviewed, labels_of(reviewed), folder, lambda: progress.advance(task)
                )
            except OSError as error:
                raise OperateError(f"{error.filename or folder} can't be written: {error.strerror}") from error
        print_written(written, folder, console)


def print_reviewed(reviewed: Reviewed, console: Console) -> None:
    """Prints all numbers."""
    faces = [face for face in reviewed.faces if face.number != NO_FACE]
    labels = labels_of(reviewed)
    counts = statistics.confusion(faces, labels)
    images = {face.image for face in reviewed.faces}
    console.print(
        f"{len(faces):,} faces were reviewed, and {len(reviewed.faces) - len(faces):,} images without a face: "
        f"{len(images):,} images, {reviewed.reviewers:,} reviewers.",
        soft_wrap=True,
    )
    if counts:
        console.print(f"Accuracy: {describe(statistics.accuracy(counts))}", soft_wrap=True)
        print_labels(counts, labels, console)
        print_confusion(counts, labels, console)
    labelled = [face for face in faces if face.predicted]
    print_count("not a face", count(labelled, NOT_A_FACE), console)
    print_count("nobody is sure", count(labelled, UNSURE), console)
    print_count("reviewers disagree, and no answer has the most of them", count(labelled, DISPUTED), console)
    too_small = [face for face in faces if not face.predicted]
    seen = count_labels(too_small, labels)
    print_count(f"too small for a label; reviewers see a label in {seen:,}", len(too_small), console)
    empty = [face for face in reviewed.faces if face.number == NO_FACE]
    seen = count_labels(empty, labels)
    without = f"images in which no face was found; {count(empty, RIGHT):,} have none, {seen:,} have one"
    print_count(without, len(empty), console)
    print_count("reviews of another version of an image, or of a face that is gone", reviewed.outdated, console)
    print_count("objects that are not reviews", reviewed.skipped, console)
    pairs = statistics.agreement(reviewed.faces)
    if pairs.total:
        console.print(f"Pairs of reviewers who agree: {describe(pairs)}", soft_wrap=True)


def count(faces: list[ReviewedFace], answer: str) -> int:
    return sum(face.answer == answer for face in faces)


def labels_of(reviewed: Reviewed) -> list[str]:
    """Returns all labels of the models that labelled the reviewed images, in alphabetical order."""
    faces = [face for result in reviewed.results.values() for face in faces_of(result)]
    return sorted({label for face in faces for label in face.get("probabilities", {})})


def count_labels(faces: list[ReviewedFace], labels: Sequence[str]) -> int:
    return sum(face.answer in labels for face in faces)


def print_count(what: str, number: int, console: Console) -> None:
    if number:
        console.print(f"{number:6,}  {what}", soft_wrap=True)


def print_labels(counts: statistics.Confusion, labels: Sequence[str], console: Console) -> None:
    table = Table("label", "recall", "precision", title="Each label", title_justify="left")
    for label in labels:
        table.add_row(label, describe(statistics.recall(counts, label)), describe(statistics.precision(counts, label)))
    console.print(table)


def print_confusion(counts: statistics.Confusion, labels: Sequence[str], console: Console) -> None:
    table = Table("reviewers say", *labels, title="Faces, by the result's label", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for answer in labels:
        table.add_row(answer, *(f"{counts[answer, predicted]:,}" for predicted in labels))
    console.print(table)


def describe(share: Share) -> str:
    """Returns a share with its interval, such as `75.0% (30.1% to 95.4%), 3 of 4`."""
    if not share.total:
        return "no face"
    low, high = share.interval()
    return f"{share.part / share.total:.1%} ({low:.1%} to {high:.1%}), {share.part:,} of {share.total:,}"


def print_written(written: Written, folder: Path, console: Console) -> None:
    console.print(literal(f"Wrote {written.faces:,} faces to {folder}."), soft_wrap=True)
    print_count("reviewed faces without a label, or too small: not written", written.without_label, console)
    for what, keys in (
        ("images are gone or have changed: their faces are not written", written.missing),
        ("images whose document does not say what the model saw: their faces are not written", written.unknown_input),
    ):
        print_count(what, len(keys), console)
        for key in keys[:MAX_NAMED]:
            console.print(literal(f"        {key}"), soft_wrap=True)
        if len(keys) > MAX_NAMED:
            console.print(f"        and {len(keys) - MAX_NAMED:,} more")
