"""Opens a CSV file as text: plain, compressed with gzip, or the only CSV file of a tar or zip archive.

The kind is recognized by content, because browsers and people change the endings of names. Kaggle distributes FER2013
as `fer2013.tar.gz`, and puts downloads into zip archives.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
# Where a tar archive has these bytes (POSIX.1-1988, "ustar interchange format").
TAR, TAR_OFFSET = b"ustar", 257
# The first bytes of other files that people may pass instead, and what to do about each.
UNREADABLE = {
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
    b"BZh": "a bzip2 file: extract it first",
    b"\xfd7zXZ\x00": "an xz file: extract it first",
    b"\x28\xb5\x2f\xfd": "a Zstandard file: extract it first",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: extract it first",
    b"Rar!": "a RAR archive: extract it first",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as CSV (UTF-8)",
    b"PAR1": "a Parquet file: convert it to CSV",
    b"%PDF": "a PDF document, not a CSV file",
    b"\x93NUMPY": "a NumPy array, not a CSV file",
    b"PK\x05\x06": "a zip archive without any file",
}
# A zip archive with a file of this name is an Excel workbook (ECMA-376, "Office Open XML").
WORKBOOK = "xl/workbook.xml"
CSV_ENDINGS = (".csv", ".csv.gz")
# A gzipped CSV file in a gzipped archive has three layers. More of them are a mistake, or a file that contains itself.
MAX_LAYERS = 4
# Bytes that are decompressed at once. All kinds are recognized within the first 512.
BUFFER = 64 * 1024


@contextmanager
def open_csv(path: Path) -> Iterator[IO[str]]:
    """Opens a CSV file of any kind, as text in UTF-8, with or without a byte order mark.

        with open_csv(Path("fer2013.tar.gz")) as lines:
            header = next(lines)

    Bytes that are not UTF-8 become U+FFFD.
    Raises ValueError, with the path, if the file is empty, damaged, or of a kind that cannot be read; or if an archive
    does not contain exactly one CSV file. Damage can also be noticed while the lines are read.
    """
    with ExitStack() as opened:
        try:
            content = unpack(path, opened)
            yield opened.enter_context(io.TextIOWrapper(content, encoding="utf-8-sig", errors="replace"))
        except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged or incomplete, download it again: {error}") from None
        except (NotImplementedError, UnreadableKind) as error:
            # zipfile raises NotImplementedError for a compression that Python lacks.
            raise ValueError(f"{path}: {error}") from None


class UnreadableKind(ValueError):
    """The file is not a CSV file, and not an archive with one. The text says what it is, without its path."""


def unpack(path: Path, opened: ExitStack) -> io.BufferedReader:
    """The bytes of the CSV file. opened: closes the file and all layers of it."""
    content = opened.enter_context(path.open("rb"))
    for _ in range(MAX_LAYERS):
        start = content.peek(BUFFER)
        if not start:
            raise UnreadableKind("the file is empty")
        for magic, reason in UNREADABLE.items():
            if start.startswith(magic):
                raise UnreadableKind(f"this is {reason}")
        if start.startswith(GZIP):
            layer = cast(io.RawIOBase, opened.enter_context(gzip.GzipFile(fileobj=content, mode="rb")))
        elif start.startswith(ZIP):
            layer = open_zip_member(opened.enter_context(zipfile.ZipFile(content)), opened)
        elif start[TAR_OFFSET:].startswith(TAR):
            layer = open_tar_member(opened.enter_context(tarfile.TarFile(fileobj=content)), opened)
        else:
            return content
        content = opened.enter_context(io.BufferedReader(layer, BUFFER))
    raise UnreadableKind("it is compressed several times: extract it first")


def open_zip_member(archive: zipfile.ZipFile, opened: ExitStack) -> io.RawIOBase:
    names = archive.namelist()
    if WORKBOOK in names:
        raise UnreadableKind("this is an Excel workbook: save the sheet as CSV (UTF-8)")
    member = archive.getinfo(only_csv(names))
    # Bit 0 of the flags: encrypted (PKWARE, "APPNOTE.TXT", 4.4.4).
    if member.flag_bits & 1:
        raise UnreadableKind("the zip archive has a password: extract it first")
    return cast(io.RawIOBase, opened.enter_context(archive.open(member)))


def open_tar_member(archive: tarfile.TarFile, opened: ExitStack) -> io.RawIOBase:
    members = {member.name: member for member in archive.getmembers() if member.isfile()}
    content = archive.extractfile(members[only_csv(list(members))])
    assert content is not None  # only for members that are not files
    return cast(io.RawIOBase, opened.enter_context(content))


def only_csv(names: list[str]) -> str:
    """The name of the only CSV file of an archive. Raises UnreadableKind, with names, if there is none or several."""
    files = [name for name in names if not name.endswith("/")]
    # macOS adds a file `._NAME` with metadata to each file of an archive.
    found = [name for name in files if name.lower().endswith(CSV_ENDINGS) and not name_in_folder(name).startswith("._")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnreadableKind(f"the archive has several CSV files, extract one of them: {', '.join(sorted(found))}")
    raise UnreadableKind(
        f"the archive has no CSV file, only {', '.join(sorted(files)[:5]) or 'folders'}. If these are images, extract "
        "it, and give the folder"
    )


def name_in_folder(name: str) -> str:
    return name.rpartition("/")[2]
