"""Files of every accepted format, in every orientation and many sizes, and files of other formats."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.jpeg import JPEG_FILES
from tests.corpus.pictures import (
    LOSSY,
    SIZE,
    Bad,
    Files,
    Good,
    color_image,
    encoded,
    flat,
    gray,
    reference,
)
from tests.corpus.png import PNG_FILES
from tests.corpus.tiff import TIFF_FILES, tiff_of
from tests.corpus.webp_gif_bmp import BMP_FILES, GIF_FILES, WEBP_FILES

TURNS: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


def turned(orientation: int, kind: str = "PNG", big_endian: bool = False, **options: Any) -> bytes:
    """The reference, rotated or mirrored. The EXIF orientation undoes this."""
    exif = Image.Exif()
    exif.endian = ">" if big_endian else "<"
    exif[0x0112] = orientation
    return encoded(TURNS[orientation](gray()), kind, exif=exif, **options)


def turned_by_xmp(orientation: int) -> bytes:
    xmp = f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'
    text = written.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp.encode())
    return written.png(np.asarray(TURNS[orientation](gray())), before=text)


def turned_by_text(orientation: int) -> bytes:
    """EXIF in a text chunk, as ImageMagick writes it: in hexadecimal, after a name and a length."""
    exif = b"Exif\0\0" + written.exif((0x0112, written.SHORT, 1, orientation))
    text = written.chunk(b"tEXt", f"Raw profile type exif\0\nexif\n{len(exif):8}\n{exif.hex()}\n".encode())
    return written.png(np.asarray(TURNS[orientation](gray())), before=text)


ORIENTATIONS: Files = {
    **{f"orientation {n}.png": partial(lambda n: Good(turned(n)), n) for n in range(1, 9)},
    **{
        f"orientation {n}, most significant first.png": partial(lambda n: Good(turned(n, big_endian=True)), n)
        for n in range(1, 9)
    },
    **{f"orientation {n}.jpg": partial(lambda n: Good(turned(n, "JPEG", quality=95), LOSSY), n) for n in range(1, 9)},
    **{f"orientation {n}.webp": partial(lambda n: Good(turned(n, "WEBP", lossless=True)), n) for n in range(1, 9)},
    **{f"orientation {n}.tiff": partial(lambda n: Good(turned(n, "TIFF")), n) for n in range(1, 9)},
    **{
        f"orientation {n}, lzw.tiff": partial(lambda n: Good(turned(n, "TIFF", compression="tiff_lzw")), n)
        for n in range(1, 9)
    },
    **{f"orientation {n} in XMP.png": partial(lambda n: Good(turned_by_xmp(n)), n) for n in range(1, 9)},
    **{f"orientation {n} in a text.png": partial(lambda n: Good(turned_by_text(n)), n) for n in range(1, 9)},
}


SIZES: Files = {
    **{
        f"{width}x{height}.{kind.lower()}": partial(
            lambda width, height, kind: Bad(encoded(Image.new("L", (width, height), 99), kind), "too_small"),
            width,
            height,
            kind,
        )
        for width, height in ((1, 1), (1, 30000), (30000, 1), (15, 16), (48, 15))
        for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
        if kind != "WEBP" or width + height < 16384
    },
    **{
        f"{width}x{height}.{kind.lower()}": partial(
            lambda width, height, kind: Good(encoded(Image.new("L", (width, height), 99), kind), 1, flat(99)),
            width,
            height,
            kind,
        )
        for width, height in ((16, 16), (16, 30000), (30000, 16), (47, 49), (1001, 999))
        for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF")
    },
}


NOT_ACCEPTED: Files = {
    **{
        f"32-bit {name}.tiff": partial(
            lambda picture, form: Bad(tiff_of(picture, 32, 1, (339, written.SHORT, 1, form)), "unsupported_pixels"),
            picture,
            form,
        )
        for name, picture, form in (
            ("float", reference().astype("<f4") / 255, 3),
            ("float beyond one", reference().astype("<f4") * 1e30, 3),
            ("float that is no number", np.full((SIZE, SIZE), np.nan, "<f4"), 3),
            ("integer", reference().astype("<i4"), 2),
            ("unsigned integer", reference().astype("<u4"), 1),
        )
    },
    "32-bit float, lzw.tiff": lambda: Bad(
        encoded(gray().convert("F"), "TIFF", compression="tiff_lzw"), "unsupported_pixels"
    ),
    "64-bit float.tiff": lambda: Bad(
        tiff_of(reference().astype("<f8"), 64, 1, (339, written.SHORT, 1, 3)), "broken_image"
    ),
    **{
        f"another kind.{kind.lower()}": partial(lambda kind: Bad(encoded(color_image(), kind), "not_an_image"), kind)
        for kind in ("PPM", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "EPS", "DDS", "AVIF", "QOI")
    },
    "picture of Apple's.heic": lambda: Bad(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(999), "not_an_image"),
    "drawing.svg": lambda: Bad(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image"),
    "page.html": lambda: Bad(b"<!doctype html><title>403</title>", "not_an_image"),
    "text.png": lambda: Bad(b"This is not an image.\n" * 40, "not_an_image"),
    "empty.png": lambda: Bad(b"", "empty"),
    "zeros.png": lambda: Bad(bytes(5000), "not_an_image"),
}


KINDS: Files = {
    **PNG_FILES,
    **JPEG_FILES,
    **TIFF_FILES,
    **WEBP_FILES,
    **GIF_FILES,
    **BMP_FILES,
    **ORIENTATIONS,
    **SIZES,
    **NOT_ACCEPTED,
}
