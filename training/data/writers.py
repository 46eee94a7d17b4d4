"""Writes faces in the formats that training jobs read: class folders, lists of them, RecordIO, and arrays.

`container/train.py` reads arrays. SageMaker's built-in image classification reads RecordIO, or folders with lists.
Source of the lists' format: Amazon SageMaker AI, "Image Classification - MXNet", input interface.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mien.logic.pictures import BUILT_IN_SIZE
from training.data import recordio
from training.data.labelled_images import LabelledImages
from training.data.png import Encoder, Fit, encode_in_parallel, encode_large, encode_small

# A callback that gets the count of files written since its last call.
Progress = Callable[[int], None]

# The article's names of its two folders: faces of 48x48 pixels, and of the size that the built-in algorithm reads.
SMALL = "FacialExpressions"
LARGE = f"FacialExpressions_{BUILT_IN_SIZE}by{BUILT_IN_SIZE}_3channel"


def relative_path(faces: LabelledImages, index: int) -> str:
    """The path of a face's file, relative to the folder of the class folders: `happy/00042.png`."""
    return f"{faces.classes[faces.labels[index]]}/{index:05}.png"


def write_folders(faces: LabelledImages, root: Path, fit: Fit, pool: Executor, progress: Progress) -> None:
    """Writes every face twice below `root`: SMALL/<class>/<index>.png and LARGE/<class>/<index>.png."""
    for name in (SMALL, LARGE):
        for class_name in faces.classes:
            (root / name / class_name).mkdir(parents=True, exist_ok=True)
    encoders: dict[str, Encoder] = {SMALL: encode_small, LARGE: partial(encode_large, fit=fit)}
    for name, encode in encoders.items():
        for index, file in enumerate(encode_in_parallel(faces.images, encode, pool)):
            (root / name / relative_path(faces, index)).write_bytes(file)
            progress(1)


def write_list(faces: LabelledImages, selection: np.ndarray, path: Path) -> None:
    """Writes a .lst file: per line an index, a class index and a path relative to the class folders, tab-separated.

    selection: int64 [n], indices of faces, in the order of the lines.
    """
    lines = (f"{index}\t{faces.labels[index]}\t{relative_path(faces, index)}\n" for index in selection.tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


def encode_large_files(faces: LabelledImages, selection: np.ndarray, fit: Fit, pool: Executor) -> Iterator[bytes]:
    """Encodes the selected faces as PNG files of the built-in algorithm's size."""
    return encode_in_parallel(faces.images[selection], partial(encode_large, fit=fit), pool)


def read_large_files(faces: LabelledImages, selection: np.ndarray, root: Path) -> Iterator[bytes]:
    """Reads the same PNG files as `encode_large_files` returns, from the folders that `write_folders` wrote."""
    return ((root / LARGE / relative_path(faces, index)).read_bytes() for index in selection.tolist())


def write_records(
    faces: LabelledImages, selection: np.ndarray, files: Iterable[bytes], path: Path, progress: Progress
) -> None:
    """Writes the selection as RecordIO, in its order: a .rec file, and an .idx file beside it.

    files: the PNG file of each selected face, in the same order.
    """

    def records() -> Iterator[tuple[int, int, bytes]]:
        for index, file in zip(selection.tolist(), files, strict=True):
            yield index, int(faces.labels[index]), file
            progress(1)

    path.parent.mkdir(parents=True, exist_ok=True)
    recordio.write(records(), path)


def write_arrays(faces: LabelledImages, channel: Path) -> Path:
    """Writes faces.npz into a channel's folder, as `container/faces.py` reads it, and returns its path.

    Arrays: images, uint8 [n, 48, 48]; labels, int64 [n]; classes, str [k]; votes, uint8 [n, 10], if the faces have any.
    """
    channel.mkdir(parents=True, exist_ok=True)
    path = channel / "faces.npz"
    arrays: dict[str, Any] = {"images": faces.images, "labels": faces.labels, "classes": np.array(faces.classes)}
    if faces.votes is not None:
        arrays["votes"] = faces.votes
    np.savez_compressed(path, **arrays)
    return path
