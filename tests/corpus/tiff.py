"""TIFF files of every kind that show a picture."""

import zlib
from functools import partial

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.pictures import (
    COLOR_SIZE,
    LOSSY,
    SIZE,
    Bad,
    Files,
    Good,
    animated,
    cmyk,
    color_image,
    colored,
    colors,
    encoded,
    fading,
    flat,
    gray,
    inks,
    levels,
    on_gray,
    printed,
    reference,
    sixteen_bits,
    to_8_bits,
    to_16_bits,
    with_alpha,
)


def tiff_of(pixels: np.ndarray, bits: int, photometric: int, *more: written.Tag, compression: int = 1) -> bytes:
    """pixels: [height, width] or [height, width, samples], little-endian."""
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.tobytes()
    height, width = pixels.shape[:2]
    listed = written.tags(width, height, len(data), bits, photometric, samples, compression, *more)
    return written.tiff(listed, data)


def from_8_bits(picture: np.ndarray, bits: int) -> np.ndarray:
    """Scales levels from 0 to 255 to the range of so many bits."""
    return np.rint(picture * (((1 << bits) - 1) / 255)).astype("<u2")


def packed_12_bits() -> bytes:
    """The reference with two pixels in three bytes, the highest bits first."""
    left, right = from_8_bits(reference(), 12)[:, ::2], from_8_bits(reference(), 12)[:, 1::2]
    return np.stack([left >> 4, (left & 15) << 4 | right >> 8, right & 255], axis=-1).astype(np.uint8).tobytes()


def twelve_bits(compression: int = 1) -> bytes:
    """compression: 1 for none, 8 for deflate."""
    data = packed_12_bits() if compression == 1 else zlib.compress(packed_12_bits())
    return written.tiff(written.tags(SIZE, SIZE, len(data), 12, 1, 1, compression), data)


def tiff_in_strips() -> bytes:
    data = reference().tobytes()
    offsets = np.arange(8, 8 + len(data), SIZE).astype("<u4").tobytes()
    lengths = np.full(SIZE, SIZE, "<u4").tobytes()
    more: list[written.Tag] = [
        (273, written.LONG, SIZE, offsets),
        (278, written.LONG, 1, 1),
        (279, written.LONG, SIZE, lengths),
    ]
    return written.tiff(written.tags(SIZE, SIZE, 0, 8, 1, 1, 1, *more), data)


def tiff_in_tiles() -> bytes:
    """Nine tiles of 16x16."""
    picture = reference()
    tiles = [picture[row : row + 16, column : column + 16] for row in (0, 16, 32) for column in (0, 16, 32)]
    data = b"".join(tile.tobytes() for tile in tiles)
    offsets = np.arange(8, 8 + len(data), 256).astype("<u4").tobytes()
    lengths = np.full(9, 256, "<u4").tobytes()
    listed = [tag for tag in written.tags(SIZE, SIZE, 0) if tag[0] not in (273, 278, 279)]
    listed += [(322, written.SHORT, 1, 16), (323, written.SHORT, 1, 16)]
    return written.tiff([*listed, (324, written.LONG, 9, offsets), (325, written.LONG, 9, lengths)], data)


def tiff_in_planes() -> bytes:
    """Red, green and blue one after another."""
    planes = [colors()[..., channel].tobytes() for channel in range(3)]
    offsets = np.array([8 + len(planes[0]) * n for n in range(3)], "<u4").tobytes()
    lengths = np.full(3, len(planes[0]), "<u4").tobytes()
    more: list[written.Tag] = [
        (273, written.LONG, 3, offsets),
        (279, written.LONG, 3, lengths),
        (284, written.SHORT, 1, 2),
    ]
    return written.tiff(written.tags(COLOR_SIZE, COLOR_SIZE, 0, 8, 2, 3, 1, *more), b"".join(planes))


# The size tags of an image with several pixels per byte, whose array is narrower than the image.
SQUARE: tuple[written.Tag, ...] = ((256, written.LONG, 1, SIZE), (257, written.LONG, 1, SIZE))


