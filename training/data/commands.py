"""The commands that make data of FER2013's csv: prepare, upload, images, composites."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from mien.logic.labels import LABELS
from training.console import Csv, Seed, SkipBad, console, read
from training.data import fer2013
from training.data.fer2013 import Faces
from training.data.prepare import Fit
from training.data.split import How


def prepare(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="The folder that gets all of it.")] = Path("build/fer2013"),
    exclude: Annotated[
        Path | None,
        typer.Option(exists=True, help="A csv whose faces may not be used: of one with a column Usage, its tests."),
    ] = None,
    votes: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="FER+'s csv of a crowd's votes, a row a row of the csv."),
    ] = None,
    validation: Annotated[float, typer.Option(min=0.01, max=0.5, help="The share that is held out.")] = 0.2,
    split: Annotated[
        How, typer.Option(help="Hold out the same share of each class, or of all at random.")
    ] = "stratified",
    keep_duplicates: Annotated[bool, typer.Option(help="Let faces of the same pixels fall on both sides.")] = False,
    share: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=SHARE", help="Train on a share of a class, as in happy=0.66.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Train on so many faces: classes without a SHARE are cut alike.")
    ] = None,
    training_cap: Annotated[int | None, typer.Option(min=1, help="At most so many training faces a class.")] = None,
    validation_cap: Annotated[int | None, typer.Option(min=1, help="At most so many validation faces a class.")] = None,
    fit: Annotated[
        Fit, typer.Option(help="How 48 pixels become 224: enlarged, or in the middle of black as in the article.")
    ] = "resize",
    folders: Annotated[bool, typer.Option(help="Write image files in class folders, and lists of them.")] = True,
    records: Annotated[bool, typer.Option(help="Write RecordIO, for the built-in algorithm.")] = True,
    arrays: Annotated[bool, typer.Option(help="Write arrays, for our own script.")] = True,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Turn FER2013's csv into what training jobs read.

    Class folders of 48x48 and of 224x224 images, train.lst and validation.lst, train.rec and validation.rec with their
    .idx, train/faces.npz and validation/faces.npz. Of a csv with a column Usage the rows for Training are taken.
    A second run writes the same files again.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from training.data import prepare as to
    from training.data import split as choose

    faces = read(csv, skip_bad, fer2013.TRAINING)
    if votes:
        crowd = fer2013.read_votes(votes, fer2013.TRAINING)
        if len(crowd) != len(faces):
            raise ValueError(f"{votes.name} holds votes for {len(crowd):,} faces, and {csv.name} has {len(faces):,}")
        faces = Faces(faces.images, faces.labels, crowd)
    if exclude:
        kept = faces[choose.without(faces, read(exclude, skip_bad, fer2013.TESTS))]
        console.print(f"{len(faces) - len(kept):,} faces occur in {exclude.name} too, and are left out")
        faces = kept
    chosen = choose.split(faces, validation, seed, split, keep_duplicates)
    selections = {"train": chosen.training, "validation": chosen.validation}
    if share or samples:
        selections["train"] = choose.thinned(selections["train"], faces.labels, shares_of(share or []), samples)
    for name, cap in (("train", training_cap), ("validation", validation_cap)):
        if cap:
            selections[name] = choose.capped(selections[name], faces.labels, cap)
    table = Table("class", *selections, box=None)
    for label, name in enumerate(LABELS):
        table.add_row(name, *(f"{int((faces.labels[s] == label).sum()):,}" for s in selections.values()))
    table.add_row("all", *(f"{len(selection):,}" for selection in selections.values()))
    console.print(table)

    files = 2 * len(faces) * folders + sum(map(len, selections.values())) * records
    with (
        Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=console) as bar,
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
    ):
        task = bar.add_task("images", total=files, visible=files > 0)

        def progress(count: int) -> None:
            bar.update(task, advance=count)

        if folders:
            to.write_folders(faces, output, fit, pool, progress)
        for name, selection in selections.items():
            if folders:
                to.write_list(selection, faces.labels, output / f"{name}.lst")
            if records:
                made = to.written_files(faces, selection, output) if folders else None
                files_of = made or to.large_files(faces, selection, fit, pool)
                to.write_records(faces, selection, files_of, output / f"{name}.rec", progress)
            if arrays:
                to.write_arrays(faces[selection], output / name)
    console.print(f"written to {output}", highlight=False)


def shares_of(words: list[str]) -> dict[int, float]:
    shares = {}
    for word in words:
        name, _, share = word.partition("=")
        try:
            shares[LABELS.index(name)] = float(share)
        except ValueError:
            raise ValueError(f"{word!r} is no CLASS=SHARE, as in happy=0.66; classes: {', '.join(LABELS)}") from None
        if not 0 <= shares[LABELS.index(name)] <= 1:
            raise ValueError(f"{word!r}: a share is from 0 to 1")
    return shares


def upload(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="What `prepare` wrote, or a part of it.")
    ],
    to: Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="Where it goes.")],
) -> None:
    """Send a folder to S3, many files at once.

    Files that lie there already with the same content are not sent again, so that a second run is short, and an
    interrupted one goes on. AWS_ENDPOINT_URL names another S3, such as the one of `make up`.
    """
    import boto3
    from boto3.exceptions import S3UploadFailedError
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from training.data import upload as s3_upload
    from training.s3_uri import parse_s3_uri

    bucket, prefix = parse_s3_uri(to)
    files = s3_upload.files_of(folder, prefix)
    s3 = boto3.client("s3", config=Config(max_pool_connections=s3_upload.THREADS))
    try:
        with console.status("comparing with what lies there"):
            new = s3_upload.changed(files, bucket, prefix, s3)
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("upload", total=sum(path.stat().st_size for path in new.values()), visible=bool(new))
            s3_upload.send(new, bucket, s3, lambda count: bar.update(task, advance=count))
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        raise ValueError(f"s3://{bucket}: {error}") from None
    console.print(f"{len(new):,} files sent to {to}, {len(files) - len(new):,} lay there already", highlight=False)


def images(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="A folder, which gets one folder a class.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of the csv.")] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Write faces out as PNG files, a folder a class: for the inbox, or to look at."""
    from training.data.prepare import path_of, small

    faces = read(csv, skip_bad)
    count = min(len(faces), limit or len(faces))
    for index in range(count):
        path = output / path_of(index, int(faces.labels[index]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small(faces.images[index]))
    console.print(f"{count:,} images under {output}")


def composites(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="A folder, which gets one folder a class.")] = Path("samples/faces"),
    per_class: Annotated[int, typer.Option(min=1, max=20)] = 5,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Make sample faces that show nobody: each is the average of many of one class."""
    from training.data.composites import write

    for path in write(read(csv, skip_bad), output, per_class, seed):
        console.print(path)
