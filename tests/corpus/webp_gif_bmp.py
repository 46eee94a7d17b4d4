"""WebP, GIF and BMP files of every kind that show a picture."""

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.pictures import (
    LOSSY,
    SIZE,
    Bad,
    Files,
    Good,
    animated,
    color_image,
    colored,
    encoded,
    fading,
    flat,
    gray,
    large,
    levels,
    on_gray,
    profile,
    reference,
    to_8_bits,
    with_alpha,
)
from tests.corpus.png import transparent_level


def bmp_run_length_encoded() -> bytes:
    """Run-length encoded and literal rows in turn, with ends of lines and the end of the bitmap."""
    rows = []
    for number, row in enumerate(reference()[::-1].tolist()):
        if number % 2:
            rows.append(bytes([0, SIZE, *row]))
        else:
            rows.append(b"".join(bytes([1, level]) for level in row))
    return written.bmp(SIZE, SIZE, 8, b"\0\0".join(rows) + b"\0\1", 1, written.gray_palette(256))


def bmp_run_length_encoded_in_four_bits() -> bytes:
    rows = [b"".join(bytes([1, level << 4]) for level in row) for row in levels(4)[::-1].tolist()]
    palette = b"".join(bytes([level * 17] * 3 + [0]) for level in range(15)) + b"\xff\xff\xff\0"
    return written.bmp(SIZE, SIZE, 4, b"\0\0".join(rows) + b"\0\1", 2, palette)


def sixteen_bit_bmp(green_bits: int) -> bytes:
    """Five bits of red and blue, and five or six of green."""
    red, green = levels(5).astype(np.uint16), levels(green_bits).astype(np.uint16)
    pixels = red << (5 + green_bits) | green << 5 | red
    masks = np.array([0x1F << (5 + green_bits), ((1 << green_bits) - 1) << 5, 0x1F], "<u4").tobytes()
    return written.bmp(SIZE, SIZE, 16, pixels[::-1].astype("<u2").tobytes(), 3, masks=masks)


def few_bits(green_bits: int) -> np.ndarray:
    """The face of a `sixteen_bit_bmp`."""
    red, green = to_8_bits(levels(5), 5), to_8_bits(levels(green_bits), green_bits)
    return np.rint(red * (0.299 + 0.114) + green * 0.587).astype(np.uint8)


def old_bmp() -> bytes:
    """A BMP of OS/2, whose header has 12 bytes."""
    palette = b"".join(bytes([level] * 3) for level in range(256))
    header = (12).to_bytes(4, "little") + b"".join(n.to_bytes(2, "little") for n in (SIZE, SIZE, 1, 8))
    offset = 14 + len(header) + len(palette)
    data = written.rows_of_bmp(reference())
    head = b"BM" + (offset + len(data)).to_bytes(4, "little") + bytes(4) + offset.to_bytes(4, "little")
    return head + header + palette + data


def bmp_with_alpha(alpha: np.ndarray, masks: tuple[int, ...] = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)) -> bytes:
    pixels = np.dstack([reference()] * 3 + [alpha])
    header = b"".join(
        [
            np.array([56], "<u4").tobytes(),
            np.array([SIZE, SIZE], "<i4").tobytes(),
            np.array([1, 32], "<u2").tobytes(),
            np.array([3, 0, 1, 1, 0, 0], "<u4").tobytes(),
            np.array(masks, "<u4").tobytes(),
        ]
    )
    offset = 14 + len(header)
    data = pixels[::-1].tobytes()
    head = b"BM" + (offset + len(data)).to_bytes(4, "little") + bytes(4) + offset.to_bytes(4, "little")
    return head + header + data


def wide_bmp() -> bytes:
    """A BMP with an alpha channel whose central square is transparent. The left and right sides are opaque."""
    alpha = np.pad(flat(0), ((0, 0), (SIZE, SIZE)), constant_values=255)
    pixels = np.dstack([np.tile(reference(), 3)] * 3 + [alpha])
    return written.bmp(3 * SIZE, SIZE, 32, pixels[::-1].tobytes(), compression=3, masks=bytes(12))


def small_frame() -> bytes:
    """A GIF whose frame is smaller than its screen. The rest of the screen is black."""
    frame = reference()[8:40, 8:40]
    return written.gif(SIZE, SIZE, written.gif_frame(frame, 8, 8))


def framed() -> np.ndarray:
    picture = flat(0)
    picture[8:40, 8:40] = reference()[8:40, 8:40]
    return picture


WEBP_FILES: Files = {
    "gray.webp": lambda: Good(encoded(gray(), "WEBP", lossless=True)),
    "colors.webp": lambda: colored(encoded(color_image(), "WEBP", lossless=True)),
    "lossy.webp": lambda: colored(encoded(color_image(), "WEBP", quality=95), LOSSY),
    "fading.webp": lambda: Good(
        encoded(Image.fromarray(np.dstack([reference()] * 3 + [fading()])), "WEBP", lossless=True, exact=True),
        1,
        on_gray(reference(), fading()),
    ),
    "fading, lossy.webp": lambda: Good(
        encoded(Image.fromarray(np.dstack([reference()] * 3 + [fading()])), "WEBP", quality=95, exact=True),
        LOSSY,
        on_gray(reference(), fading()),
    ),
    "transparent.webp": lambda: Bad(
        encoded(Image.fromarray(with_alpha(np.dstack([reference()] * 3), flat(0))), "WEBP", lossless=True, exact=True),
        "transparent",
    ),
    "animated.webp": lambda: Good(animated("WEBP")),
    "with a profile.webp": lambda: Good(encoded(gray(), "WEBP", lossless=True, icc_profile=profile())),
    "large.webp": lambda: Good(encoded(large(), "WEBP", lossless=True), 1),
}


