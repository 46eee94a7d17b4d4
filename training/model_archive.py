"""Unpacks a model.tar.gz, which can come from a stranger, with limits."""

import tarfile
import zlib
from pathlib import Path

# A model has a handful of files. ONNX stores at most 2 GB in one file, and the weights of a larger one beside it.
MAX_FILES = 1_000
MAX_BYTES = 8_000_000_000
# The first bytes of a gzip file (RFC 1952).
GZIP = b"\x1f\x8b"


class NoModel(ValueError):
    """There is no complete model under a name. Its text is a sentence for the user, with the way out."""


def unpack_archive(archive: Path, folder: Path, source: str, max_bytes: int = MAX_BYTES) -> Path:
    """Unpacks an archive into a new folder, and returns the folder.

    source: the archive's name in errors.
    max_bytes: of all files together. The size is read from each file's header before the file is unpacked.

    Raises NoModel if the file is no archive, damaged or too large, or if it would store a file outside the folder.
    """
    files = total = 0
    try:
        with tarfile.open(archive) as opened:
            folder.mkdir()
            for member in opened:
                files, total = files + 1, total + member.size
                if files > MAX_FILES or total > max_bytes:
                    raise NoModel(
                        f"{source} is not a model: it has more than {MAX_FILES:,} files or {max_bytes / 1e9:g} GB"
                    )
                # Before Python 3.14, this filter is not the default: without it, `../file` is stored elsewhere.
                opened.extract(member, folder, filter="data")
    except tarfile.FilterError as error:
        raise NoModel(f"{source} is refused: {error}") from None
    except (EOFError, zlib.error, tarfile.TarError) as error:
        if not files and not is_gzip(archive):
            raise NoModel(f"{source} is neither a folder with a model nor a model.tar.gz") from None
        raise NoModel(f"{source} is damaged or cut off: {error}") from None
    except OSError as error:
        raise NoModel(f"{source} cannot be unpacked: {error.strerror or error}") from None
    return folder


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP
