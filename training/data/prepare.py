"""Faces → what training jobs read: image files in class folders, lists of them, RecordIO, and arrays.

Our own script reads arrays; SageMaker's built-in image classification reads RecordIO, or images with lists.
Source of the lists' form: Amazon SageMaker AI, "Image Classification - MXNet", input interface.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from mien.logic.images import BUILT_IN_SIZE, FACE_SIZE, face, png
from mien.logic.labels import LABELS
from training.data import recordio
from training.data.fer2013 import Faces

Fit = Literal["resize", "pad"]
Progress = Callable[[int], None]

SMALL = "FacialExpressions"
LARGE = f"FacialExpressions_{BUILT_IN_SIZE}by{BUILT_IN_SIZE}_3channel"
# Enough to keep a process busy, few enough that those that wait to be written take no memory to speak of.
CHUNK = 64


def path_of(index: int, label: int) -> str:
    """A face's file, below its class folder's parent."""
    return f"{LABELS[label]}/{index:05}.png"


def small(image: np.ndarray) -> bytes:
    """A face, uint8 [48, 48] → PNG, as it is."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=6)
    return file.getvalue()


def large(image: np.ndarray, fit: Fit) -> bytes:
    """A face, uint8 [48, 48] → PNG, 224x224, RGB: `resize` as serving does it, `pad` into the middle of black."""
    if fit == "resize":
        return png(face(small(image), BUILT_IN_SIZE, "RGB"))
    canvas = Image.new("RGB", (BUILT_IN_SIZE, BUILT_IN_SIZE))
    margin = (BUILT_IN_SIZE - FACE_SIZE) // 2
    canvas.paste(Image.fromarray(image).convert("RGB"), (margin, margin))
    file = io.BytesIO()
    canvas.save(file, "PNG", compress_level=6)
    return file.getvalue()


def encoded(images: np.ndarray, encode: Callable[[np.ndarray], bytes]) -> list[bytes]:
    return [encode(image) for image in images]


def encoding(images: np.ndarray, encode: Callable[[np.ndarray], bytes], pool: ProcessPoolExecutor) -> Iterator[bytes]:
    """Files, in the images' order, made on all cores. Only a few chunks are under way at once."""
    chunks = [images[i : i + CHUNK] for i in range(0, len(images), CHUNK)]
    ahead = 2 * (os.cpu_count() or 1)
    running = [pool.submit(encoded, chunk, encode) for chunk in chunks[:ahead]]
    for following in [*chunks[ahead:], *[None] * len(running)]:
        yield from running.pop(0).result()
        if following is not None:
            running.append(pool.submit(encoded, following, encode))


def write_folders(faces: Faces, root: Path, fit: Fit, pool: ProcessPoolExecutor, progress: Progress) -> None:
    """Both folders of the article: every face as it is, and at the size of the built-in algorithm."""
    for name in (SMALL, LARGE):
        for label in LABELS:
            (root / name / label).mkdir(parents=True, exist_ok=True)
    encoders: dict[str, Callable[[np.ndarray], bytes]] = {SMALL: small, LARGE: partial(large, fit=fit)}
    for name, encode in encoders.items():
        for index, file in enumerate(encoding(faces.images, encode, pool)):
            (root / name / path_of(index, int(faces.labels[index]))).write_bytes(file)
            progress(1)


def write_list(selection: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """Unique index, class index, path relative to the class folders, a line a face, tab-separated."""
    lines = (f"{index}\t{labels[index]}\t{path_of(index, labels[index])}\n" for index in selection.tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


def large_files(faces: Faces, selection: np.ndarray, fit: Fit, pool: ProcessPoolExecutor) -> Iterator[bytes]:
    """The selection's images at the built-in algorithm's size, made anew."""
    return encoding(faces.images[selection], partial(large, fit=fit), pool)


def written_files(faces: Faces, selection: np.ndarray, root: Path) -> Iterator[bytes]:
    """The same, as `write_folders` left them."""
    return ((root / LARGE / path_of(index, int(faces.labels[index]))).read_bytes() for index in selection.tolist())


def write_records(faces: Faces, selection: np.ndarray, files: Iterable[bytes], path: Path, progress: Progress) -> None:
    """A .rec and an .idx file of the selection, in its order; files: its images."""

    def records() -> Iterator[tuple[int, int, bytes]]:
        for index, file in zip(selection.tolist(), files, strict=True):
            yield index, int(faces.labels[index]), file
            progress(1)

    path.parent.mkdir(parents=True, exist_ok=True)
    recordio.write(records(), path)


def write_arrays(faces: Faces, channel: Path) -> Path:
    """A channel's faces.npz, as container/train.py reads it; says where."""
    channel.mkdir(parents=True, exist_ok=True)
    path = channel / "faces.npz"
    arrays: dict[str, Any] = {"images": faces.images, "labels": faces.labels, "classes": np.array(LABELS)}
    if faces.votes is not None:
        arrays["votes"] = faces.votes
    np.savez_compressed(path, **arrays)
    return path
