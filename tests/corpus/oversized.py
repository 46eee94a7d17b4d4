"""Files whose headers promise more pixels than are accepted, or none."""

import struct
import zlib
from functools import partial

from PIL import Image

from tests.corpus import written
from tests.corpus.pictures import SIZE, Bad, Files, encoded, gray, reference
from tests.corpus.written import SHORT, chunk

LARGEST = 7071  # side of a square with 50 million pixels, the most that are accepted
LARGEST_COSTLY = 4472  # side of a square with 20 million pixels, the most for formats that need more memory


def png_of_size(width: int, height: int) -> bytes:
    """A PNG with a size in its header, and a few kilobytes of compressed black as its data."""
    rows = zlib.compress(bytes(min((width + 1) * height, 5_000_000)), 9)
    return written.png_header(width, height) + chunk(b"IDAT", rows) + chunk(b"IEND")


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(encoded(gray(), "JPEG", quality=95))
    frame = data.index(b"\xff\xc0") + 5
    data[frame : frame + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of_size(width: int, height: int) -> bytes:
    """A WebP with a canvas of this size, and a frame of 48x48 on it."""
    pixels = encoded(gray(), "WEBP", lossless=True)[12:]
    canvas = struct.pack("<I", 2) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = bytes(6) + (SIZE - 1).to_bytes(3, "little") * 2 + bytes(4) + pixels
    return written.riff((b"VP8X", canvas), (b"ANIM", bytes(6)), (b"ANMF", frame))


def tiff_of_size(width: int, height: int, samples: int = 1, bits: int = 8) -> bytes:
    """A TIFF with one strip of deflated black."""
    row = bytes(width * samples * bits // 8)
    packed = zlib.compressobj(1)
    data = b"".join([packed.compress(row) for _ in range(min(height, 10_000))]) + packed.flush()
    kind = {1: 1, 3: 2, 4: 2}[samples]
    more = [(338, SHORT, 1, 2)] if samples == 4 else []
    return written.tiff(written.tags(width, height, len(data), bits, kind, samples, 8, *more), data)


OVERSIZED: Files = {
    **{
        f"{width}x{height}.png": partial(
            lambda width, height: Bad(png_of_size(width, height), "too_many_pixels"), width, height
        )
        for width, height in (
            (30_000, 30_000),
            (60_000, 60_000),
            (2**31 - 1, 2**31 - 1),
            (16, 3_200_000),
        )
    },
    "small bomb.png": lambda: Bad(png_of_size(9_000, 9_000), "too_many_pixels"),
    "more than a PNG may have.png": lambda: Bad(png_of_size(2**32 - 1, 2**32 - 1), "too_many_pixels"),
    "no width.png": lambda: Bad(png_of_size(0, 48), "broken_image"),
    "65500x65500.jpg": lambda: Bad(jpeg_of_size(65500, 65500), "too_many_pixels"),
    "7072x7072.jpg": lambda: Bad(jpeg_of_size(7072, 7072), "too_many_pixels"),
    "no height.jpg": lambda: Bad(jpeg_of_size(48, 0), "broken_image"),
    "16383x16383.webp": lambda: Bad(webp_of_size(16383, 16383), "too_many_pixels"),
    "7000x7000.webp": lambda: Bad(webp_of_size(7000, 7000), "too_many_pixels"),
    "16777216x16777216.webp": lambda: Bad(webp_of_size(1 << 24, 1 << 24), "too_many_pixels"),
    "65535x65535.gif": lambda: Bad(written.gif(65535, 65535, written.gif_frame(reference())), "too_many_pixels"),
    "a frame far beyond its screen.gif": lambda: Bad(
        written.gif(SIZE, SIZE, written.gif_frame(reference(), 65_000, 65_000)), "too_many_pixels"
    ),
    "2147483647x2147483647.bmp": lambda: Bad(written.bmp(2**31 - 1, 2**31 - 1, 8, b""), "too_many_pixels"),
    "negative height.bmp": lambda: Bad(written.bmp(60_000, -60_000, 24, bytes(99)), "too_many_pixels"),
    "negative width.bmp": lambda: Bad(written.bmp(-48, 48, 24, bytes(9999)), "too_many_pixels"),
    "1x4294967295.tiff": lambda: Bad(tiff_of_size(1, 2**32 - 1), "too_many_pixels"),
    "60000x60000.tiff": lambda: Bad(tiff_of_size(60_000, 60_000), "too_many_pixels"),
    "7071x7071, 16 bits of four.tiff": lambda: Bad(tiff_of_size(LARGEST, LARGEST, 4, 16), "too_many_pixels"),
    "7071x7071, cmyk, progressive.jpg": lambda: Bad(
        encoded(Image.new("CMYK", (LARGEST, LARGEST)), "JPEG", progressive=True, quality=1), "too_many_pixels"
    ),
    "763x65500, progressive.jpg": lambda: Bad(
        encoded(Image.new("RGB", (763, 65500)), "JPEG", progressive=True, quality=1), "too_many_pixels"
    ),
    "7071x7071, 16 bits of color.png": lambda: Bad(
        written.png_header(LARGEST, LARGEST, 16, 6) + chunk(b"IDAT", written.endless()), "too_many_pixels"
    ),
}
