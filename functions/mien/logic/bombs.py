"""Protects against decompression bombs: small files that take seconds to decode, or much memory, with few pixels.

Pillow parses everything around the pixels in Python: segments, chunks, blocks and tags. Each takes microseconds, but
16 MiB can hold millions of them, and some expand. Parts that the face does not need are removed before Pillow sees the
file. The remaining parts are counted, and files with too many are rejected.
"""

import io
import re
import struct
from typing import NamedTuple

from PIL import ImageFile

from mien.errors import Rejected

# A color profile or a depth map takes up to 255 segments of a JPEG.
MAX_SEGMENTS = 5_000
# A dozen segments describe the pixels. 100 of the largest possible are read in half a second.
MAX_NEEDED_SEGMENTS = 100
# libjpeg writes progressive files with 14 scans, and CMYK files with this many, if each component of a scan is counted.
# The decoder walks through all blocks of the image for each scan, even an empty one: 30 ms for 50 million pixels.
MAX_SCANS = 24
# libpng writes chunks of 8 KiB: 16 MiB are 2,000 chunks.
MAX_CHUNKS = 50_000
# A directory of a classic TIFF can have this many tags. Pillow reads each three times, at 3 µs.
MAX_TAGS = 65_535
# Strips of a TIFF. Each becomes an object of 350 bytes.
MAX_VALUES = 65_536
# The limit for formats that take more than twice the memory per pixel: WebP's decoder holds an image four times,
# libtiff also needs a strip of any height, libjpeg needs twice the bytes for CMYK and for progressive files, and color
# of 16 bits has twice the bytes.
MAX_COSTLY_PIXELS = 20_000_000
# Pixels of the shorter side. A smaller JPEG is decoded at full size: a reduced one would be under the model's 224.
DECODED_AT_FULL_SIZE = 4 * 224
# Pillow unpacks run-length encoded BMPs in Python: 0.3 µs per pixel and per byte.
MAX_RUN_LENGTH_ENCODED = 4_000_000
# Calls of read() while Pillow parses blocks and runs, at 0.3 µs. Reading 16 MiB of pixels takes 256 of them.
MAX_READS = 1_000_000
# Bytes. The orientation is in the first directory, at the beginning. A JPEG's single EXIF segment has at most 64 KiB.
MAX_EXIF = 256 * 1024

# JPEG markers. Restart markers (0xD0 to 0xD7) are part of the pixels. SOI and EOI have no length field.
# Source: ITU-T T.81, annex B.
JPEG_START = b"\xff\xd8\xff"
JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
FIRST_MARKER = 0xC0
START_OF_IMAGE = 0xD8
END_OF_IMAGE = 0xD9
START_OF_SCAN = 0xDA
APPLICATION_DATA = range(0xE0, 0xF0)
JFIF = 0xE0
EXIF = 0xE1
ADOBE = 0xEE
COMMENT = 0xFE
EXIF_OR_XMP = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")
# Bytes after the marker and the length that are enough to recognize EXIF or XMP.
SEGMENT_NAME_BYTES = 30

# Source: W3C, "PNG Specification", sections 5 and 11.
PNG = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf", b"acTL", b"fcTL", b"fdAT"})
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
# ImageMagick stores EXIF as a text chunk; other programs store the orientation in XMP.
PNG_KEYWORDS = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
PNG_KEYWORD_BYTES = 22

# Types with one byte per value, which Pillow keeps as bytes: BYTE, ASCII, SBYTE, UNDEFINED ("TIFF 6.0", section 2).
TIFF_BYTE_TYPES = (1, 2, 6, 7)


def too_complex(parts: str, limit: int) -> Rejected:
    return Rejected("too_complex", f"The image has more than {limit:,} {parts}, which would take too long to read.")


class LimitedReads(io.BytesIO):
    """A file that raises Rejected after MAX_READS calls of read()."""

    reads_left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads_left -= 1
        if self.reads_left < 0:
            raise too_complex("parts", MAX_READS)
        return super().read(size)


def defuse(data: bytes) -> bytes:
    """Returns a file of the same picture, without the parts that make it slow to read.

    Broken files stay broken: the decoder reports them.

    Raises Rejected if the file has too many parts.
    """
    if data.startswith(JPEG_START):
        return defuse_jpeg(data)
    if data.startswith(PNG):
        return defuse_png(data)
    if data.startswith((b"II", b"MM")):
        check_tiff(data)
    return data


class Segment(NamedTuple):
    """One segment of a JPEG: data[start:end], from its marker to the last byte that its length field counts."""

    marker: int
    start: int
    end: int


def next_segment(data: bytes, at: int) -> Segment | None:
    """Returns the next segment at or after `at`, or None if there is no other marker."""
    found = JPEG_MARKER.search(data, at)
    if not found:
        return None
    start, end = found.span()
    marker = data[start + 1]
    if marker >= FIRST_MARKER and marker not in (START_OF_IMAGE, END_OF_IMAGE):
        # The length counts its own two bytes. A smaller value is broken.
        end += max(2, int.from_bytes(data[end : end + 2]))
    return Segment(marker, start, end)


