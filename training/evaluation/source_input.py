"""Reads the source of `evaluate`, with a progress bar and a line of result."""

from pathlib import Path

from training.console import console, print_plain
from training.data import fer2013
from training.data.csv_input import read_faces
from training.data.csv_rows import Usage
from training.data.labelled_images import LabelledImages
from training.evaluation import duplicates, sources
from training.evaluation.channels import HELD_OUT, find_channel
from training.evaluation.display import counting
from training.evaluation.measure import LoadedModel
from training.evaluation.sources import Source


def read_source(source: Path, model: LoadedModel, usage: Usage, skip_bad: bool) -> Source:
    """Reads labelled images for a model.

    usage: of the rows, if the source is a CSV with a column Usage.
    skip_bad: skip rows and files that can't be read.

    Raises ValueError, with a sentence, if the source can't be read, or if the model has other classes.
    """
    if source.is_file():
        return read_csv(source, model, usage, skip_bad)
    channel = find_channel(source, HELD_OUT)
    if channel:
        return read_prepared(channel, model)
    raise ValueError(f"{source} has no arrays: give a folder that `python -m training prepare` wrote, or a CSV")


def read_csv(source: Path, model: LoadedModel, usage: Usage, skip_bad: bool) -> Source:
    faces = read_faces(source, skip_bad, frozenset({usage}))
    sha256 = faces.sha256()
    with counting("resizing", len(faces)) as progress:
        images = sources.as_the_model_reads(faces, model, progress)
    return sources.make_source(images, model, source.name, sha256=sha256, is_fer2013=images is faces)


def read_prepared(channel: Path, model: LoadedModel) -> Source:
    with console.status(f"reading {channel}"):
        images = sources.read_channel(channel, model)
    name = "/".join(channel.resolve().parts[-2:])
    print_plain(f"{name}: {len(images):,} images")
    if sources.other_training_data(channel, model):
        print_plain("the model was trained on other images than those beside these")
    return sources.make_source(images, model, name)


def read_training_rows(paths: list[Path], measured: Source, skip_bad: bool) -> LabelledImages | None:
    """Reads the rows of FER2013's CSV files that are for training; None if there are no files.

    Raises ValueError if they have no such rows, or if their pixels can't be compared with the measured images.
    """
    if not paths:
        return None
    if not measured.is_fer2013:
        raise ValueError(
            "--train compares pixels with FER2013's CSV: the source has to be such a CSV, and the model has to read "
            "gray images of 48 pixels. Use --trained-on"
        )
    rows = [read_faces(path, skip_bad, fer2013.TRAINING, may_be_empty=True) for path in paths]
    if not any(map(len, rows)):
        raise ValueError(f"no training rows in {', '.join(map(str, paths))}: nothing can be compared")
    return sources.with_labels_of(duplicates.concatenate(rows), measured.images.classes, "the model", "FER2013")
