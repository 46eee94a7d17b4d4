"""Replaces the files of an earlier preparation by those of a new one, so that no folder has files of both."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from training.data.image_folder import shown
from training.data.writers import CHANNELS, LARGE, SMALL

RECORD = "data.json"
# What `prepare` writes into a folder. Only these are ever replaced.
ENTRIES = (*CHANNELS, *(f"{c}.{kind}" for c in CHANNELS for kind in ("rec", "idx", "lst")), SMALL, LARGE, RECORD)
# A channel may have soft labels too, which `soft-labels` wrote for its images. They go with them.
IN_CHANNEL = frozenset({"faces.npz", "soft_labels.npz", RECORD})
NUMBERED = re.compile(r"\d{5,}\.png")
# Where a run collects its files, and where it moves those of an earlier one. They exist while it runs.
UNFINISHED, REPLACED = ".unfinished", ".replaced"
# Where `soft-labels` keeps what each teacher has answered, so that it can go on.
PASSES = ".teachers"


@contextlib.contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """Yields a new folder to write into. At the end of the block, its files replace the earlier ones in `output`.

    If the block raises, `output` is as it was. data.json is moved last: a folder with it is complete.
    Raises ValueError if another run writes into `output`, or as `require_own_files` does.
    """
    require_own_files(output)
    is_new = not output.exists()
    output.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another `prepare` is writing into {shown(output)}: wait until it has ended") from None
        remove_leftovers(output)
        staging = output / UNFINISHED
        staging.mkdir()
        yield staging
        swap(staging, output)
    finally:
        remove_leftovers(output)
        os.close(descriptor)
        if is_new:
            # Only if nothing was written.
            with contextlib.suppress(OSError):
                output.rmdir()


def earlier_entries(output: Path) -> list[Path]:
    """What an earlier run has written into the folder."""
    return [path for path in (output / name for name in ENTRIES) if path.exists()]


def require_own_files(output: Path) -> None:
    """Raises ValueError if files that `prepare` did not write have the names of those that it writes."""
    for path in foreign_files(output):
        raise ValueError(
            f"{shown(path)} was not written by `prepare`, which writes into a folder of this name: choose another "
            "--output"
        )


def foreign_files(output: Path) -> Iterator[Path]:
    for path in earlier_entries(output):
        if path.name in CHANNELS:
            yield from (found for found in entries(path) if found.name not in IN_CHANNEL or found.is_dir())
        elif path.name in (SMALL, LARGE):
            for folder in entries(path):
                yield from (found for found in entries(folder) if not NUMBERED.fullmatch(found.name))
        elif path.is_dir():
            yield path


def entries(path: Path) -> list[Path]:
    """What is in a folder; a file itself, where a folder should be."""
    return list(path.iterdir()) if path.is_dir() else [path]


def swap(staging: Path, output: Path) -> None:
    replaced = output / REPLACED
    replaced.mkdir()
    # data.json is the last of ENTRIES: it is the first to go, and the last to come.
    for path in reversed(earlier_entries(output)):
        path.rename(replaced / path.name)
    for path in earlier_entries(staging):
        path.rename(output / path.name)


def remove_leftovers(output: Path) -> None:
    for name in (UNFINISHED, REPLACED):
        shutil.rmtree(output / name, ignore_errors=True)
