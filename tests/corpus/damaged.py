"""Damaged files: cut off, with flipped bits, or with broken pixels."""

import functools
import random
from typing import Any

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.kinds import turned
from tests.corpus.pictures import (
    LOSSY,
    SIZE,
    Bad,
    Damaged,
    Files,
    Good,
    encoded,
    gray,
    large,
    reference,
    sixteen_bits,
)


def noisy() -> Image.Image:
    """256x256 in three colors. Most of its file is pixels, so cuts and flipped bits hit them."""
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    return Image.fromarray(pixels)


@functools.cache
def whole(kind: str) -> bytes:
    """A valid file of this kind."""
    match kind:
        case "png":
            return encoded(noisy(), "PNG")
        case "interlaced.png":
            return written.png(np.asarray(noisy()), interlaced=True)
        case "jpg":
            return encoded(noisy(), "JPEG", quality=90)
        case "progressive.jpg":
            return encoded(noisy(), "JPEG", quality=90, progressive=True)
        case "webp":
            return encoded(noisy(), "WEBP", quality=90)
        case "lossless.webp":
            return encoded(noisy(), "WEBP", lossless=True)
        case "gif":
            return encoded(noisy().convert("L"), "GIF")
        case "bmp":
            return encoded(noisy(), "BMP")
        case "tiff":
            return encoded(noisy(), "TIFF")
        case "lzw.tiff":
            return encoded(noisy(), "TIFF", compression="tiff_lzw")
    raise ValueError(kind)


ALL_KINDS = (
    "png",
    "interlaced.png",
    "jpg",
    "progressive.jpg",
    "webp",
    "lossless.webp",
    "gif",
    "bmp",
    "tiff",
    "lzw.tiff",
)


def cut(kind: str, eighths: int) -> bytes:
    data = whole(kind)
    return data[: len(data) * eighths // 8]


def flipped(kind: str, seed: int, bits: int = 1) -> bytes:
    data = bytearray(whole(kind))
    generator = random.Random(f"{kind} {seed}")
    for _ in range(bits):
        # Half of the flips hit the first kilobyte, because it contains the header.
        at = generator.randrange(min(len(data), 1024)) if generator.random() < 0.5 else generator.randrange(len(data))
        data[at] ^= 1 << generator.randrange(8)
    return bytes(data)


def without_signature(kind: str) -> bytes:
    data = bytearray(whole(kind))
    data[0] ^= 0x20
    return bytes(data)


CUT: Files = {
    f"cut after {eighths} eighths.{kind}": functools.partial(
        lambda kind, eighths: Bad(cut(kind, eighths), "broken_image"), kind, eighths
    )
    for kind in ALL_KINDS
    for eighths in range(1, 8)
}
CUT_IN_THE_HEADER: Files = {
    "the signature alone.png": lambda: Bad(whole("png")[:8], "broken_image"),
    "the signature alone.gif": lambda: Bad(whole("gif")[:6], "broken_image"),
    "the signature alone.jpg": lambda: Bad(whole("jpg")[:3], "broken_image"),
    "the signature alone.bmp": lambda: Bad(whole("bmp")[:2], "broken_image"),
    "the signature alone.tiff": lambda: Bad(whole("tiff")[:4], "broken_image"),
    "the signature alone.webp": lambda: Bad(whole("webp")[:16], "broken_image"),
    "header alone.png": lambda: Bad(encoded(gray(), "PNG")[:60], "broken_image"),
    "header alone.jpg": lambda: Bad(whole("jpg")[:300], "broken_image"),
    "one byte.png": lambda: Bad(b"\x89", "not_an_image"),
}
FLIPPED: Files = {
    **{
        f"flipped bit {n}.{kind}": functools.partial(lambda kind, n: Damaged(flipped(kind, n)), kind, n)
        for kind in ALL_KINDS
        for n in range(4)
    },
    **{
        f"a hundred flipped bits.{kind}": functools.partial(lambda kind: Damaged(flipped(kind, 9, 100)), kind)
        for kind in ALL_KINDS
    },
    **{
        f"flipped signature.{kind}": functools.partial(lambda kind: Bad(without_signature(kind), "not_an_image"), kind)
        for kind in ("png", "jpg", "webp", "gif", "bmp", "tiff")
    },
    "flipped header, whose checksum tells.png": lambda: Bad(
        whole("png").replace(b"IHDR\0\0\1\0", b"IHDR\0\0\1\1", 1), "broken_image"
    ),
    "noise.jpg": lambda: Bad(random.Random(0).randbytes(5000), "not_an_image"),
    "noise behind a header.jpg": lambda: Damaged(whole("jpg")[:700] + random.Random(1).randbytes(5000)),
    "noise behind a header.png": lambda: Bad(whole("png")[:45] + random.Random(2).randbytes(5000), "broken_image"),
    "text that begins like a bitmap.bmp": lambda: Bad(b"BMW is a maker of cars." * 9, "broken_image"),
}

JPEG_KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with its own tables": {"optimize": True},
    "with restarts": {"restart_marker_blocks": 2},
}


