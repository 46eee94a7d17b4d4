"""Lists a folder of class folders: which images it has, of which classes, and on which side of the split.

    shapes/circle/*.png                                    one folder per class
    shapes/train/circle/*.png, shapes/val/circle/*.png     split already; a folder test is left out

Nothing is decoded here. A file is an image if its name or its first bytes say so, and whether it can be read is decided
by image_files.py.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from mien.logic.images import FORMATS

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

from label_names import LABELS, label_fault

TRAIN = ("train", "training")
VALIDATION = ("validation", "val", "valid")
TEST = ("test", "testing")
SIDES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
# Names of image files, also of formats that the functions do not read: such a photo is listed, and not passed over.
IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
        *(".heic", ".heif", ".avif", ".jp2", ".jxl", ".psd", ".svg", ".ppm", ".pgm"),
    }
)
# Files that Windows writes beside images. macOS begins the names of its files with a dot.
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
# macOS adds this folder to zip archives.
SYSTEM_FOLDERS = frozenset({"__macosx"})
# Why files are left out, and what one and several of them are called.
KINDS = {
    "hidden": ("hidden file", "hidden files"),
    "other": ("file that is not an image", "files that are not images"),
    "outside": ("image outside the class folders", "images outside the class folders"),
    "test": ("image of the test folder", "images of the test folder"),
}
EXPECTED = (
    "Expected a folder per class, FOLDER/CLASS/IMAGE, or FOLDER/train/CLASS/IMAGE and FOLDER/validation/CLASS/IMAGE"
)


@dataclass(frozen=True)
class ImageFolder:
    """The images of a folder.

    folder: the folder.
    classes: the names of the class folders, in the order of the alphabet.
    paths: of all images, by class and name, training before validation.
    labels: the class of each path, an index into `classes`.
    sides: of each path "train" or "validation"; None if the folder is not split.
    left_out: how many files of each of KINDS were left out.
    """

    folder: Path
    classes: list[str]
    paths: list[Path]
    labels: list[int]
    sides: list[str] | None
    left_out: Counter[str] = field(default_factory=Counter)


def scan(folder: Path) -> ImageFolder:
    """Lists the images of a folder of class folders, which may be split into training and validation.

    Raises ValueError if the folder has another structure; if a name can't be a label; if there are fewer than two
    classes; if a class has no image; or if training and validation have different classes.
    """
    left_out: Counter[str] = Counter()
    parts = split_parts(folder, left_out)
    by_side = {side: scan_classes(part, left_out) for side, part in parts.items()}
    classes = sorted(by_side["train"])
    check_classes(folder, classes)
    if "validation" in by_side:
        check_same_classes(parts, by_side)
    paths, labels, sides = [], [], []
    for side, images in by_side.items():
        for label, name in enumerate(classes):
            if not images[name]:
                raise ValueError(f"{shown(parts[side] / name)} has no image: add images, or remove the folder")
            paths += images[name]
            labels += [label] * len(images[name])
            sides += [side] * len(images[name])
    return ImageFolder(folder, classes, paths, labels, sides if "validation" in parts else None, left_out)


def split_parts(folder: Path, left_out: Counter[str]) -> dict[str, Path]:
    """The folders whose subfolders are class folders: {"train": ..., "validation": ...}, or {"train": folder}."""
    folders = subfolders(folder)
    named = {side: [f for f in folders if f.name.lower() in names] for side, names in SIDES.items()}
    # A class can be called "train". Its folder contains images, and that of the training data contains folders.
    if not any(subfolders(path) for path in named["train"]):
        return {"train": folder}
    for side, found in named.items():
        if len(found) > 1:
            raise ValueError(f"{shown(folder)} has both {found[0].name} and {found[1].name} for {side}: keep one")
    known = [path for found in named.values() for path in found]
    if others := [path.name for path in folders if path not in known]:
        raise ValueError(
            f"{shown(folder)} has a folder {named['train'][0].name}, and beside it {listed(others)}, which is neither "
            f"training, validation nor test data. {EXPECTED}"
        )
    for path in named["test"]:
        left_out["test"] += len(all_images(path))
    count_files(folder, left_out)
    return {side: found[0] for side, found in named.items() if found and side != "test"}


def scan_classes(folder: Path, left_out: Counter[str]) -> dict[str, list[Path]]:
    """The images of each class folder, sorted by name."""
    count_files(folder, left_out)
    folders = subfolders(folder)
    if not folders:
        raise ValueError(f"{shown(folder)} has no class folders. {EXPECTED}")
    for path in folders:
        if nested := subfolders(path):
            hint = f". Is {shown(path)} the folder that you mean?" if len(folders) == 1 else ""
            raise ValueError(
                f"{shown(path)} has subfolders, such as {shown(Path(nested[0].name))}, and a class folder has only "
                f"images. {EXPECTED}{hint}"
            )
    return {path.name: images_in(path, left_out) for path in folders}


def images_in(folder: Path, left_out: Counter[str]) -> list[Path]:
    images = []
    for path in sorted(path for path in folder.iterdir() if not path.is_dir()):
        kind = kind_of(path)
        if kind == "image":
            images.append(path)
        else:
            left_out[kind] += 1
    return images


def count_files(folder: Path, left_out: Counter[str]) -> None:
    """Counts the files beside class folders, which have no class."""
    for path in folder.iterdir():
        if not path.is_dir():
            kind = kind_of(path)
            left_out["outside" if kind == "image" else kind] += 1


def kind_of(path: Path) -> str:
    """Returns "image", or one of KINDS."""
    name = path.name.lower()
    if name.startswith(".") or name in SYSTEM_FILES:
        return "hidden"
    return "image" if path.suffix.lower() in IMAGE_SUFFIXES or begins_like_image(path) else "other"


def begins_like_image(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError:
        return False
    return any(accepts is not None and bool(accepts(start)) for _, accepts in map(Image.OPEN.__getitem__, FORMATS))


def all_images(folder: Path) -> list[Path]:
    """All images below a folder, whatever its structure, sorted by path. Hidden files and other files are left out."""
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        found += [path for path in map(Path(place).joinpath, sorted(names)) if kind_of(path) == "image"]
    return found


def subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name))


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


def check_classes(folder: Path, names: list[str]) -> None:
    """Raises ValueError, with the folder, if the names can't be the labels of a model."""
    seen: dict[str, str] = {}
    for name in names:
        if fault := label_fault(name):
            raise ValueError(f"the folder {shown(folder / name)} can't name a class: {fault}. Rename it")
        if other := seen.get(name.casefold()):
            raise ValueError(f"the folders {other} and {name} of {shown(folder)} are the same name: rename one")
        seen[name.casefold()] = name
    fewest, most = LABELS
    if not fewest <= len(names) <= most:
        raise ValueError(
            f"{shown(folder)} has {'one class folder' if len(names) == 1 else f'{len(names):,} class folders'}, and a "
            f"model has {fewest} to {most:,} classes. {EXPECTED}"
        )


def check_same_classes(parts: dict[str, Path], by_side: dict[str, dict[str, list[Path]]]) -> None:
    for side, other in (("train", "validation"), ("validation", "train")):
        if missing := sorted(by_side[side].keys() - by_side[other].keys()):
            raise ValueError(
                f"{listed(missing)} is in {shown(parts[side])}, but not in {shown(parts[other])}: both need images of "
                "every class"
            )


def left_out_text(left_out: Counter[str]) -> str:
    """A part of a sentence: "left out: 2 hidden files, 40 images of the test folder". Empty if nothing was left out."""
    parts = [f"{left_out[kind]:,} {names[left_out[kind] > 1]}" for kind, names in KINDS.items() if left_out[kind]]
    return f"left out: {', '.join(parts)}" if parts else ""


def listed(names: Iterable[str]) -> str:
    """Up to three names, such as "cat, dog, fish and 4 more"."""
    found = list(names)
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return shown(Path(", ".join(found[:3]))) + more


def shown(path: Path) -> str:
    """A path as text that can be printed: each byte that is not UTF-8 is written as `\\xNN`."""
    return os.fsencode(path).decode(errors="backslashreplace")
