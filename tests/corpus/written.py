"""Writes image files byte by byte: valid forms that Pillow cannot write, and files with wrong headers."""

import struct
import zlib

import numpy as np

LIMIT = 16 * 1024 * 1024  # bytes; larger files are rejected unread
# Each pass of Adam7: first row, first column, and the steps between rows and between columns.
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels
PALETTE = 3


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, depth: int = 8, color_type: int = 0, interlaced: bool = False) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)


def png(
    pixels: np.ndarray,
    depth: int = 8,
    color_type: int | None = None,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG.

    pixels: [height, width] or [height, width, channels], with the values that are written into the file.
    before, after: chunks before and after the pixels.
    """
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, channels = pixels.shape
    kind = COLOR_TYPES[channels] if color_type is None else color_type
    passes = [pixels[row::down, column::across] for row, column, down, across in ADAM7] if interlaced else [pixels]
    data = zlib.compress(b"".join(scanlines(part, depth) for part in passes))
    header = png_header(width, height, depth, kind, interlaced)
    return header + before + chunk(b"IDAT", data) + after + chunk(b"IEND")


def scanlines(pixels: np.ndarray, depth: int) -> bytes:
    """Rows of [height, width, channels]. Each begins with the number of its filter: 0, no filter."""
    rows = pixels.reshape(len(pixels), -1)
    if depth == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = (rows[..., None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
        lines = [np.packbits(row).tobytes() for row in bits.reshape(len(rows), -1)]
    return b"".join(b"\0" + line for line in lines if line)


def filtered(pixels: np.ndarray, number: int) -> bytes:
    """A PNG of uint8 [height, width] whose rows all use this filter.

    Source: W3C, "PNG Specification", section 9.
    """
    now = pixels.astype(int)
    left, up = np.zeros_like(now), np.zeros_like(now)
    left[:, 1:], up[1:] = now[:, :-1], now[:-1]
    corner = np.zeros_like(now)
    corner[1:, 1:] = now[:-1, :-1]
    distances = np.stack([abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)])
    nearest = np.choose(distances.argmin(axis=0), [left, up, corner])
    predicted = (np.zeros_like(now), left, up, (left + up) // 2, nearest)[number]
    rows = ((now - predicted) % 256).astype(np.uint8)
    data = b"".join(bytes([number]) + row.tobytes() for row in rows)
    return png_header(*pixels.shape[::-1]) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND")


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with these segments after its first two bytes."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def exif_segment(exif: bytes) -> bytes:
    return segment(0xE1, b"Exif\0\0" + exif)


def repeated(part: bytes, before: bytes, after: bytes, limit: int = LIMIT) -> bytes:
    """Repeats a part as often as it fits into a file of `limit` bytes."""
    return before + part * ((limit - len(before) - len(after)) // len(part)) + after


def endless(before: bytes = b"", limit: int = LIMIT - 999) -> bytes:
    """A zlib stream that is much longer than expected: by about a gigabyte for each megabyte of `limit`."""
    packed = zlib.compressobj(9)
    start = packed.compress(before) + packed.flush(zlib.Z_FULL_FLUSH)
    return repeated(packed.compress(bytes(1 << 20)) + packed.flush(zlib.Z_FULL_FLUSH), start, b"", limit)


def bmp(
    width: int,
    height: int,
    bits: int,
    data: bytes,
    compression: int = 0,
    palette: bytes = b"",
    masks: bytes = b"",
    colors: int = 0,
) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 1, 1, colors, 0)
    offset = 14 + len(header) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + masks + palette + data


def gray_palette(count: int) -> bytes:
    """A BMP's palette: blue, green, red and 0 per color. The last color is red, or Pillow would read all as grays."""
    return b"".join(bytes([level, level, level, 0]) for level in range(count - 1)) + b"\0\0\xff\0"


def rows_of_bmp(pixels: np.ndarray, down: bool = False) -> bytes:
    """The rows of uint8 [height, bytes of a row] from the bottom up, or from the top down, padded to four bytes."""
    padded = np.pad(pixels, ((0, 0), (0, -pixels.shape[1] % 4)))
    return (padded if down else padded[::-1]).tobytes()


def gif(width: int, height: int, *blocks: bytes, palette: bytes = b"") -> bytes:
    """A GIF. palette: 3 bytes for each of 256 colors; without it, decoders use grays."""
    flags = 0xF7 if palette else 0
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + palette + b"".join(blocks) + b";"


def gif_frame(pixels: np.ndarray, left: int = 0, top: int = 0, interlaced: bool = False, palette: bytes = b"") -> bytes:
    """A frame of uint8 [height, width].

    All codes have 9 bits, because the code table is cleared before it needs longer ones.
    """
    height, width = pixels.shape
    if interlaced:
        pixels = np.concatenate([pixels[0::8], pixels[4::8], pixels[2::4], pixels[1::2]])
    codes: list[int] = []
    for position, level in enumerate(pixels.ravel().tolist()):
        codes += [256, level] if position % 200 == 0 else [level]
    bits = "".join(f"{code:09b}"[::-1] for code in [*codes, 257])
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255))
    flags = (0x40 if interlaced else 0) | (0x87 if palette else 0)
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + palette + b"\x08" + blocks + b"\0"


def gray_colors() -> bytes:
    """A GIF's palette of grays in reverse order. A decoder that ignored it would show a negative."""
    return b"".join(bytes([255 - level] * 3) for level in range(256))


Tag = tuple[int, int, int, int | bytes]
SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7


def tiff(tags: list[Tag], data: bytes = b"", big_endian: bool = False, next_directory: int = 0) -> bytes:
    """A TIFF.

    tags: number, type, count, and the value, or bytes that are stored outside the directory.
    data: begins at byte 8 of the file.
    """
    order = ">" if big_endian else "<"
    directory = 8 + len(data) + len(data) % 2
    outside = directory + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for number, kind, count, value in sorted(tags, key=lambda tag: tag[0]):
        if isinstance(value, bytes):
            entries += struct.pack(order + "HHLL", number, kind, count, outside + len(values))
            values += value
        elif kind == SHORT and count == 1:
            entries += struct.pack(order + "HHLHH", number, kind, count, value, 0)
        else:
            entries += struct.pack(order + "HHLL", number, kind, count, value)
    head = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "L", directory)
    length = struct.pack(order + "H", len(tags))
    return head + data + b"\0" * (len(data) % 2) + length + entries + struct.pack(order + "L", next_directory) + values


def tags(
    width: int,
    height: int,
    length: int,
    bits: int = 8,
    photometric: int = 1,
    samples: int = 1,
    compression: int = 1,
    *more: Tag,
) -> list[Tag]:
    """The tags of an image with one strip, which begins at byte 8. A tag in `more` replaces the one with its number."""
    depth: Tag = (258, SHORT, samples, struct.pack(f"<{samples}H", *[bits] * samples))
    basic: list[Tag] = [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        depth if samples > 2 else (258, SHORT, 1, bits),
        (259, SHORT, 1, compression),
        (262, SHORT, 1, photometric),
        (273, LONG, 1, 8),
        (277, SHORT, 1, samples),
        (278, LONG, 1, height),
        (279, LONG, 1, length),
    ]
    return list({tag[0]: tag for tag in (*basic, *more)}.values())


def exif(*entries: Tag, big_endian: bool = False) -> bytes:
    """EXIF data, which has the form of a TIFF file."""
    return tiff(list(entries), big_endian=big_endian)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP file with these chunks."""
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def compressed_text(keyword: bytes, text: bytes) -> bytes:
    return chunk(b"zTXt", keyword + b"\0\0" + zlib.compress(text, 9))
