"""The kind of a CSV file is recognized by its content: plain, compressed, or in an archive."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from training.data.csv_file import open_csv

CSV = b"emotion,pixels,Usage\n3,1 2 3,Training\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def tar_of(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def zip_of(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


# As Kaggle's archive: other files, a folder, and what macOS adds to an archive.
KAGGLE = {"fer2013/fer2013.csv": CSV, "fer2013/README": b"readme", "__MACOSX/fer2013/._fer2013.csv": b"\x00\x05"}


def read(path: Path) -> str:
    with open_csv(path) as lines:
        return lines.read()


@pytest.mark.parametrize("mark", [b"", BYTE_ORDER_MARK], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("fer2013.csv", bytes),
        ("fer2013.csv.gz", gzip.compress),
        ("FER2013.CSV.GZ", gzip.compress),
        ("gzip_without_its_ending.csv", gzip.compress),
        ("not_compressed.csv.gz", bytes),
        ("fer2013.zip", lambda csv: zip_of({"fer2013.csv": csv})),
        ("fer2013.ZIP", lambda csv: zip_of({"FER2013.CSV": csv}, zipfile.ZIP_STORED)),
        ("fer2013.tar", lambda csv: tar_of({"fer2013.csv": csv})),
        ("fer2013.tar.gz", lambda csv: gzip.compress(tar_of({**KAGGLE, "fer2013/fer2013.csv": csv}))),
        ("gzip_in_zip.zip", lambda csv: zip_of({"train.csv.gz": gzip.compress(csv)})),
    ],
)
def test_a_csv_is_recognized_by_content_and_not_by_its_name(
    name: str, pack: Callable[[bytes], bytes], mark: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(pack(mark + CSV))
    assert read(tmp_path / name) == CSV.decode()


# Content and error by a name: a gzip file contains the time, so its bytes can't name a test.
OTHER_KINDS = {
    "nothing": (b"", "the file is empty"),
    "nothing, compressed": (gzip.compress(b""), "the file is empty"),
    "UTF-16": (CSV.decode().encode("utf-16"), "this is UTF-16 text: save it as UTF-8"),
    "bzip2": (bz2.compress(CSV), "this is a bzip2 file: extract it first"),
    "xz": (lzma.compress(CSV), "this is an xz file: extract it first"),
    "zip without files": (zip_of({}), "this is a zip archive without any file"),
    "Excel": (zip_of({"xl/workbook.xml": b""}), "this is an Excel workbook: save the sheet as CSV"),
    "zip without CSV": (zip_of({"a.png": b"", "b.txt": b""}), "the archive has no CSV file, only a.png, b.txt"),
    "zip of two": (
        zip_of({"b/test.csv": CSV, "a/train.csv": CSV}),
        "several CSV files, extract one of them: a/train.csv, b/test",
    ),
    "tar of two": (tar_of({"b.csv": CSV, "a.csv": CSV}), "several CSV files, extract one of them: a.csv, b.csv"),
    "four times gzip": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))),
        "it is compressed several times",
    ),
    "gzip, cut off": (gzip.compress(CSV * 1000)[:-50], "is damaged or incomplete"),
    "tar in gzip, cut off": (gzip.compress(tar_of({"a.csv": CSV * 10000}))[:-50], "is damaged or incomplete"),
    "tar, cut off": (tar_of({"a.csv": CSV * 10000})[:50_000], "is damaged or incomplete"),
    "zip, cut off": (zip_of({"a.csv": CSV * 1000})[:-50], "is damaged or incomplete"),
    "gzip with wrong bytes": (gzip.compress(CSV)[:10] + b"\xff" * 20, "is damaged or incomplete"),
    "zip with wrong bytes": (
        zip_of({"a.csv": CSV}, zipfile.ZIP_STORED).replace(b"Training", b"training"),
        "is damaged or incomplete",
    ),
}


@pytest.mark.parametrize(("content", "reason"), OTHER_KINDS.values(), ids=OTHER_KINDS)
def test_another_kind_of_file_is_an_error_that_says_what_it_is(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason) as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_a_zip_archive_with_a_password_is_an_error_that_says_so(tmp_path: Path) -> None:
    content = bytearray(zip_of({"a.csv": CSV}))
    # Bit 0 of the flags of the local header, and of the central directory: the file is encrypted.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "fer2013.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"fer2013\.zip: the zip archive has a password"):
        read(tmp_path / "fer2013.zip")
