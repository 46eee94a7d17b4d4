"""Decides which images of a source go into which channel, and refuses data that no model could be trained on."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data import split
from training.data.image_folder import shown
from training.data.labelled_images import LabelledImages
from training.data.preparation import DEFAULT_VALIDATION, Preparation
from training.data.sources import SILENT, Log, Progress, Source, read_excluded, read_source

LIMITS = "--validation, --split or the options that limit the images"


@dataclass(frozen=True)
class Selected:
    """The images that were read, and the selection of each channel ("train", "validation"): int64 [n], indices."""

    source: Source
    channels: Mapping[str, np.ndarray]

    @property
    def data(self) -> LabelledImages:
        return self.source.data

    def class_counts(self, label: int) -> list[int]:
        """How many images of a class each channel has."""
        return [int((self.data.labels[selection] == label).sum()) for selection in self.channels.values()]


def select(preparation: Preparation, pool: Executor, log: Log, progress: Progress = SILENT) -> Selected:
    """Reads the source and decides which images go into which channel. Writes nothing.

    log: is called with a sentence per source, and one about images that were left out.

    Raises InvalidRows or UnreadableImages, unless they are skipped; ValueError if the options contradict one another,
    if a source cannot be read, if the count of votes differs from the count of faces, if `samples` is not possible, or
    if a channel would lack a class.
    """
    preparation.check()
    source = read_source(preparation, pool, log, progress)
    if preparation.exclude:
        source = without_excluded(source, preparation, pool, log, progress)
    report_contradictions(source, log)
    training, validation = split_source(source, preparation, log)
    if preparation.share or preparation.samples:
        training = split.subsample(source.data, training, preparation.share, preparation.samples)
    if preparation.training_cap:
        training = split.limit_per_class(source.data, training, preparation.training_cap)
    if preparation.validation_cap:
        validation = split.limit_per_class(source.data, validation, preparation.validation_cap)
    selected = Selected(source, {"train": training, "validation": validation})
    require_every_class(selected)
    return selected


def without_excluded(source: Source, preparation: Preparation, pool: Executor, log: Log, progress: Progress) -> Source:
    others = read_excluded(preparation, pool, log, progress)
    kept = split.exclude(source.data, others)
    assert preparation.exclude is not None
    name = shown(preparation.exclude)
    log(f"{len(source.data) - len(kept):,} images are also in {preparation.exclude.name} and are excluded")
    if not len(kept):
        raise ValueError(f"all images of {shown(preparation.source)} are also in {name}, so none are left")
    return source[kept]


def report_contradictions(source: Source, log: Log) -> None:
    found = source.data.contradictions()
    if not len(found):
        return
    example = ""
    if source.paths:
        labels = source.data.labels
        # Copies of one image are beside one another, so the next image of another class is a copy of the first.
        other = next(index for index in found.tolist() if labels[index] != labels[found[0]])
        names = (shown(Path(*source.paths[index].parts[-2:])) for index in (int(found[0]), other))
        example = f", such as {' and '.join(names)}"
    log(f"{len(found):,} images have the same pixels as an image of another class{example}")


def split_source(source: Source, preparation: Preparation, log: Log) -> tuple[np.ndarray, np.ndarray]:
    if source.in_validation is None:
        share = preparation.validation or DEFAULT_VALIDATION
        sides = split.split(source.data, share, preparation.seed, preparation.split, preparation.keep_duplicates)
        return sides.training, sides.validation
    sides, count = split.split_as_given(
        source.data, source.in_validation, preparation.seed, preparation.keep_duplicates
    )
    if count:
        log(f"{count:,} validation images are also training images, pixel for pixel, and are left out of validation")
    return sides.training, sides.validation


def require_every_class(selected: Selected) -> None:
    """Raises ValueError if a channel has no images, or none of a class."""
    data = selected.data
    for channel, selection in selected.channels.items():
        if not len(selection):
            raise ValueError(f"{channel} would have 0 of {len(data):,} images. Change {LIMITS}, or prepare more images")
    for label, name in enumerate(data.classes):
        count = int((data.labels == label).sum())
        if not count:
            raise ValueError(f"there is no image of class {name}: a model can't learn it. Add images of it")
        for channel, of_class in zip(selected.channels, selected.class_counts(label), strict=True):
            if not of_class:
                raise ValueError(
                    f"{channel} would have none of the {count:,} images of class {name}: add images of it, or change "
                    f"{LIMITS}"
                )
