"""Files that are small to send and take long to read, or much memory, though they have few pixels.

Pillow reads what stands around the pixels in Python: segments, chunks, blocks and tags, at microseconds each, of which
16 MiB can hold millions; and some of them swell. What no face needs is left out before Pillow sees it, and what is
left is counted.
"""

import io
import re
import struct

from PIL import ImageFile

from mien.errors import Rejected

# A profile or a depth map takes up to 255 of a JPEG's segments.
MAX_SEGMENTS = 5_000
# A dozen say something of the pixels; 100 of the largest are read in half a second.
MAX_NEEDED_SEGMENTS = 100
# libjpeg's own progressive files have 14, and those of CMYK as many as this, each component of a scan counted. Each
# walks through all blocks of an image, even where it holds no bits: 30 ms for 50 million pixels.
MAX_SCANS = 24
# 16 MiB in the 8 KiB that libpng writes at a time make 2,000.
MAX_CHUNKS = 50_000
# What a directory of a TIFF before BigTIFF can hold. Each is read three times, at 3 µs.
MAX_TAGS = 65_535
# Strips of a TIFF; each becomes an object of 350 bytes.
MAX_VALUES = 65_536
# WebP's decoder holds an image four times, libtiff a strip of any height besides, libjpeg twice the bytes of CMYK and
# of whatever is progressive, and 16 bits of color are twice the bytes: half of what others may have.
MAX_COSTLY_PIXELS = 24_000_000
# A JPEG with a shorter side is not made smaller while it is decoded: it would come out under twice the model's 224.
DECODED_WHOLE = 4 * 224
# Pillow unpacks a run-length encoded BMP in Python: pixels and bytes, at 0.3 µs each.
MAX_RUN_LENGTH_ENCODED = 4_000_000
# What Pillow may ask of a file's bytes while it reads blocks and runs, at 0.3 µs: 16 MiB of pixels take 256 reads.
MAX_READS = 1_000_000
# Orientation stands in the first directory, at the beginning; EXIF in a JPEG's one segment has at most 64 KiB.
MAX_EXIF = 256 * 1024

