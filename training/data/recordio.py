"""MXNet's RecordIO: many images in one file, as SageMaker's built-in image classification reads them best.

A record is a header of the image (its label and number) and the image file itself. A frame around it carries a magic
number and a length; where the record holds the magic number at a multiple of four bytes, it is cut there, and the
number left out, so that a reader can find its way from any point of the file.
Source: MXNet, "Create a dataset using RecordIO"; dmlc-core's description of the format in its recordio header.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

MAGIC = struct.pack("<I", 0xCED7230A)
WHOLE, FIRST, MIDDLE, LAST = range(4)
MAX_BYTES = 1 << 29


def write(records: Iterable[tuple[int, int, bytes]], path: Path) -> int:
    """Writes (number, label, image file) to `path`, and where each record begins to its `.idx`. Returns the count."""
    begins = []
    unfinished = path.with_suffix(".rec.new")
    with unfinished.open("wb") as file:
        for number, label, image in records:
            begins.append(f"{number}\t{file.tell()}\n")
            file.write(framed(packed(number, label, image)))
    path.with_suffix(".idx").write_text("".join(begins))
    unfinished.replace(path)
    return len(begins)


def packed(number: int, label: int, image: bytes) -> bytes:
    """flag (0: one label), label, number and a second number that nobody uses; then the file."""
    return struct.pack("<IfQQ", 0, float(label), number, 0) + image


def framed(record: bytes) -> bytes:
    if len(record) >= MAX_BYTES:
        raise ValueError(f"a record of {len(record):,} bytes; RecordIO takes less than {MAX_BYTES:,}")
    parts = parts_of(record)
    flags = [WHOLE] if len(parts) == 1 else [FIRST, *[MIDDLE] * (len(parts) - 2), LAST]
    frames = (MAGIC + struct.pack("<I", flag << 29 | len(part)) + part for flag, part in zip(flags, parts, strict=True))
    return b"".join(frames) + bytes(-len(record) % 4)


def parts_of(record: bytes) -> list[bytes]:
    """The record, cut wherever the magic number stands at a multiple of four bytes."""
    parts, begin, found = [], 0, record.find(MAGIC)
    while found >= 0:
        if found % 4 == 0:
            parts.append(record[begin:found])
            begin = found + 4
            found = record.find(MAGIC, begin)
        else:
            found = record.find(MAGIC, found + 1)
    return [*parts, record[begin:]]
