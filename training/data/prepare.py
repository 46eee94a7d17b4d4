"""The command that makes training data from FER2013's CSV or from a folder of images: prepare."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from cli import literal
from training.console import console, print_plain
from training.data.csv_input import Seed
from training.data.image_files import Color, FaceSource
from training.data.image_folder import shown
from training.data.output import count_images, write_output
from training.data.parallel import process_pool
from training.data.png import Fit
from training.data.preparation import Preparation
from training.data.selection import Selected, select
from training.data.sources import Progress
from training.data.split import Strategy
from training.data.staging import earlier_entries, require_own_files


def prepare(
    source: Annotated[
        Path,
        typer.Argument(
            exists=True,
            metavar="SOURCE",
            help="A folder with a folder of images per class, perhaps below train/ and validation/ (or val/); or "
            "FER2013 as Kaggle's train.csv or fer2013.csv: plain, gzipped, or in a .tar.gz or .zip archive.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            show_default="build/fer2013, or for a folder build/ and its name",
            help="Folder to write into. The files of an earlier preparation in it are replaced.",
        ),
    ] = None,
    size: Annotated[
        int, typer.Option(min=16, max=1024, help="Pixels per side of the prepared images, and of the model's input.")
    ] = 48,
    color: Annotated[Color, typer.Option(help="gray or rgb.")] = "gray",
    faces: Annotated[
        FaceSource | None,
        typer.Option(
            show_default="whole",
            help="whole: take the central square of each image. find: take the largest face in it, as the functions "
            "find it; images without one are left out. For folders only: FER2013's images are faces already.",
        ),
    ] = None,
    exclude: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="CSV or folder with images that must not be used, such as a test set. If a CSV has a column Usage, "
            "only its rows PublicTest and PrivateTest count.",
        ),
    ] = None,
    votes: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="FER+ votes CSV, one row per row of the input CSV."),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=0.5,
            show_default="0.2",
            help="Share of images that is held out for validation, unless SOURCE has a folder for it.",
        ),
    ] = None,
    split: Annotated[
        Strategy,
        typer.Option(help="stratified: hold out this share of every class. random: hold out this share of all images."),
    ] = "stratified",
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            help="Allow images with equal pixels in both training and validation. By default they stay together, and "
            "a folder for validation loses those that the one for training has."
        ),
    ] = False,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS=SHARE", help="Train on a share of one class, as in happy=0.66; may be repeated."),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Train on this many images. All classes without a --share are reduced by one factor."),
    ] = None,
    training_cap: Annotated[int | None, typer.Option(min=1, help="Maximum count of training images per class.")] = None,
    validation_cap: Annotated[
        int | None, typer.Option(min=1, help="Maximum count of validation images per class.")
    ] = None,
    fit: Annotated[
        Fit,
        typer.Option(
            help="How images become 224x224 with --folders or --records. resize: as serving does. pad: center them on "
            "black, as the article did."
        ),
    ] = "resize",
    folders: Annotated[
        bool,
        typer.Option(help="Write PNG files in class folders, and .lst files. The recipes article-* read them."),
    ] = False,
    records: Annotated[
        bool, typer.Option(help="Write RecordIO, which SageMaker's built-in algorithm reads faster than folders.")
    ] = False,
    arrays: Annotated[bool, typer.Option(help="Write NumPy arrays. The recipes resnet* read them.")] = True,
    skip_bad: Annotated[
        bool,
        typer.Option(help="Leave out rows and images that can't be read, instead of failing with a list of them."),
    ] = False,
    seed: Seed = 0,
) -> None:
    """Turn a folder of images, or FER2013's CSV, into the files that training jobs read.

    \b
    Writes below --output:
      data.json                                    what the data is: classes, counts, options, digests
      train/faces.npz, validation/faces.npz        for training/container/train.py
    With --records:
      train.rec, validation.rec, each with .idx    for the built-in algorithm, as RecordIO
    With --folders:
      FacialExpressions_224by224_3channel/CLASS/,
      train.lst, validation.lst                    for the built-in algorithm, as images
      FacialExpressions/CLASS/                     PNG files of the prepared size, to look at

    A folder contains the images of each class in a folder with its name. If it has folders train and validation (or
    val) above these, the split is theirs, and a folder test is left out. Images are read as the functions read them:
    the same formats and the same preprocessing. All that can't be read are listed.

    If a CSV has a column Usage, only its Training rows are used, and the others are counted.

    The same options and seed write the same files. They replace those of an earlier run. Nothing is written if a class
    would be missing in training or in validation.

    \b
    Examples, for your own classes in shapes/circle/, shapes/square/, ..., and the data of the committed model:
      python -m training prepare shapes --output build/shapes --size 64 --color rgb
      python -m training prepare train.csv.gz --exclude public_test.csv.gz --validation 0.1 --votes train_ferplus.csv.gz
    """
    preparation = Preparation(
        source=source,
        output=output or default_output(source),
        size=size,
        color=color,
        faces=faces,
        exclude=exclude,
        votes=votes,
        validation=validation,
        split=split,
        keep_duplicates=keep_duplicates,
        share=parse_shares(share or []),
        samples=samples,
        training_cap=training_cap,
        validation_cap=validation_cap,
        fit=fit,
        folders=folders,
        records=records,
        arrays=arrays,
        skip_bad=skip_bad,
        seed=seed,
    )
    require_own_files(preparation.output)
    with process_pool() as pool:
        with progress_bar() as progress:
            selected = select(preparation, pool, print_plain, progress)
        console.print(class_table(selected))
        is_replaced = bool(earlier_entries(preparation.output))
        with progress_bar() as progress:
            progress.start("writing", count_images(selected, preparation))
            write_output(selected, preparation, pool, progress.advance)
    if is_replaced:
        print_plain(f"the files of an earlier preparation in {shown(preparation.output)} were replaced")
    print_plain(f"written to {shown(preparation.output)}")
    if arrays:
        data = shlex.quote(shown(preparation.output))
        console.print(
            f"train on it with: python -m training launch resnet --local --data {data}", markup=False, soft_wrap=True
        )


def default_output(source: Path) -> Path:
    return Path("build") / (source.resolve().name if source.is_dir() else "fer2013")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Shows one bar per step, with the count of images and the time that is left."""
    with ProgressBar(*ProgressBar.get_default_columns(), MofNCompleteColumn(), console=console) as bar:
        # Until it is known how much there is to read.
        waiting = bar.add_task("reading", total=None)

        def start(name: str, total: int) -> None:
            bar.update(waiting, visible=False)
            bar.add_task(escape(name), total=total)

        try:
            yield Progress(start, lambda count: bar.update(bar.task_ids[-1], advance=count))
        finally:
            bar.update(waiting, visible=False)


def class_table(selected: Selected) -> Table:
    """How many images each class has in each channel."""
    table = Table("class", *selected.channels, box=None)
    for label, name in enumerate(selected.data.classes):
        table.add_row(literal(name), *(f"{count:,}" for count in selected.class_counts(label)))
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
