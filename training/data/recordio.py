"""Writes MXNet's RecordIO: one file with many images, the input that SageMaker's image classification recommends.

A record is an image header (label and number) followed by the image file. RecordIO puts a frame around each record: a
magic number and a length. If a record contains the magic number at a multiple of four bytes, the record is cut there
and the number is left out, so a reader can find the start of a frame from any position in the file.
Source: MXNet, "Create a dataset using RecordIO"; dmlc-core, the description of the format in its recordio header.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

MAGIC = struct.pack("<I", 0xCED7230A)
# A frame's flag: it holds a whole record, or the first, a middle or the last part of one that was cut.
WHOLE, FIRST, MIDDLE, LAST = range(4)
# Flag and length share 32 bits, and 29 of them are the length.
LENGTH_BITS = 29
MAX_BYTES = 1 << LENGTH_BITS


def write(records: Iterable[tuple[int, int, bytes]], path: Path) -> int:
    """Writes records to `path`, and the offset of each one to the index file beside it (`.idx`).

    records: (number, label index, image file), in the order of the file.

    Returns the count of records. An interrupted call leaves an older file unchanged.
    Raises ValueError if a record is MAX_BYTES or larger.
    """
    index = []
    unfinished = path.with_suffix(".rec.new")
    with unfinished.open("wb") as file:
        for number, label, image in records:
            index.append(f"{number}\t{file.tell()}\n")
            file.write(frame(image_record(number, label, image)))
    path.with_suffix(".idx").write_text("".join(index))
    unfinished.replace(path)
    return len(index)


def image_record(number: int, label: int, image: bytes) -> bytes:
    """The image header (flag 0: one label; label; number; a second number, which is not used) and the image file."""
    return struct.pack("<IfQQ", 0, float(label), number, 0) + image


def frame(record: bytes) -> bytes:
    """The record in one frame, or in several if it contains the magic number, padded to a multiple of four bytes."""
    if len(record) >= MAX_BYTES:
        raise ValueError(
            f"a record has {len(record):,} bytes, but must have fewer than {MAX_BYTES:,}: shrink its image"
        )
    parts = split_at_magic(record)
    flags = [WHOLE] if len(parts) == 1 else [FIRST, *[MIDDLE] * (len(parts) - 2), LAST]
    frames = (
        MAGIC + struct.pack("<I", flag << LENGTH_BITS | len(part)) + part
        for flag, part in zip(flags, parts, strict=True)
    )
    return b"".join(frames) + bytes(-len(record) % 4)


def split_at_magic(record: bytes) -> list[bytes]:
    """Cuts the record at each magic number that starts at a multiple of four bytes, and removes these numbers."""
    parts = []
    start = 0
    found = record.find(MAGIC)
    while found >= 0:
        if found % 4 == 0:
            parts.append(record[start:found])
            start = found + len(MAGIC)
            found = record.find(MAGIC, start)
        else:
            found = record.find(MAGIC, found + 1)
    return [*parts, record[start:]]
