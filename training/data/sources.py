"""Reads what `prepare` is given, FER2013's CSV or a folder of images, into labelled images of the requested size."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mien.logic.pictures import FACE_SIZE
from training.data import fer2013
from training.data.image_files import Reader, ReadImages, UnreadableImages, read_images
from training.data.image_folder import ImageFolder, all_images, left_out_text, scan, shown
from training.data.labelled_images import LabelledImages
from training.data.memory import require_memory
from training.data.parallel import map_in_parallel
from training.data.png import encode_small
from training.data.preparation import Preparation

Log = Callable[[str], None]


@dataclass(frozen=True)
class Progress:
    """How a long step tells how far it is: `start(name, total)`, then `advance(count)` several times."""

    start: Callable[[str, int], None] = lambda name, total: None
    advance: Callable[[int], None] = lambda count: None


SILENT = Progress()


@dataclass(frozen=True)
class Source:
    """Labelled images that were read.

    data: the images.
    originals: what each image was made from: the paths of the files; or the faces of a CSV, uint8 [n, 48, 48].
    in_validation: bool [n], whether the folder has an image in its folder for validation; None if it is not split.
    description: for data.json.
    """

    data: LabelledImages
    originals: list[Path] | np.ndarray
    in_validation: np.ndarray | None = None
    description: dict[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path] | None:
        """The file of each image; None if they are rows of a CSV."""
        return self.originals if isinstance(self.originals, list) else None

    def select_originals(self, selection: np.ndarray) -> list[Path] | np.ndarray:
        if isinstance(self.originals, list):
            return [self.originals[index] for index in selection.tolist()]
        return self.originals[selection]

    def __getitem__(self, selection: np.ndarray) -> "Source":
        """The selected images. selection: int64 [k], indices of images."""
        return replace(
            self,
            data=self.data[selection],
            originals=self.select_originals(selection),
            in_validation=None if self.in_validation is None else self.in_validation[selection],
        )


def read_source(preparation: Preparation, pool: Executor, log: Log, progress: Progress = SILENT) -> Source:
    """Reads the images that are split into training and validation.

    log: is called with a sentence per source, and one about images that were left out.

    Raises InvalidRows or UnreadableImages, unless bad rows and images are skipped; and ValueError, as `scan` and
    `fer2013.load_faces` do, or if the images would not fit into memory.
    """
    if preparation.is_folder:
        listing = scan(preparation.source)
        if listing.sides and preparation.validation is not None:
            raise ValueError(
                f"{shown(preparation.source)} has a folder for validation, so there is nothing to hold out: leave out "
                "--validation"
            )
        return read_folder(listing, preparation.reader, preparation.skip_bad, pool, log, progress)
    faces = fer2013.load_faces(preparation.source, fer2013.TRAINING, skip_invalid=preparation.skip_bad, log=log)
    votes = None
    if preparation.votes:
        votes = fer2013.read_votes(preparation.votes, fer2013.TRAINING, log)
        if len(votes) != len(faces):
            raise ValueError(
                f"{preparation.votes.name} has votes for {len(votes):,} faces, but {preparation.source.name} has "
                f"{len(faces):,}: both need the same rows in the same order"
            )
    data = replace(faces, images=resize_faces(faces.images, preparation.reader, pool, progress), votes=votes)
    return Source(data, faces.images, description={"kind": "fer2013", "name": shown(Path(preparation.source.name))})


def read_folder(
    listing: ImageFolder, reader: Reader, skip_bad: bool, pool: Executor, log: Log, progress: Progress = SILENT
) -> Source:
    """Reads the images of a folder. Parameters and errors are those of `read_source`."""
    folder = listing.folder
    progress.start(f"reading {shown(Path(folder.name))}", len(listing.paths))
    read = read_images(listing.paths, reader, pool, progress.advance)
    if read.unreadable and not skip_bad:
        raise UnreadableImages(folder, read.unreadable, len(listing.paths))
    labels = np.array(listing.labels, np.int64)[read.kept]
    log(summary(listing, read, reader))
    for label, name in enumerate(listing.classes):
        if not (labels == label).any():
            lacks = "shows a face" if reader.faces == "find" else "can be read"
            raise ValueError(f"no image of class {name} in {shown(folder)} {lacks}: add images, or remove the class")
    in_validation = None
    if listing.sides:
        in_validation = np.array([side == "validation" for side in listing.sides])[read.kept]
    return Source(
        LabelledImages(read.images, labels, listing.classes),
        [listing.paths[index] for index in read.kept.tolist()],
        in_validation,
        {
            "kind": "folder",
            "name": shown(Path(folder.resolve().name)),
            "images": len(listing.paths),
            "split": "given" if listing.sides else "by prepare",
            "unreadable": len(read.unreadable),
            "without_face": len(read.faceless),
            "left_out": dict(listing.left_out),
        },
    )


def summary(listing: ImageFolder, read: ReadImages, reader: Reader) -> str:
    name = shown(Path(listing.folder.resolve().name))
    parts = [f"{name}: {len(read.kept):,} images of {len(listing.classes):,} classes"]
    if read.unreadable:
        parts.append(f"{len(read.unreadable):,} that can't be read were left out")
    if reader.faces == "find":
        parts.append(f"{len(read.faceless):,} without a face were left out")
    if left_out := left_out_text(listing.left_out):
        parts.append(left_out)
    return ", ".join(parts)


def read_excluded(preparation: Preparation, pool: Executor, log: Log, progress: Progress = SILENT) -> LabelledImages:
    """Reads the images that must not be used, as the others are read: equal files then have equal pixels.

    Of a folder, all images count, whatever its structure; their labels are meaningless. Errors are those of
    `read_source`.
    """
    path, reader = preparation.exclude, preparation.reader
    assert path is not None
    if not path.is_dir():
        others = fer2013.load_faces(path, fer2013.TESTS, skip_invalid=preparation.skip_bad, log=log)
        return replace(others, images=resize_faces(others.images, reader, pool, progress))
    paths = all_images(path)
    if not paths:
        raise ValueError(f"--exclude {shown(path)} has no images")
    progress.start(f"reading {shown(Path(path.name))}", len(paths))
    read = read_images(paths, reader, pool, progress.advance)
    if read.unreadable and not preparation.skip_bad:
        raise UnreadableImages(path, read.unreadable, len(paths))
    log(f"{shown(Path(path.resolve().name))}: {len(read.kept):,} images to exclude")
    return LabelledImages(read.images, np.zeros(len(read.kept), np.int64), [])


def resize_faces(images: np.ndarray, reader: Reader, pool: Executor, progress: Progress) -> np.ndarray:
    """FER2013's faces, uint8 [n, 48, 48] → the requested size and color, as the functions read such image files."""
    if reader.shape == (FACE_SIZE, FACE_SIZE):
        return images
    require_memory(len(images), reader.shape)
    resized = np.empty((len(images), *reader.shape), np.uint8)
    progress.start("resizing", len(images))
    for index, image in enumerate(map_in_parallel(partial(resize_face, reader=reader), images, pool)):
        resized[index] = image
        progress.advance(1)
    return resized


def resize_face(image: np.ndarray, reader: Reader) -> np.ndarray:
    pixels = reader.pixels(encode_small(image))
    assert pixels is not None  # only without a face, and the image as a whole is one
    return pixels
