"""The commands around training data, besides prepare: upload, images, composites, photos."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli import explain_aws_error
from training.console import console, print_plain
from training.data.csv_input import Csv, Seed, SkipBad, read_faces


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
