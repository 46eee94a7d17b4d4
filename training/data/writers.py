"""Writes images in the formats that training jobs read: class folders, lists of them, RecordIO, and arrays.

`container/train.py` reads arrays. SageMaker's built-in image classification reads RecordIO, or folders with lists.
Source of the lists' format: Amazon SageMaker AI, "Image Classification - MXNet", input interface.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from mien.logic.pictures import BUILT_IN_SIZE
from training.data import recordio
from training.data.image_files import FaceSource
from training.data.labelled_images import LabelledImages
from training.data.parallel import map_in_parallel
from training.data.png import Fit, encode_large, encode_padded, encode_small
from training.data.sources import Source

# A callback that gets the count of images written since its last call.
Progress = Callable[[int], None]

CHANNELS = ("train", "validation")
# The article's names of its two folders: images of the prepared size, and of the size that the built-in algorithm
# reads.
SMALL = "FacialExpressions"
LARGE = f"FacialExpressions_{BUILT_IN_SIZE}by{BUILT_IN_SIZE}_3channel"
# Photos of this many bytes take minutes to compress, and shrink little. zlib's fastest level takes a third of the time.
LARGE_BYTES, FAST = 1_000_000_000, 1


def relative_path(data: LabelledImages, index: int) -> str:
    """The path of an image's file, relative to the folder of the class folders: `happy/00042.png`."""
    return f"{data.classes[data.labels[index]]}/{index:05}.png"


def write_folders(source: Source, root: Path, fit: Fit, faces: FaceSource, pool: Executor, progress: Progress) -> None:
    """Writes every image twice below `root`: SMALL/<class>/<index>.png and LARGE/<class>/<index>.png.

    fit, faces: as for `encode_large_files`.
    """
    data = source.data
    for name in (SMALL, LARGE):
        for class_name in data.classes:
            (root / name / class_name).mkdir(parents=True, exist_ok=True)
    files = {
        SMALL: map_in_parallel(encode_small, data.images, pool),
        LARGE: encode_large_files(source, np.arange(len(data)), fit, faces, pool),
    }
    for name, contents in files.items():
        for index, content in enumerate(contents):
            (root / name / relative_path(data, index)).write_bytes(content)
            progress(1)


def write_list(data: LabelledImages, selection: np.ndarray, path: Path) -> None:
    """Writes a .lst file: per line an index, a class index and a path relative to the class folders, tab-separated.

    selection: int64 [n], indices of images, in the order of the lines.
    """
    lines = (f"{index}\t{data.labels[index]}\t{relative_path(data, index)}\n" for index in selection.tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def encode_large_files(
    source: Source, selection: np.ndarray, fit: Fit, faces: FaceSource, pool: Executor
) -> Iterator[bytes]:
    """Encodes the selected images as PNG files of the built-in algorithm's size and color.

    fit: "resize" makes them from their originals, as serving does; "pad" centers the prepared images on black.
    faces: as in `image_files.Reader`, for the originals.
    """
    if fit == "pad":
        return map_in_parallel(encode_padded, source.data.images[selection], pool)
    return map_in_parallel(partial(encode_large, faces=faces), source.select_originals(selection), pool)


def read_large_files(data: LabelledImages, selection: np.ndarray, root: Path) -> Iterator[bytes]:
    """Reads the same PNG files as `encode_large_files` returns, from the folders that `write_folders` wrote."""
    return ((root / LARGE / relative_path(data, index)).read_bytes() for index in selection.tolist())


def write_records(
    data: LabelledImages, selection: np.ndarray, files: Iterable[bytes], path: Path, progress: Progress
) -> None:
    """Writes the selection as RecordIO, in its order: a .rec file, and an .idx file beside it.

    files: the PNG file of each selected image, in the same order.
    """

    def records() -> Iterator[tuple[int, int, bytes]]:
        for index, file in zip(selection.tolist(), files, strict=True):
            yield index, int(data.labels[index]), file
            progress(1)

    path.parent.mkdir(parents=True, exist_ok=True)
    recordio.write(records(), path)


class CountedFile:
    """A file that is written, which counts the bytes."""

    def __init__(self, file: IO[bytes], written: Callable[[int], None]):
        self.file, self.written = file, written

    def write(self, content: bytes) -> int:
        self.written(len(content))
        return self.file.write(content)


def write_arrays(data: LabelledImages, channel: Path, progress: Progress = lambda count: None) -> Path:
    """Writes faces.npz into a channel's folder, as `container/faces.py` reads it, and returns its path.

    Arrays: images, uint8 [n, size, size] or [n, size, size, 3]; labels, int64 [n]; classes, str [k]; votes, uint8
    [n, answers], if the data has any.

    progress: is called with the count of images that were written since the last call.
    """
    channel.mkdir(parents=True, exist_ok=True)
    path = channel / "faces.npz"
    arrays: dict[str, Any] = {"images": data.images, "labels": data.labels, "classes": np.array(data.classes)}
    if data.votes is not None:
        arrays["votes"] = data.votes
    counted = 0

    def count(size: int) -> None:
        nonlocal counted
        before = counted * len(data) // data.images.nbytes
        counted = min(counted + size, data.images.nbytes)
        progress(counted * len(data) // data.images.nbytes - before)

    # As np.savez_compressed, to the byte, which does not tell how far it is.
    level = FAST if data.images.nbytes > LARGE_BYTES else None
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                content = CountedFile(file, count if name == "images" else lambda size: None)
                np.lib.format.write_array(cast(IO[bytes], content), array, allow_pickle=False)
    return path
