"""The options of `prepare`, as one value: what to read, which images to select, and what to write."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mien.logic.pictures import FACE_SIZE
from training.data.image_files import Color, FaceSource, Reader
from training.data.png import Fit
from training.data.split import Strategy

DEFAULT_VALIDATION = 0.2
# These options do not change the data: where it is written, and in which formats.
NOT_OF_THE_DATA = frozenset({"source", "output", "arrays"})


@dataclass(frozen=True)
class Preparation:
    """What to read, which images to select, and what to write.

    source: FER2013's CSV file, of which only the rows for training are used if it has a column Usage; or a folder of
        class folders.
    output: folder to write into.
    size, color: of the prepared images.
    faces: as in `image_files.Reader`; None for the default: the images of a folder as a whole. FER2013's images are
        faces that were cut out of photos already.
    exclude: CSV file or folder with images that must not be used; of a CSV with a column Usage, only the test rows.
    votes: FER+'s CSV file, with one row per row of FER2013's.
    validation: the share of images that is held out; None for DEFAULT_VALIDATION.
    split, keep_duplicates, seed: as for `split.split`.
    share, samples: as `shares` and `total` of `split.subsample`, for the training images.
    training_cap, validation_cap: at most this many images per class.
    fit: how smaller images become 224x224 in folders and RecordIO.
    folders, records, arrays: which formats to write.
    skip_bad: leave out rows and images that can't be read, instead of failing.
    """

    source: Path
    output: Path
    size: int = FACE_SIZE
    color: Color = "gray"
    faces: FaceSource | None = None
    exclude: Path | None = None
    votes: Path | None = None
    validation: float | None = None
    split: Strategy = "stratified"
    keep_duplicates: bool = False
    share: Mapping[str, float] = field(default_factory=dict)
    samples: int | None = None
    training_cap: int | None = None
    validation_cap: int | None = None
    fit: Fit = "resize"
    folders: bool = False
    records: bool = False
    arrays: bool = True
    skip_bad: bool = False
    seed: int = 0

    @property
    def is_folder(self) -> bool:
        return self.source.is_dir()

    @property
    def reader(self) -> Reader:
        """How image files are read, and also the images of a CSV, which are faces already."""
        return Reader(self.size, self.color, self.faces or "whole")

    def check(self) -> None:
        """Raises ValueError if options contradict one another, or there is nothing to write."""
        if not (self.folders or self.records or self.arrays):
            raise ValueError("there is nothing to write: leave out --no-arrays, or add --folders or --records")
        if self.is_folder and self.votes:
            raise ValueError("--votes is for FER2013's CSV: a folder of images has no votes")
        if not self.is_folder and self.faces:
            raise ValueError("--faces is for folders of images: the images of FER2013's CSV are faces already")
        if self.fit == "pad" and self.size > 224:
            raise ValueError(f"--fit pad centers images on 224x224 pixels, and --size {self.size} is larger")
        if self.is_folder and is_inside(self.output, self.source):
            raise ValueError(
                f"--output {self.output} is in the folder of images, {self.source}: the next run would read it. Choose "
                "a folder elsewhere"
            )
        if self.is_folder and is_inside(self.source, self.output):
            raise ValueError(
                f"--output {self.output} contains the folder of images, {self.source}: choose a folder elsewhere"
            )

    def options(self) -> dict[str, Any]:
        """Every option that shaped the data, with the default in place of None; of paths only the name."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in NOT_OF_THE_DATA}
        values["faces"] = values["faces"] or ("whole" if self.is_folder else "find")
        values["validation"] = values["validation"] or DEFAULT_VALIDATION
        return {name: value.name if isinstance(value, Path) else value for name, value in values.items()}

    def command(self) -> str:
        """The command that makes this data. It has the names of files without their folders."""
        words = ["python", "-m", "training", "prepare", self.source.resolve().name]
        for option in fields(self):
            value = getattr(self, option.name)
            flag = f"--{option.name.replace('_', '-')}"
            if option.name in ("source", "output", "share") or value == option.default:
                continue
            if isinstance(value, bool):
                words.append(flag if value else f"--no-{flag[2:]}")
            else:
                words += [flag, value.name if isinstance(value, Path) else str(value)]
        for name, share in self.share.items():
            words += ["--share", f"{name}={share:g}"]
        return shlex.join(words)


def is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
