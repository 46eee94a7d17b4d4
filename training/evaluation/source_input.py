"""Reads the source of `evaluate`, with a progress bar and a line of result."""

from dataclasses import replace
from pathlib import Path

from training.console import console, print_plain
from training.data import fer2013
from training.data.csv_input import read_faces
from training.data.csv_rows import Usage
from training.data.image_files import Reader
from training.data.image_folder import scan
from training.data.labelled_images import LabelledImages
from training.data.parallel import process_pool
from training.data.prepare import progress_bar
from training.data.sources import read_folder, resize_faces
from training.evaluation import duplicates, sources
from training.evaluation.channels import HELD_OUT, find_channel
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
    return read_prepared(channel, model) if channel else read_class_folders(source, model, skip_bad)


def read_csv(source: Path, model: LoadedModel, usage: Usage, skip_bad: bool) -> Source:
    sources.require_classes(fer2013.CLASSES, model, source.name)
    faces = read_faces(source, skip_bad, frozenset({usage}))
    if reader_of(model).shape == faces.images.shape[1:]:
        return sources.make_source(faces, model, source.name, is_fer2013=True)
    with process_pool() as pool, progress_bar() as progress:
        images = replace(faces, images=resize_faces(faces.images, reader_of(model), pool, progress))
    return sources.make_source(images, model, source.name, sha256=faces.sha256())


def read_class_folders(source: Path, model: LoadedModel, skip_bad: bool) -> Source:
    """Reads a folder with a folder of images per class. If it is split, only its images for validation are measured."""
    listing = scan(source)
    # Before thousands of images are read, as with a CSV.
    name = sources.name_of(source)
    sources.require_classes(listing.classes, model, name)
    if listing.sides:
        kept = [index for index, side in enumerate(listing.sides) if side == "validation"]
        print_plain(f"{source} is split: its {len(kept):,} images for validation are measured")
        paths, labels = [listing.paths[index] for index in kept], [listing.labels[index] for index in kept]
        listing = replace(listing, paths=paths, labels=labels, sides=None)
    with process_pool() as pool, progress_bar() as progress:
        read = read_folder(listing, reader_of(model), skip_bad, pool, print_plain, progress)
    files = [str(path.relative_to(source)) for path in read.paths or []]
    unread = int(read.description["unreadable"]) + int(read.description["without_face"])
    return sources.make_source(read.data, model, name, places=files, unread=unread)


def read_for_other(
    source: Path, other: LoadedModel, measured: Source, model: LoadedModel, usage: Usage, skip_bad: bool
) -> LabelledImages:
    """The images that were measured, as another model reads them, with the labels of its outputs.

    measured, model: what was read from the source, and for which model.

    Raises ValueError, with a sentence, if the other model has other classes, or can't read the same images.
    """
    if reader_of(other) == reader_of(model):
        outputs = list(other.contract.labels)
        return sources.with_labels_of(measured.images, outputs, f"model {other.contract.version}", measured.name)
    again = read_source(source, other, usage, skip_bad)
    if list(again.places) != list(measured.places):
        raise ValueError(
            f"{other.name} and {model.name} read different images of {measured.name}, for instance because only one of "
            "them is for faces: they can't be compared image by image"
        )
    return again.images


def reader_of(model: LoadedModel) -> Reader:
    """How image files become the model's input."""
    contract = model.contract
    return Reader(contract.input.size, contract.input.color, contract.faces)


def read_prepared(channel: Path, model: LoadedModel) -> Source:
    with console.status(f"reading {channel}"):
        images = sources.read_channel(channel, model)
    name = sources.name_of(channel)
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
