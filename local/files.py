"""Which of the user's files are uploaded, and why others are not."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import cli
from local.cloud import CloudError


@dataclass
class Selection:
    """The files that are uploaded.

    files: by their path relative to the folder that was searched, with slashes.
    skipped: why a file or folder is not uploaded, by its path.
    """

    files: dict[str, Path] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def skip(self, path: Path, reason: str) -> None:
        self.skipped[printable(path)] = reason

    def skipped_lines(self) -> list[str]:
        return [f"not uploaded: {path}: {reason}" for path, reason in self.skipped.items()]


def image_path(text: str) -> Path:
    """Parses the path that a user gives. Raises CloudError if it is blank, which would be the working directory."""
    if not str(text).strip():
        raise CloudError("the folder of images is blank; name a folder or an image, or leave IMAGES out")
    return Path(text)


def select_files(source: Path) -> Selection:
    """Selects a file, or all files of a folder and its subfolders without hidden ones. Links are followed.

    Files that are not images are included: the application rejects them, and the user sees why.

    Raises CloudError if nothing is found, or if `source` does not exist.
    """
    selection = Selection()
    if source.is_file():
        add_file(selection, source, source.name)
    elif source.is_dir():
        add_folder(selection, source)
    else:
        raise CloudError(f"{printable(source)} is not a folder and not a file")
    if not selection.files and not selection.skipped:
        raise CloudError(f"there are no files in {printable(source)}")
    return selection


def add_folder(selection: Selection, source: Path) -> None:
    def skip_unreadable(error: OSError) -> None:
        selection.skip(Path(error.filename), f"the folder can't be read: {error.strerror}")

    visited = {os.path.realpath(source)}
    for place, folders, names in os.walk(source, onerror=skip_unreadable, followlinks=True):
        parent = Path(place)
        # os.walk visits the folders that stay in the list, in its order.
        found = sorted(name for name in folders if not name.startswith("."))
        folders.clear()
        for name in found:
            real = os.path.realpath(parent / name)
            if not is_utf8(name):
                selection.skip(parent / name, "the folder's name is not UTF-8")
            elif real in visited:
                selection.skip(parent / name, "the folder is a link to one that is uploaded already")
            else:
                visited.add(real)
                folders.append(name)
        for name in sorted(names):
            if not name.startswith("."):
                add_file(selection, parent / name, (parent / name).relative_to(source).as_posix())
    selection.files = dict(sorted(selection.files.items()))


def add_file(selection: Selection, path: Path, name: str) -> None:
    if not is_utf8(path.name):
        selection.skip(path, "its name is not UTF-8, and S3 accepts no other; rename it")
    elif not path.is_file():
        selection.skip(path, "it is a link that leads nowhere" if path.is_symlink() else "it is not a file")
    else:
        selection.files[name] = path


def is_utf8(name: str) -> bool:
    """Whether a file name can be an S3 key. Python represents each byte that is not UTF-8 by a surrogate."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: Path) -> str:
    r"""A path as text that can be printed: bytes that are not UTF-8 become \xNN, and control characters are escaped."""
    return cli.printable(os.fsencode(path).decode(errors="backslashreplace"))