# SOI and EOI, and what is no marker at all, have no length behind them; restart markers stand among the pixels.
JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
START_OF_SCAN, END_OF_IMAGE, WITHOUT_LENGTH = 0xDA, 0xD9, (0xD8, 0xD9)
APPLICATION_DATA, COMMENT, EXIF, ADOBE = range(0xE0, 0xF0), 0xFE, 0xE1, 0xEE
EXIF_OR_XMP = (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0")

PNG = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf", b"acTL", b"fcTL", b"fdAT"})
PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
# ImageMagick keeps EXIF in a text, and others the orientation in XMP.
PNG_KEYWORDS = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")

# Types of one byte a value, which stay bytes: BYTE, ASCII, SBYTE, UNDEFINED ("TIFF 6.0", section 2).
TIFF_BYTES = (1, 2, 6, 7)


def too_complex(what: str, limit: int) -> Rejected:
    return Rejected("too_complex", f"The image has more than {limit:,} {what}, which would take too long to read.")


class Reads(io.BytesIO):
    """A file that is read from so many times and no more."""

    left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise too_complex("parts", MAX_READS)
        return super().read(size)


def defused(data: bytes) -> bytes:
    """An image file → one of the same picture, without what makes it slow to read. Raises Rejected.

    What is broken stays broken: that is for the decoder to tell.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return defused_jpeg(data)
    if data.startswith(PNG):
        return defused_png(data)
    if data.startswith((b"II", b"MM")):
        count_tiff_values(data)
    return data


def defused_jpeg(data: bytes) -> bytes:
    """Without profiles, comments, previews and what is no segment, as far as they stand before the first scan.

    Source of the form: ITU-T T.81, annex B.
    """
    kept, scans, pixels, exif, at = [data[:2]], 0, len(data), MAX_EXIF, 2
    for _ in range(MAX_SEGMENTS):
        found = JPEG_MARKER.search(data, at)
        if not found:
            break
        start, at = found.span()
        marker = data[start + 1]
        if marker < 0xC0 or marker in WITHOUT_LENGTH:
            if scans and marker == END_OF_IMAGE:
                break
        else:
            at = max(at + 2, at + int.from_bytes(data[at : at + 2]))
        if marker == START_OF_SCAN:
            pixels = min(pixels, start)
            scans += int.from_bytes(data[start + 4 : start + 5])
            if scans > MAX_SCANS:
                raise too_complex("scans", MAX_SCANS)
        elif not scans and needed(marker, data[start + 4 : start + 34]):
            exif -= at - start if marker == EXIF else 0
            if marker != EXIF or exif >= 0:
                kept.append(data[start:at])
            if len(kept) > MAX_NEEDED_SEGMENTS:
                raise too_complex("segments of tables", MAX_NEEDED_SEGMENTS)
    else:
        raise too_complex("segments", MAX_SEGMENTS)
    return b"".join(kept) + data[pixels:]


def needed(marker: int, content: bytes) -> bool:
    """Whether a segment says anything of the pixels: JFIF and Adobe their color space, EXIF and XMP what is up."""
    if marker == EXIF:
        return content.startswith(EXIF_OR_XMP)
    return marker in (APPLICATION_DATA[0], ADOBE) or marker not in (*APPLICATION_DATA, COMMENT)


def defused_png(data: bytes) -> bytes:
    """Without profiles, texts and what else does not change the pixels.

    Source of the form: W3C, "PNG Specification", sections 5 and 11.
    """
    kept, at = [data[: len(PNG)]], len(PNG)
    for _ in range(MAX_CHUNKS):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4])
        complete = len(kind) == 4 and end <= len(data)
        if (
            not complete
            or kind in PNG_CHUNKS
            or (kind in PNG_TEXTS and data[at + 8 : at + 30].startswith(PNG_KEYWORDS))
        ):
            kept.append(data[at:end])
        if not complete or kind == b"IEND":
            return b"".join(kept)
        at = end
    raise too_complex("chunks", MAX_CHUNKS)


def count_tiff_values(data: bytes) -> None:
    """Source of the form: "TIFF 6.0", section 2; a BigTIFF's counts and offsets have 8 bytes."""
    order = "<" if data.startswith(b"II") else ">"
    offset, count, entry = (">Q", ">Q", ">HHQQ") if data[2:3] == b"+" else (">L", ">H", ">HHLL")
    try:
        (at,) = struct.unpack_from(order + offset[1:], data, 8 if offset == ">Q" else 4)
        (entries,) = struct.unpack_from(order + count[1:], data, at)
        if entries > MAX_TAGS:
            raise too_complex("tags", MAX_TAGS)
        at += struct.calcsize(count)
        for _ in range(entries):
            _, kind, values, _ = struct.unpack_from(order + entry[1:], data, at)
            if kind not in TIFF_BYTES and values > MAX_VALUES:
                raise too_complex("strips or values of a tag", MAX_VALUES)
            at += struct.calcsize(entry)
    except struct.error:
        # The directory ends with the file. Pillow takes what it has, and so do we.
        return


def costly(image: ImageFile.ImageFile) -> bool:
    """Whether an image, of which the header was read, takes about twice what others take for a pixel."""
    sixteen_bits = any(tile.args in ("RGB;16B", "RGBA;16B", "LA;16B") for tile in image.tile)
    whole = "progressive" in image.info and min(image.size) < DECODED_WHOLE
    return sixteen_bits or whole or image.mode == "CMYK" or image.format in ("WEBP", "TIFF")


def check_runs(image: ImageFile.ImageFile, size: int) -> None:
    """size: the file's, in bytes. Raises Rejected."""
    run_length_encoded = any(tile.codec_name == "bmp_rle" for tile in image.tile)
    if run_length_encoded and image.width * image.height + size > MAX_RUN_LENGTH_ENCODED:
        raise too_complex("run-length encoded pixels and bytes", MAX_RUN_LENGTH_ENCODED)
