"""The commands that make data from FER2013's CSV: prepare, upload, images, composites, photos."""

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

from cli import explain_aws_error
from training.console import console, print_plain
from training.data.csv_input import Csv, Seed, SkipBad, read_faces
from training.data.png import Fit
from training.data.prepare import Preparation, Selected, count_images, select_faces, write_channels
from training.data.split import Strategy


def prepare(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("build/fer2013"),
    exclude: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="CSV with faces that must not be used, such as a test set. If it has a column Usage, only its rows "
            "PublicTest and PrivateTest count.",
        ),
    ] = None,
    votes: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="FER+ votes CSV, one row per row of the input CSV."),
    ] = None,
    validation: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="Share of faces that is held out for validation.")
    ] = 0.2,
    split: Annotated[
        Strategy,
        typer.Option(help="stratified: hold out this share of every class. random: hold out this share of all faces."),
    ] = "stratified",
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            help="Allow faces with equal pixels in both training and validation. By default they stay together."
        ),
    ] = False,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS=SHARE", help="Train on a share of one class, as in happy=0.66; may be repeated."),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Train on this many faces. All classes without a --share are reduced by one factor."),
    ] = None,
    training_cap: Annotated[int | None, typer.Option(min=1, help="Maximum count of training faces per class.")] = None,
    validation_cap: Annotated[
        int | None, typer.Option(min=1, help="Maximum count of validation faces per class.")
    ] = None,
    fit: Annotated[
        Fit,
        typer.Option(help="How 48x48 becomes 224x224. resize: enlarge. pad: center on black, as the article did."),
    ] = "resize",
    folders: Annotated[bool, typer.Option(help="Write PNG files in class folders, and .lst files of them.")] = True,
    records: Annotated[bool, typer.Option(help="Write RecordIO, for SageMaker's built-in algorithm.")] = True,
    arrays: Annotated[bool, typer.Option(help="Write NumPy arrays, for training/container/train.py.")] = True,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Turn FER2013's CSV into the files that training jobs read.

    \b
    Writes below --output:
      train/faces.npz, validation/faces.npz        for training/container/train.py
      train.rec, validation.rec, each with .idx    for the built-in algorithm, as RecordIO
      FacialExpressions_224by224_3channel/CLASS/,
      train.lst, validation.lst                    for the built-in algorithm, as images
      FacialExpressions/CLASS/                     48x48 PNG files, to look at

    If the CSV has a column Usage, only its Training rows are used, and the others are counted. The same options and
    seed write the same files. Nothing is written if a channel would have no faces.

    \b
    Example, the data of the committed model:
      python -m training prepare train.csv.gz --exclude public_test.csv.gz --validation 0.1 \\
        --votes train_ferplus.csv.gz --no-folders --no-records
    """
    if not (folders or records or arrays):
        raise ValueError("there is nothing to write: leave out one of --no-folders, --no-records and --no-arrays")
    preparation = Preparation(
        csv=csv,
        output=output,
        exclude=exclude,
        votes=votes,
        validation_share=validation,
        strategy=split,
        keep_duplicates=keep_duplicates,
        class_shares=parse_shares(share or []),
        training_samples=samples,
        training_cap=training_cap,
        validation_cap=validation_cap,
        fit=fit,
        folders=folders,
        records=records,
        arrays=arrays,
        skip_invalid=skip_bad,
        seed=seed,
    )
    with console.status("reading"):
        selected = select_faces(preparation, log=print_plain)
    console.print(class_table(selected))
    total = count_images(selected, preparation)
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task("images", total=total, visible=total > 0)
        write_channels(selected, preparation, progress=lambda count: bar.update(task, advance=count))
    console.print(f"written to {output}", highlight=False, markup=False)


def class_table(selected: Selected) -> Table:
    """How many faces each class has in each channel."""
    table = Table("class", *selected.channels, box=None)
    for label, name in enumerate(selected.faces.classes):
        table.add_row(name, *(f"{count:,}" for count in selected.class_counts(label)))
    table.add_row("all", *(f"{len(selection):,}" for selection in selected.channels.values()))
    return table


def parse_shares(assignments: list[str]) -> dict[str, float]:
    """CLASS=SHARE texts → from each class's name to its share. Raises ValueError with the text and a valid example."""
    shares = {}
    for assignment in assignments:
        name, _, text = assignment.rpartition("=")
        try:
            share = float(text)
        except ValueError:
            raise ValueError(f"--share {assignment!r} is not CLASS=SHARE, as in happy=0.66") from None
        if not 0 <= share <= 1:
            raise ValueError(f"--share {assignment!r}: a share is a number from 0 to 1")
        shares[name] = share
    return shares