def defuse_jpeg(data: bytes) -> bytes:
    """Removes profiles, comments, previews and bytes between segments, up to the first scan, and all after the end.

    Raises Rejected.
    """
    kept = [data[:2]]
    scans = 0
    pixels_start = len(data)
    exif_bytes = 0
    at = 2
    for _ in range(MAX_SEGMENTS):
        segment = next_segment(data, at)
        if segment is None or (scans and segment.marker == END_OF_IMAGE):
            pixels_end = segment.end if segment else len(data)
            return b"".join(kept) + data[pixels_start:pixels_end]
        marker, start, at = segment
        if marker == START_OF_SCAN:
            pixels_start = min(pixels_start, start)
            # The byte after marker and length is the number of components in the scan.
            scans += int.from_bytes(data[start + 4 : start + 5])
            if scans > MAX_SCANS:
                raise too_complex("scans", MAX_SCANS)
        elif not scans and describes_pixels(marker, data[start + 4 : start + 4 + SEGMENT_NAME_BYTES]):
            if marker == EXIF:
                exif_bytes += at - start
            if marker != EXIF or exif_bytes <= MAX_EXIF:
                kept.append(data[start:at])
            if len(kept) > MAX_NEEDED_SEGMENTS:
                raise too_complex("segments of tables", MAX_NEEDED_SEGMENTS)
    raise too_complex("segments", MAX_SEGMENTS)


def describes_pixels(marker: int, content: bytes) -> bool:
    """Returns whether a JPEG segment is needed to decode the pixels or to turn them.

    JFIF and Adobe segments name the color space; EXIF and XMP name the orientation.

    content: the beginning of the segment's content.
    """
    if marker == EXIF:
        return content.startswith(EXIF_OR_XMP)
    return marker in (JFIF, ADOBE) or marker not in (*APPLICATION_DATA, COMMENT)


def defuse_png(data: bytes) -> bytes:
    """Removes profiles, texts and other chunks that do not change the pixels. Raises Rejected."""
    kept = [data[: len(PNG)]]
    at = len(PNG)
    for _ in range(MAX_CHUNKS):
        kind = data[at + 4 : at + 8]
        # Length, type and checksum take four bytes each.
        end = at + 12 + int.from_bytes(data[at : at + 4])
        is_complete = len(kind) == 4 and end <= len(data)
        keyword = data[at + 8 : at + 8 + PNG_KEYWORD_BYTES]
        has_orientation = kind in PNG_TEXTS and keyword.startswith(PNG_KEYWORDS)
        if not is_complete or kind in PNG_CHUNKS or has_orientation:
            kept.append(data[at:end])
        if not is_complete or kind == b"IEND":
            return b"".join(kept)
        at = end
    raise too_complex("chunks", MAX_CHUNKS)


class TiffLayout(NamedTuple):
    """The struct formats of a TIFF's offset, entry count and directory entry, and where the first offset is."""

    offset: str
    entry_count: str
    entry: str
    first_offset: int


CLASSIC_TIFF = TiffLayout("L", "H", "HHLL", 4)
# Counts and offsets of a BigTIFF have 8 bytes.
BIG_TIFF = TiffLayout("Q", "Q", "HHQQ", 8)


def check_tiff(data: bytes) -> None:
    """Raises Rejected if the first directory has too many tags, or a tag has too many values.

    Source: "TIFF 6.0", section 2.
    """
    order = "<" if data.startswith(b"II") else ">"
    layout = BIG_TIFF if data[2:3] == b"+" else CLASSIC_TIFF
    try:
        (at,) = struct.unpack_from(order + layout.offset, data, layout.first_offset)
        (entries,) = struct.unpack_from(order + layout.entry_count, data, at)
        if entries > MAX_TAGS:
            raise too_complex("tags", MAX_TAGS)
        at += struct.calcsize(order + layout.entry_count)
        for _ in range(entries):
            _, kind, values, _ = struct.unpack_from(order + layout.entry, data, at)
            if kind not in TIFF_BYTE_TYPES and values > MAX_VALUES:
                raise too_complex("strips or values of a tag", MAX_VALUES)
            at += struct.calcsize(order + layout.entry)
    except struct.error:
        # The directory is cut off at the end of the file. Pillow reads the part that is there, so it is accepted here.
        return


def is_costly(image: ImageFile.ImageFile) -> bool:
    """Returns whether an image takes about twice the usual memory per pixel. Only its header must have been read."""
    has_sixteen_bit_color = any(tile.args in ("RGB;16B", "RGBA;16B", "LA;16B") for tile in image.tile)
    is_progressive_at_full_size = "progressive" in image.info and min(image.size) < DECODED_AT_FULL_SIZE
    return (
        has_sixteen_bit_color or is_progressive_at_full_size or image.mode == "CMYK" or image.format in ("WEBP", "TIFF")
    )


def check_run_lengths(image: ImageFile.ImageFile, size: int) -> None:
    """Raises Rejected if an image is a run-length encoded BMP that takes too long. size: bytes of the file."""
    is_run_length_encoded = any(tile.codec_name == "bmp_rle" for tile in image.tile)
    if is_run_length_encoded and image.width * image.height + size > MAX_RUN_LENGTH_ENCODED:
        raise too_complex("run-length encoded pixels and bytes", MAX_RUN_LENGTH_ENCODED)
