"""Reads image files as the functions do: the same formats, the same preprocessing, and the same faces.

So a model is trained on what it will see. An image that the functions would reject is not read.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np

from mien.errors import Rejected
from mien.logic.images import MAX_BYTES
from mien.logic.pictures import Face, Find, ModelInput, read_face, read_picture
from training.data.image_folder import shown
from training.data.memory import require_memory
from training.data.parallel import map_in_parallel

Color = Literal["gray", "rgb"]
FaceSource = Literal["find", "whole"]
MODES: dict[Color, Literal["L", "RGB"]] = {"gray": "L", "rgb": "RGB"}

DETECTOR = Path(__file__).parents[2] / "layer" / "detector.onnx"
# Files per task, at most. A large photo takes 50 ms, so that the progress bar moves every second.
CHUNK = 16
# Bytes of the images that one task returns, at most. Each core has two tasks in progress.
TASK_BYTES = 4_000_000
# An error lists this many files and counts the others.
MAX_SHOWN = 10


@dataclass(frozen=True)
class Reader:
    """How image files become the model's input.

    size: pixels per side.
    color: "gray" or "rgb".
    faces: "whole" takes the central square of each image; "find" the largest face that the functions' detector finds.
    """

    size: int
    color: Color
    faces: FaceSource = "whole"

    @property
    def target(self) -> ModelInput:
        return ModelInput(self.size, MODES[self.color])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image."""
        return (self.size, self.size) if self.color == "gray" else (self.size, self.size, 3)

    def pixels(self, data: bytes) -> np.ndarray | None:
        """The bytes of an image file → uint8 [size, size] or [size, size, 3]. None if no face was found.

        Raises Rejected, as the functions do.
        """
        face = read_one(data, self.target, self.faces)
        return np.frombuffer(face.pixels, np.uint8).reshape(self.shape) if face else None


@dataclass(frozen=True)
class Unreadable:
    """A file that can't be read as an image, and the reason, a sentence."""

    path: Path
    reason: str


class UnreadableImages(ValueError):
    """All images of a folder that can't be read. Replace them, or leave them out."""

    def __init__(self, folder: Path, images: Sequence[Unreadable], count: int):
        self.images = images
        lines = "\n".join(f"  {shown(image.path.relative_to(folder))}: {image.reason}" for image in images[:MAX_SHOWN])
        hidden = len(images) - MAX_SHOWN
        more = f"\n  and {hidden:,} more" if hidden > 0 else ""
        super().__init__(
            f"{shown(folder)}: {len(images):,} of {count:,} images can't be read (--skip-bad leaves them out)\n"
            f"{lines}{more}"
        )


@dataclass(frozen=True)
class ReadImages:
    """Images that were read.

    images: uint8 [k, size, size] or [k, size, size, 3].
    kept: int64 [k], the index of each image's path.
    unreadable: the files that were left out because they can't be read.
    faceless: the files that were left out because no face was found.
    """

    images: np.ndarray
    kept: np.ndarray
    unreadable: list[Unreadable]
    faceless: list[Path]


def read_images(
    paths: Sequence[Path], reader: Reader, pool: Executor, progress: Callable[[int], None] = lambda count: None
) -> ReadImages:
    """Reads image files on all cores, in the order of the paths.

    progress: is called with the count of files that were read since the last call.

    Raises ValueError if the images would not fit into this machine's memory; nothing is read then.
    """
    require_memory(len(paths), reader.shape)
    images = np.empty((len(paths), *reader.shape), np.uint8)
    kept: list[int] = []
    unreadable: list[Unreadable] = []
    faceless: list[Path] = []
    chunk = max(1, min(CHUNK, TASK_BYTES // math.prod(reader.shape)))
    for index, result in enumerate(map_in_parallel(partial(read_file, reader=reader), paths, pool, chunk)):
        if isinstance(result, Unreadable):
            unreadable.append(result)
        elif result is None:
            faceless.append(paths[index])
        else:
            images[len(kept)] = result
            kept.append(index)
        progress(1)
    return ReadImages(images[: len(kept)], np.array(kept, np.int64), unreadable, faceless)


def read_file(path: Path, reader: Reader) -> np.ndarray | Unreadable | None:
    """Reads one file, as `Reader.pixels`. Returns Unreadable instead of raising."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Unreadable(path, f"The file can't be opened: {error.strerror}.")
    try:
        return reader.pixels(data)
    except Rejected as error:
        return Unreadable(path, error.detail)


def read_one(data: bytes, target: ModelInput, faces: FaceSource) -> Face | None:
    """The bytes of an image file → the face that a model is trained on. None if no face was found. Raises Rejected."""
    if faces == "whole":
        return read_face(data, target)
    found = read_picture(data, target, find_faces()).faces
    return found[0].face if found else None


@lru_cache
def find_faces() -> Find:
    """The functions' face detector. It is loaded once per process, and only if it is needed."""
    from mien.logic import faces
    from mien.logic.detector import load_detector

    return partial(faces.find_faces, detect=load_detector(DETECTOR))
