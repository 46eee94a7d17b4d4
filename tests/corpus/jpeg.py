"""JPEG files of every kind that show a picture."""

from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from tests.corpus import written
from tests.corpus.pictures import (
    COLOR_SIZE,
    LOSSY,
    SIZE,
    Files,
    Good,
    cmyk,
    color_image,
    colored,
    encoded,
    gray,
    inks,
    large,
    printed,
    profile,
)


def ycck() -> bytes:
    """A JPEG as Adobe's programs write it: inverted CMYK, with its first three channels as YCbCr, and a marker for it.

    Pillow inverts CMYK when it writes it, so it gets the inverse of the values in the file.
    """
    ink = inks()
    ycc = np.asarray(Image.fromarray(ink[..., :3]).convert("YCbCr"))
    stored = np.dstack([255 - ycc, ink[..., 3]])
    data = bytearray(encoded(Image.frombytes("CMYK", (COLOR_SIZE, COLOR_SIZE), stored.tobytes()), "JPEG", quality=97))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def multi_picture() -> bytes:
    """A JPEG with a second one after it, as phones write them."""
    return encoded(gray(), "MPO", save_all=True, append_images=[Image.new("L", (SIZE, SIZE), 9)], quality=95)


def pixels_jpeg(**options: Any) -> bytes:
    return encoded(color_image(), "JPEG", quality=95, **options)


JPEG_FILES: Files = {
    "gray.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95), LOSSY),
    "color.jpg": lambda: Good(encoded(gray().convert("RGB"), "JPEG", quality=95), LOSSY),
    "progressive.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95, progressive=True), LOSSY),
    "large.jpg": lambda: Good(encoded(large("RGB"), "JPEG", quality=95), LOSSY),
    "large, progressive.jpg": lambda: Good(encoded(large("RGB"), "JPEG", quality=95, progressive=True), LOSSY),
    "cmyk, gray.jpg": lambda: Good(encoded(gray().convert("RGB").convert("CMYK"), "JPEG", quality=95), LOSSY),
    "cmyk.jpg": lambda: colored(cmyk("JPEG", quality=97), LOSSY, printed(inks())),
    "cmyk, progressive.jpg": lambda: colored(cmyk("JPEG", quality=97, progressive=True), LOSSY, printed(inks())),
    "ycck.jpg": lambda: colored(ycck(), LOSSY, printed(inks())),
    "rgb that is not turned into YCbCr.jpg": lambda: colored(pixels_jpeg(keep_rgb=True), LOSSY),
    "two pictures.jpg": lambda: Good(multi_picture(), LOSSY),
    "with a profile.jpg": lambda: colored(pixels_jpeg(icc_profile=profile()), LOSSY),
    "with a thumbnail.jpg": lambda: Good(
        written.with_segments(
            encoded(gray(), "JPEG", quality=95),
            written.exif_segment(
                written.exif((0x0112, written.SHORT, 1, 1)) + encoded(Image.new("L", (16, 16)), "JPEG")
            ),
        ),
        LOSSY,
    ),
    "with a comment.jpg": lambda: Good(encoded(gray(), "JPEG", quality=95, comment=b"\xff\xd9\xff\xda"), LOSSY),
    "filled between segments.jpg": lambda: Good(
        written.with_segments(encoded(gray(), "JPEG", quality=95), written.segment(0xFE, b""), b"junk", b"\xff" * 99),
        LOSSY,
    ),
    **{
        f"{name}, {how}.jpg": partial(
            lambda options, sampling: colored(pixels_jpeg(subsampling=sampling, **options), LOSSY), options, sampling
        )
        for sampling, name in enumerate(("4-4-4", "4-2-2", "4-2-0"))
        for how, options in (
            ("baseline", {}),
            ("progressive", {"progressive": True}),
            ("with restarts", {"restart_marker_blocks": 2}),
            ("with its own tables", {"optimize": True}),
        )
    },
}