def reference_jpeg(**options: Any) -> bytes:
    return encoded(gray(), "JPEG", quality=95, **options)


def half(jpeg: bytes) -> bytes:
    """The first half, without half a marker at its end."""
    return jpeg[: len(jpeg) // 2].rstrip(b"\xff")


def before_the_last_scan() -> bytes:
    """A progressive JPEG that ends before the tables of its last scan, without an end marker."""
    jpeg = reference_jpeg(progressive=True)
    return jpeg[: jpeg.rindex(b"\xff\xc4")]


def odd_webp() -> bytes:
    """A lossless WebP whose pixels have an odd number of bytes, with one byte of padding."""
    pixels = encoded(gray(), "WEBP", lossless=True)[20:]
    # The decoder ignores bytes after the pixels.
    return written.riff((b"VP8L", pixels + b"\0" * (1 - len(pixels) % 2)))


def half_webp() -> bytes:
    """Half of the pixels, with sizes that fit."""
    pixels = whole("webp")[20:]
    return written.riff((b"VP8 ", pixels[: len(pixels) // 2]))


def with_riff_size(webp: bytes, more: int) -> bytes:
    """A WebP whose header promises more bytes than the file has."""
    return b"RIFF" + (len(webp) - 8 + more).to_bytes(4, "little") + webp[8:]


OTHER: Files = {
    "checksum of the pixels is wrong.png": lambda: Good(wrong_checksum()),
    "a chunk after the pixels is cut off.png": lambda: Good(written.png(reference())[:-6]),
    "16 bits, cut off.png": lambda: Bad(encoded(sixteen_bits(), "PNG")[:100], "broken_image"),
    "without pixels.jpg": lambda: Bad(without_pixels(), "broken_image"),
    "without pixels, of many.jpg": lambda: Bad(without_pixels(7071), "broken_image"),
    **{
        f"without an end marker, {name}.jpg": functools.partial(
            lambda options: Good(reference_jpeg(**options)[:-2], LOSSY), options
        )
        for name, options in JPEG_KINDS.items()
    },
    **{
        f"half, then an end marker, {name}.jpg": functools.partial(
            lambda options: Bad(half(reference_jpeg(**options)) + b"\xff\xd9", "broken_image"), options
        )
        for name, options in JPEG_KINDS.items()
    },
    "cut between two scans.jpg": lambda: Bad(before_the_last_scan(), "broken_image"),
    "half, with half the sizes.webp": lambda: Bad(half_webp(), "broken_image"),
    "without its last padding.webp": lambda: Good(odd_webp()[:-1]),
    "4 bytes too few.webp": lambda: Good(with_riff_size(odd_webp(), 4)),
    "a thousand bytes too few.webp": lambda: Good(with_riff_size(odd_webp(), 1000)),
    "metadata are cut off.webp": lambda: Good(
        encoded(gray(), "WEBP", lossless=True, exif=b"Exif\0\0" + bytes(99))[:-50]
    ),
    "turned and cut off.jpg": lambda: Bad(turned(6, "JPEG", quality=95)[:-300], "broken_image"),
    "large and cut off.png": lambda: Bad(encoded(large(), "PNG")[:1000], "broken_image"),
}


def without_pixels(side: int = SIZE) -> bytes:
    """A JPEG that ends where its only scan begins. libjpeg alone would decode it as gray."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG")
    scan = data.index(b"\xff\xda")
    return data[: scan + 2 + int.from_bytes(data[scan + 2 : scan + 4])] + b"\xff\xd9"


def wrong_checksum() -> bytes:
    data = bytearray(written.png(reference()))
    data[-13] ^= 1
    return bytes(data)


DAMAGED: Files = {**CUT, **CUT_IN_THE_HEADER, **FLIPPED, **OTHER}