def upload(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="The output folder of `prepare`, or a part of it.")
    ],
    to: Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", help="Where to store the files.")],
) -> None:
    """Send a folder to S3, with many transfers at once.

    Files that the bucket already has with the same content are not sent again. A second run is therefore short, and a
    run after an interruption continues. AWS_ENDPOINT_URL selects another S3, such as the local one of `make up`.

    Files whose name is not UTF-8 are named and not sent. The exit status is then 1.

    \b
    Example:
      python -m training upload build/fer2013 s3://my-bucket/fer2013
    """
    import boto3
    from boto3.exceptions import S3UploadFailedError
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from training.data.upload import THREADS, changed_files, files_by_key, pop_unsendable, send_files
    from training.s3_uri import parse_s3_uri

    bucket, prefix = parse_s3_uri(to)
    files = files_by_key(folder, prefix)
    if not files:
        raise ValueError(f"{folder} has no files to send")
    unsendable = pop_unsendable(files)
    s3 = boto3.client("s3", config=Config(max_pool_connections=THREADS))
    try:
        with console.status("comparing with the files in the bucket"):
            changed = changed_files(files, bucket, prefix, s3)
        size = sum(path.stat().st_size for path in changed.values())
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("upload", total=size, visible=bool(changed))
            send_files(changed, bucket, s3, progress=lambda count: bar.update(task, advance=count))
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        raise ValueError(f"s3://{bucket}: {explain_aws_error(error)}") from None
    unchanged = len(files) - len(changed)
    console.print(
        f"{len(changed):,} files sent to {to}, {unchanged:,} were already there", highlight=False, markup=False
    )
    for path in unsendable:
        console.print(f"not sent: {path}: its name is not UTF-8", style="red", markup=False, soft_wrap=True)
    if unsendable:
        raise typer.Exit(1)


def images(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="Folder to write into; it gets one subfolder per class.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Write only the first faces of the CSV.")] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Write faces as 48x48 PNG files, one folder per class, to look at or to drop into the inbox.

    \b
    Example:
      python -m training images public_test.csv.gz --output build/faces --limit 100
    """
    from training.data.png import encode_small
    from training.data.writers import relative_path

    faces = read_faces(csv, skip_bad)
    count = min(len(faces), limit or len(faces))
    for index in range(count):
        path = output / relative_path(faces, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_small(faces.images[index]))
    print_plain(f"{count:,} images written to {output}")


def composites(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="Folder to write into; it gets one subfolder per class.")] = Path(
        "samples/faces"
    ),
    per_class: Annotated[int, typer.Option(min=1, max=20, help="Composites per class.")] = 5,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Make sample faces that show no real person.

    Each one is the average of 30 similar faces of one class, so it can be published. samples/faces was made this way.

    \b
    Example:
      python -m training composites train.csv.gz --output samples/faces
    """
    from training.data.composites import write

    faces = read_faces(csv, skip_bad)
    paths = write(faces, output, per_class, seed)
    for path in paths:
        console.print(path)
    for name in faces.classes:
        count = sum(path.parent.name == name for path in paths)
        if count < per_class:
            console.print(f"{name}: {count} of {per_class} composites, because it has too few different faces")


def photos(
    faces: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of sample faces, as `composites` writes them.")
    ] = Path("samples/faces"),
    output: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("samples/photos"),
) -> None:
    """Draw a group photo around sample faces, and the same studio without anybody.

    Everything except the faces is drawn, so the photos can be published. samples/photos was made this way.
    """
    from training.data.group_photo import write

    for path in write(faces, output):
        console.print(path)