TIFF_FILES: Files = {
    "gray.tiff": lambda: Good(encoded(gray(), "TIFF")),
    "16 bits.tiff": lambda: Good(encoded(sixteen_bits(), "TIFF"), 1),
    "16 bits, most significant first.tiff": lambda: Good(
        written.tiff(
            written.tags(SIZE, SIZE, 2 * SIZE * SIZE, 16), to_16_bits(reference()).astype(">u2").tobytes(), True
        ),
        1,
    ),
    "white is zero.tiff": lambda: Good(tiff_of(255 - reference(), 8, 0)),
    "white is zero, 16 bits.tiff": lambda: Good(tiff_of(to_16_bits(255 - reference()), 16, 0), 1),
    "white is zero, 1 bit.tiff": lambda: Good(
        tiff_of(np.packbits(1 - levels(1), axis=1), 1, 0, *SQUARE), 0, to_8_bits(levels(1), 1)
    ),
    "1 bit.tiff": lambda: Good(tiff_of(np.packbits(levels(1), axis=1), 1, 1, *SQUARE), 0, to_8_bits(levels(1), 1)),
    "colors.tiff": lambda: colored(tiff_of(colors(), 8, 2)),
    "colors in planes.tiff": lambda: colored(tiff_in_planes()),
    "16 bits of color.tiff": lambda: colored(tiff_of(to_16_bits(colors()), 16, 2)),
    "cmyk.tiff": lambda: colored(cmyk("TIFF"), 1, printed(inks())),
    "cmyk, lzw.tiff": lambda: colored(cmyk("TIFF", compression="tiff_lzw"), 1, printed(inks())),
    "ycbcr.tiff": lambda: colored(encoded(color_image().convert("YCbCr"), "TIFF", compression="jpeg"), LOSSY),
    "lab.tiff": lambda: Good(tiff_of(np.dstack([reference(), flat(0), flat(0)]), 8, 8)),
    "palette.tiff": lambda: Good(encoded(gray().quantize(256), "TIFF")),
    "fading.tiff": lambda: Good(
        tiff_of(np.dstack([reference()] * 3 + [fading()]), 8, 2, (338, written.SHORT, 1, 2)),
        1,
        on_gray(reference(), fading()),
    ),
    "fading gray.tiff": lambda: Good(
        tiff_of(with_alpha(reference(), fading()), 8, 1, (338, written.SHORT, 1, 2)), 1, on_gray(reference(), fading())
    ),
    "transparent.tiff": lambda: Bad(
        tiff_of(np.dstack([reference()] * 3 + [flat(0)]), 8, 2, (338, written.SHORT, 1, 2)), "transparent"
    ),
    "four samples without a meaning, the fourth is 0.tiff": lambda: Good(
        tiff_of(np.dstack([reference()] * 3 + [flat(0)]), 8, 2)
    ),
    "four samples of 16 bits without a meaning, the fourth is 0.tiff": lambda: Good(
        tiff_of(to_16_bits(np.dstack([reference()] * 3 + [flat(0)])), 16, 2), 1
    ),
    "four samples of CorelDraw, the fourth is 0.tiff": lambda: Good(
        tiff_of(np.dstack([reference()] * 3 + [flat(0)]), 8, 2, (338, written.SHORT, 1, 999))
    ),
    "four samples without a meaning, fading.tiff": lambda: Good(
        tiff_of(np.dstack([reference()] * 3 + [fading()]), 8, 2), 1, on_gray(reference(), fading())
    ),
    "12 bits.tiff": lambda: Good(twelve_bits(), 1),
    "12 bits, deflated.tiff": lambda: Good(twelve_bits(8), 1),
    **{
        f"{bits} bits in 16, stated in {tag}.tiff": partial(
            lambda bits, tag: Good(
                tiff_of(from_8_bits(reference(), bits), 16, 1, (tag, written.SHORT, 1, (1 << bits) - 1)), 1
            ),
            bits,
            tag,
        )
        for bits in (10, 12, 14)
        for tag in (281, 341)
    },
    "12 bits in 16, white is zero.tiff": lambda: Good(
        tiff_of(from_8_bits(255 - reference(), 12), 16, 0, (281, written.SHORT, 1, 4095)), 1
    ),
    "16 bits with another maximum.tiff": lambda: Good(
        tiff_of(to_16_bits(reference()), 16, 1, (281, written.SHORT, 1, 60000)), 1
    ),
    "12 bits of color in 16.tiff": lambda: Bad(
        tiff_of(from_8_bits(colors(), 12), 16, 2, (281, written.SHORT, 1, 4095)), "unsupported_pixels"
    ),
    "premultiplied.tiff": lambda: Good(
        tiff_of(
            np.dstack([np.rint(reference() * (fading() / 255.0)).astype(np.uint8)] * 3 + [fading()]),
            8,
            2,
            (338, written.SHORT, 1, 1),
        ),
        2,
        on_gray(reference(), fading()),
    ),
    "in strips.tiff": lambda: Good(tiff_in_strips()),
    "in tiles.tiff": lambda: Good(tiff_in_tiles()),
    "with 8-byte offsets.tiff": lambda: Good(encoded(gray(), "TIFF", big_tiff=True)),
    "several pages.tiff": lambda: Good(animated("TIFF")),
    "several pages, lzw.tiff": lambda: Good(
        encoded(gray(), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))], compression="tiff_lzw")
    ),
    "differences of neighbors.tiff": lambda: Good(encoded(gray(), "TIFF", compression="tiff_lzw", tiffinfo={317: 2})),
    "a directory that is its own next one.tiff": lambda: Good(
        written.tiff(written.tags(SIZE, SIZE, SIZE * SIZE), reference().tobytes(), next_directory=8 + SIZE * SIZE)
    ),
    "jpeg.tiff": lambda: Good(encoded(gray(), "TIFF", compression="jpeg", quality=95), LOSSY),
    **{
        f"{name}.tiff": partial(lambda name: Good(encoded(gray(), "TIFF", compression=name)), name)
        for name in ("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "lzma")
    },
    **{
        f"{name}, 1 bit.tiff": partial(
            lambda name: Good(
                encoded(Image.fromarray(to_8_bits(levels(1), 1)).convert("1"), "TIFF", compression=name),
                0,
                to_8_bits(levels(1), 1),
            ),
            name,
        )
        for name in ("group3", "group4", "tiff_ccitt")
    },
}