GIF_FILES: Files = {
    "gray.gif": lambda: Good(encoded(gray(), "GIF")),
    "animated.gif": lambda: Good(animated("GIF")),
    "without a palette.gif": lambda: Good(written.gif(SIZE, SIZE, written.gif_frame(reference()))),
    "with a palette.gif": lambda: Good(
        written.gif(SIZE, SIZE, written.gif_frame(255 - reference()), palette=written.gray_colors())
    ),
    "with a frame's palette.gif": lambda: Good(
        written.gif(SIZE, SIZE, written.gif_frame(255 - reference(), palette=written.gray_colors()))
    ),
    "interlaced.gif": lambda: Good(written.gif(SIZE, SIZE, written.gif_frame(reference(), interlaced=True))),
    "of 1987.gif": lambda: Good(
        written.gif(SIZE, SIZE, written.gif_frame(reference())).replace(b"GIF89a", b"GIF87a", 1)
    ),
    "with a transparent color.gif": lambda: Good(
        written.gif(
            SIZE,
            SIZE,
            b"!\xf9\x04\x01\0\0" + bytes([255 - int(reference()[0, 0])]) + b"\0",
            written.gif_frame(255 - reference(), palette=written.gray_colors()),
        ),
        0,
        transparent_level()[1],
    ),
    "transparent.gif": lambda: Bad(
        written.gif(SIZE, SIZE, b"!\xf9\x04\x01\0\0\x09\0", written.gif_frame(flat(9)), written.gif_frame(reference())),
        "transparent",
    ),
    "with comments.gif": lambda: Good(
        written.gif(
            SIZE, SIZE, b"!\xfe\x03abc\x02de\0", b"!\xff\x0bNETSCAPE2.0\x03\1\0\0\0", written.gif_frame(reference())
        )
    ),
    "a frame smaller than its screen.gif": lambda: Good(small_frame(), 0, framed()),
    "a frame larger than its screen.gif": lambda: Good(written.gif(9, 9, written.gif_frame(reference()))),
    "without an end.gif": lambda: Good(written.gif(SIZE, SIZE, written.gif_frame(reference()))[:-1]),
}


BMP_FILES: Files = {
    "gray.bmp": lambda: Good(encoded(gray(), "BMP")),
    "colors.bmp": lambda: colored(encoded(color_image(), "BMP")),
    "from the top.bmp": lambda: Good(
        written.bmp(SIZE, -SIZE, 8, written.rows_of_bmp(reference(), True), palette=written.gray_palette(256))
    ),
    "palette.bmp": lambda: Good(
        written.bmp(SIZE, SIZE, 8, written.rows_of_bmp(reference()), palette=written.gray_palette(256))
    ),
    "4 bits.bmp": lambda: Good(
        written.bmp(
            SIZE,
            SIZE,
            4,
            written.rows_of_bmp(levels(4)[:, ::2] << 4 | levels(4)[:, 1::2]),
            palette=b"".join(bytes([level * 17] * 3 + [0]) for level in range(16)),
        ),
        0,
        to_8_bits(levels(4), 4),
    ),
    "1 bit.bmp": lambda: Good(
        written.bmp(
            SIZE, SIZE, 1, written.rows_of_bmp(np.packbits(levels(1), axis=1)), palette=b"\0\0\0\0\xff\xff\xff\0"
        ),
        0,
        to_8_bits(levels(1), 1),
    ),
    "16 bits, 5-5-5.bmp": lambda: Good(sixteen_bit_bmp(5), 1, few_bits(5)),
    "16 bits, 5-6-5.bmp": lambda: Good(sixteen_bit_bmp(6), 1, few_bits(6)),
    "32 bits.bmp": lambda: Good(written.bmp(SIZE, SIZE, 32, np.dstack([reference()] * 3 + [flat(0)])[::-1].tobytes())),
    "with alpha.bmp": lambda: Good(bmp_with_alpha(fading()), 1, on_gray(reference(), fading())),
    "with an alpha channel of 0.bmp": lambda: Good(bmp_with_alpha(flat(0))),
    "with an alpha channel of 0 and masks of 0.bmp": lambda: Good(bmp_with_alpha(flat(0), (0, 0, 0, 0))),
    "with masks of 0, of version 3.bmp": lambda: Good(
        written.bmp(
            SIZE, SIZE, 32, np.dstack([reference()] * 3 + [flat(0)])[::-1].tobytes(), compression=3, masks=bytes(12)
        )
    ),
    "with alpha, transparent in the middle.bmp": lambda: Bad(wide_bmp(), "transparent"),
    "of OS2.bmp": lambda: Good(old_bmp()),
    "run-length encoded.bmp": lambda: Good(bmp_run_length_encoded()),
    "run-length encoded, 4 bits.bmp": lambda: Good(bmp_run_length_encoded_in_four_bits(), 0, to_8_bits(levels(4), 4)),
}
