"""The largest images that are accepted, for each decoder."""

import zlib

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.oversized import LARGEST, LARGEST_COSTLY, tiff_of_size
from tests.corpus.pictures import LOSSY, Bad, Files, Good, encoded, flat
from tests.corpus.written import chunk


def noise(*shape: int) -> np.ndarray:
    """Random pixels. A square is repeated, because random numbers for all pixels would take long."""
    tile = np.random.default_rng(0).integers(0, 256, (700, 700, *shape[2:]), np.uint8)
    repeats = (shape[0] // 700 + 1, shape[1] // 700 + 1, *[1] * (len(shape) - 2))
    return np.tile(tile, repeats)[: shape[0], : shape[1]]


def turned_tiff() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGBA", (LARGEST_COSTLY, LARGEST_COSTLY), (99, 99, 99, 255))
    return encoded(image, "TIFF", compression="tiff_adobe_deflate", exif=exif)


LARGEST_FILES: Files = {
    "largest.png": lambda: Good(
        encoded(Image.new("RGBA", (LARGEST, LARGEST), (9, 9, 9, 255)), "PNG", compress_level=1), 1, flat(9)
    ),
    "largest, 16 bits.png": lambda: Good(
        encoded(Image.new("I;16", (LARGEST, LARGEST), 99 * 257), "PNG", compress_level=1), 1, flat(99)
    ),
    "largest, palette.png": lambda: Good(
        encoded(Image.new("P", (LARGEST, LARGEST)), "PNG", compress_level=1), 1, flat(0)
    ),
    "largest, progressive.jpg": lambda: Good(
        encoded(Image.new("RGB", (LARGEST, LARGEST), (99, 99, 99)), "JPEG", progressive=True, subsampling=0),
        1,
        flat(99),
    ),
    "largest, noise.jpg": lambda: Good(
        encoded(Image.fromarray(noise(LARGEST, LARGEST, 3)), "JPEG", quality=10, progressive=True, subsampling=0),
        LOSSY,
        flat(127),
    ),
    "largest, narrow.jpg": lambda: Good(
        encoded(Image.new("RGB", (763, 65500), (99, 99, 99)), "JPEG", subsampling=0), 1, flat(99)
    ),
    "largest, narrow, progressive.jpg": lambda: Good(
        encoded(Image.new("RGB", (895, 22300), (99, 99, 99)), "JPEG", progressive=True, subsampling=0), 1, flat(99)
    ),
    "largest, narrow.png": lambda: Good(
        encoded(Image.new("RGBA", (400, 124_900), (9, 9, 9, 255)), "PNG", compress_level=1), 1, flat(9)
    ),
    "largest.gif": lambda: Good(encoded(Image.new("L", (LARGEST, LARGEST), 99), "GIF"), 0, flat(99)),
    "largest, 1 bit.bmp": lambda: Good(encoded(Image.new("1", (LARGEST, LARGEST), 1), "BMP"), 0, flat(255)),
    "largest, lossless.webp": lambda: Good(
        encoded(
            Image.new("RGBA", (LARGEST_COSTLY, LARGEST_COSTLY), (99, 99, 99, 255)),
            "WEBP",
            lossless=True,
            quality=0,
            method=0,
        ),
        1,
        flat(99),
    ),
    "largest, lossy.webp": lambda: Good(
        encoded(Image.fromarray(noise(LARGEST_COSTLY, LARGEST_COSTLY, 3)), "WEBP", quality=20, method=0),
        LOSSY,
        flat(127),
    ),
    "largest, 16 bits of four.tiff": lambda: Bad(tiff_of_size(LARGEST_COSTLY, LARGEST_COSTLY, 4, 16), "transparent"),
    "largest, cmyk.tiff": lambda: Good(
        encoded(Image.new("CMYK", (LARGEST_COSTLY, LARGEST_COSTLY)), "TIFF", compression="tiff_lzw"), 0, flat(255)
    ),
    "largest, turned.tiff": lambda: Good(turned_tiff(), 0, flat(99)),
    "largest, cmyk, progressive.jpg": lambda: Good(
        encoded(Image.new("CMYK", (LARGEST_COSTLY, LARGEST_COSTLY)), "JPEG", progressive=True, quality=90), 1, flat(255)
    ),
    "largest, 16 bits of color.png": lambda: Bad(
        written.png_header(LARGEST_COSTLY, LARGEST_COSTLY, 16, 6)
        + chunk(b"IDAT", zlib.compress((b"\4" + bytes(LARGEST_COSTLY * 8)) * LARGEST_COSTLY, 1))
        + chunk(b"IEND"),
        "transparent",
    ),
}
