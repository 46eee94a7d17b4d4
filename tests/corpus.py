"""Image files of every kind that people drop into an inbox, made here, each with what must come of it."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

SIZE = 48


@dataclass(frozen=True)
class Good:
    """A file that shows the reference picture; `tolerance`: how far a pixel may be off, of 255."""

    data: bytes
    tolerance: int = 0


@dataclass(frozen=True)
class Bad:
    data: bytes
    reason: str


def reference() -> np.ndarray:
    """uint8 [48, 48]: a gradient both ways with a bright corner, so that every turn and mirror image differs."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    picture = 40 + 2 * rows + columns
    picture[4:14, 4:20] = 230
    return picture.astype(np.uint8)


def gray() -> Image.Image:
    return Image.fromarray(reference())


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def large(mode: str = "L", factor: int = 20) -> Image.Image:
    return gray().resize((SIZE * factor, SIZE * factor), Image.Resampling.NEAREST).convert(mode)


def sixteen_bits() -> Image.Image:
    return Image.fromarray(reference().astype(np.uint16) * 257)


def transparent() -> Image.Image:
    """The reference over mid-grey, where its right half is wholly transparent and white underneath."""
    image = gray().convert("RGBA")
    image.paste((255, 255, 255, 0), (SIZE // 2, 0, SIZE, SIZE))
    return image


def palette_with_transparency() -> bytes:
    image = gray().quantize(256)
    return encoded(image, "PNG", transparency=image.getpixel((0, 0)))


def turned(orientation: int) -> bytes:
    """The reference, stored so that EXIF's orientation brings it upright again."""
    undo: dict[int, Callable[[Image.Image], Image.Image]] = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(undo[orientation](gray()), "PNG", exif=exif)


def animated(kind: str) -> bytes:
    later = [Image.new("L", (SIZE, SIZE), level) for level in (0, 255)]
    return encoded(gray(), kind, save_all=True, append_images=later, **({"lossless": True} if kind == "WEBP" else {}))


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header promises a size, and whose data is a few kilobytes of compressed black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(min((width + 1) * height, 5_000_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def noise(count: int) -> bytes:
    return random.Random(0).randbytes(count)


GOOD: dict[str, Good] = {
    "gray.png": Good(encoded(gray(), "PNG")),
    "gray.bmp": Good(encoded(gray(), "BMP")),
    "gray.tiff": Good(encoded(gray(), "TIFF")),
    "gray.gif": Good(encoded(gray(), "GIF")),
    "gray.webp": Good(encoded(gray(), "WEBP", lossless=True)),
    "gray.jpg": Good(encoded(gray(), "JPEG", quality=95), 8),
    "color.png": Good(encoded(gray().convert("RGB"), "PNG")),
    "color.jpg": Good(encoded(gray().convert("RGB"), "JPEG", quality=95), 8),
    "progressive.jpg": Good(encoded(gray(), "JPEG", quality=95, progressive=True), 8),
    "a PNG by content.jpg": Good(encoded(gray(), "PNG")),
    "no name at all": Good(encoded(gray(), "PNG")),
    "16 bits.png": Good(encoded(sixteen_bits(), "PNG"), 1),
    "16 bits.tiff": Good(encoded(sixteen_bits(), "TIFF"), 1),
    "palette.png": Good(encoded(gray().quantize(256), "PNG")),
    "cmyk.jpg": Good(encoded(gray().convert("RGB").convert("CMYK"), "JPEG", quality=95), 8),
    "opaque.png": Good(encoded(gray().convert("RGBA"), "PNG")),
    "interlaced.png": Good(encoded(gray(), "PNG", interlace=1)),
    "animated.gif": Good(animated("GIF")),
    "animated.webp": Good(animated("WEBP")),
    "animated.png": Good(animated("PNG")),
    "large.png": Good(encoded(large(), "PNG"), 1),
    "large.jpg": Good(encoded(large("RGB"), "JPEG", quality=95), 8),
    **{f"orientation {n}.png": Good(turned(n)) for n in range(1, 9)},
}

BAD: dict[str, Bad] = {
    "empty.png": Bad(b"", "empty"),
    "text.png": Bad(b"This is not an image.\n" * 40, "not_an_image"),
    "noise.jpg": Bad(noise(5000), "not_an_image"),
    "page.html": Bad(b"<!doctype html><title>403</title>", "not_an_image"),
    "drawing.svg": Bad(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image"),
    "truncated.png": Bad(encoded(large(), "PNG")[:1000], "broken_image"),
    "truncated.jpg": Bad(encoded(large("RGB"), "JPEG")[:9000], "broken_image"),
    "header alone.png": Bad(encoded(gray(), "PNG")[:60], "broken_image"),
    "one pixel.png": Bad(encoded(Image.new("L", (1, 1)), "PNG"), "too_small"),
    "line.png": Bad(encoded(Image.new("L", (1, 30000)), "PNG"), "too_small"),
    "bomb.png": Bad(png_of_size(30_000, 30_000), "too_many_pixels"),
    "small bomb.png": Bad(png_of_size(9_000, 9_000), "too_many_pixels"),
    "float.tiff": Bad(encoded(gray().convert("F"), "TIFF"), "unsupported_pixels"),
}
