"""Turns FER2013's CSV into the files that training jobs read: select faces, then write them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from training.data import fer2013, split, writers
from training.data.labelled_images import LabelledImages
from training.data.png import Fit
from training.data.split import Strategy
from training.data.writers import Progress


@dataclass(frozen=True)
class Preparation:
    """What to read, which faces to select, and what to write.

    csv: FER2013's CSV file; if it has a column Usage, only its rows for training are used.
    output: folder to write into.
    exclude: CSV file with faces that must not be used; if it has a column Usage, only its test rows count.
    votes: FER+'s CSV file, with one row per row of `csv`.
    validation_share, strategy, keep_duplicates, seed: as for `split.split`.
    class_shares, training_samples: as `shares` and `total` of `split.subsample`, for the training faces.
    training_cap, validation_cap: at most this many faces per class.
    fit: how 48x48 pixels become 224x224.
    folders, records, arrays: which formats to write.
    skip_invalid: skip invalid rows of the CSV files instead of failing.
    """

    csv: Path
    output: Path
    exclude: Path | None = None
    votes: Path | None = None
    validation_share: float = 0.2
    strategy: Strategy = "stratified"
    keep_duplicates: bool = False
    class_shares: Mapping[str, float] = field(default_factory=dict)
    training_samples: int | None = None
    training_cap: int | None = None
    validation_cap: int | None = None
    fit: Fit = "resize"
    folders: bool = True
    records: bool = True
    arrays: bool = True
    skip_invalid: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Selected:
    """The faces that were read, and the selection of each channel ("train", "validation"): int64 [n], face indices."""

    faces: LabelledImages
    channels: Mapping[str, np.ndarray]

    def class_counts(self, label: int) -> list[int]:
        """How many faces of a class each channel has."""
        return [int((self.faces.labels[selection] == label).sum()) for selection in self.channels.values()]


def select_faces(preparation: Preparation, log: Callable[[str], None]) -> Selected:
    """Reads the CSV files and decides which faces go into which channel. Writes nothing.

    log: is called with a sentence per file that was read, and one about excluded faces.

    Raises InvalidRows, unless they are skipped; ValueError if a file cannot be read or has no face of its usages, if
    the count of votes differs from the count of faces, if `training_samples` is not possible, or if a channel would
    have no faces.
    """
    faces = read_with_votes(preparation, log)
    if preparation.exclude:
        others = fer2013.load_faces(preparation.exclude, fer2013.TESTS, skip_invalid=preparation.skip_invalid, log=log)
        kept = faces[split.exclude(faces, others)]
        log(f"{len(faces) - len(kept):,} faces are also in {preparation.exclude.name} and are excluded")
        if not kept:
            raise ValueError(f"all faces of {preparation.csv} are also in {preparation.exclude}, so none are left")
        faces = kept
    sides = split.split(
        faces, preparation.validation_share, preparation.seed, preparation.strategy, preparation.keep_duplicates
    )
    training, validation = sides.training, sides.validation
    if preparation.class_shares or preparation.training_samples:
        training = split.subsample(faces, training, preparation.class_shares, preparation.training_samples)
    if preparation.training_cap:
        training = split.limit_per_class(faces, training, preparation.training_cap)
    if preparation.validation_cap:
        validation = split.limit_per_class(faces, validation, preparation.validation_cap)
    selected = Selected(faces, {"train": training, "validation": validation})
    for channel, selection in selected.channels.items():
        if not len(selection):
            raise ValueError(
                f"{channel} would have 0 of {len(faces):,} faces. Change --validation, --split or the options that "
                "limit the faces, or read a CSV with more faces"
            )
    return selected


def read_with_votes(preparation: Preparation, log: Callable[[str], None]) -> LabelledImages:
    faces = fer2013.load_faces(preparation.csv, fer2013.TRAINING, skip_invalid=preparation.skip_invalid, log=log)
    if not preparation.votes:
        return faces
    votes = fer2013.read_votes(preparation.votes, fer2013.TRAINING, log)
    if len(votes) != len(faces):
        raise ValueError(
            f"{preparation.votes.name} has votes for {len(votes):,} faces, but {preparation.csv.name} has "
            f"{len(faces):,}: both need the same rows in the same order"
        )
    return replace(faces, votes=votes)


def count_images(selected: Selected, preparation: Preparation) -> int:
    """How many images `write_channels` writes, and reports to its callback: arrays are not counted."""
    count = 0
    if preparation.folders:
        count += 2 * len(selected.faces)
    if preparation.records:
        count += sum(len(selection) for selection in selected.channels.values())
    return count


def write_channels(selected: Selected, preparation: Preparation, progress: Progress) -> None:
    """Writes the selected faces in each requested format, below `preparation.output`.

    progress: is called with the count of images that were written since the last call.

    The same faces and the same preparation give the same images, lists and RecordIO files, byte for byte.
    """
    faces, output = selected.faces, preparation.output
    # "spawn" gives each process a fresh interpreter: forking a process that has threads can deadlock.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        if preparation.folders:
            writers.write_folders(faces, output, preparation.fit, pool, progress)
        for channel, selection in selected.channels.items():
            if preparation.folders:
                writers.write_list(faces, selection, output / f"{channel}.lst")
            if preparation.records:
                if preparation.folders:
                    files = writers.read_large_files(faces, selection, output)
                else:
                    files = writers.encode_large_files(faces, selection, preparation.fit, pool)
                writers.write_records(faces, selection, files, output / f"{channel}.rec", progress)
            if preparation.arrays:
                writers.write_arrays(faces[selection], output / channel)
