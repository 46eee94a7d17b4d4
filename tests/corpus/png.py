"""PNG files of every kind that show a picture."""

from functools import partial

import numpy as np

from tests.corpus import written
from tests.corpus.pictures import (
    SIZE,
    Bad,
    Files,
    Good,
    animated,
    color_image,
    colored,
    colors,
    encoded,
    fading,
    flat,
    gray,
    large,
    levels,
    on_gray,
    palette_with_transparency,
    reference,
    sixteen_bits,
    to_8_bits,
    to_16_bits,
    transparent,
    with_alpha,
)


def picture_in(bits: int) -> np.ndarray:
    """The reference in levels of so many bits. With one bit, its bright corner is 1."""
    if bits == 1:
        return (reference() > 128).astype(np.uint8)
    return levels(bits) if bits < 8 else reference()


def transparent_level(bits: int = 8) -> tuple[bytes, np.ndarray]:
    """The tRNS chunk that makes the reference's top left level transparent, and the picture that is then visible."""
    picture = picture_in(bits)
    level = int(picture[0, 0]) * (257 if bits == 16 else 1)
    seen = np.where(picture == picture[0, 0], 128, to_8_bits(picture, bits) if bits < 8 else picture)
    return written.chunk(b"tRNS", level.to_bytes(2)), seen.astype(np.uint8)


def in_many_chunks() -> bytes:
    """The pixels of `gray.png` with one byte per chunk, and empty chunks between them."""
    whole = written.png(reference())
    start = whole.index(b"IDAT")
    data = whole[start + 4 : start + 4 + int.from_bytes(whole[start - 4 : start])]
    chunks = b"".join(written.chunk(b"IDAT", data[at : at + 1]) + written.chunk(b"IDAT") for at in range(len(data)))
    return whole[: start - 4] + chunks + written.chunk(b"IEND")


PNG_FILES: Files = {
    "gray.png": lambda: Good(encoded(gray(), "PNG")),
    "color.png": lambda: Good(encoded(gray().convert("RGB"), "PNG")),
    "colors.png": lambda: colored(encoded(color_image(), "PNG")),
    "opaque.png": lambda: Good(encoded(gray().convert("RGBA"), "PNG")),
    "fading gray.png": lambda: Good(written.png(with_alpha(reference(), fading())), 1, on_gray(reference(), fading())),
    "fading color.png": lambda: Good(
        written.png(np.dstack([reference()] * 3 + [fading()])), 1, on_gray(reference(), fading())
    ),
    "fading 16 bits.png": lambda: Good(
        written.png(to_16_bits(with_alpha(reference(), fading())), 16), 1, on_gray(reference(), fading())
    ),
    "fading 16 bits of color.png": lambda: Good(
        written.png(to_16_bits(np.dstack([reference()] * 3 + [fading()])), 16), 1, on_gray(reference(), fading())
    ),
    "half transparent.png": lambda: Good(
        encoded(transparent(), "PNG"), 0, on_gray(reference(), np.where(np.arange(SIZE) < SIZE // 2, 255, 0))
    ),
    "transparent gray.png": lambda: Bad(written.png(with_alpha(reference(), flat(0))), "transparent"),
    "transparent color.png": lambda: Bad(written.png(np.dstack([reference()] * 3 + [flat(0)])), "transparent"),
    "transparent palette.png": lambda: Bad(
        written.png(
            levels(4),
            4,
            written.PALETTE,
            before=written.chunk(b"PLTE", bytes(48)) + written.chunk(b"tRNS", bytes(16)),
        ),
        "transparent",
    ),
    "only the transparent level, 16 bits.png": lambda: Bad(
        written.png(to_16_bits(flat(9)), 16, before=written.chunk(b"tRNS", (9 * 257).to_bytes(2))), "transparent"
    ),
    "a level of color transparent, 16 bits.png": lambda: Good(
        written.png(
            to_16_bits(np.dstack([reference()] * 3)),
            16,
            before=written.chunk(b"tRNS", (int(reference()[0, 0]) * 257).to_bytes(2) * 3),
        ),
        1,
        transparent_level()[1],
    ),
    "transparent in the middle.png": lambda: Bad(
        written.png(np.dstack([np.tile(reference(), 3), np.pad(flat(0), ((0, 0), (SIZE, SIZE)), constant_values=255)])),
        "transparent",
    ),
    "gray like the backdrop.png": lambda: Good(written.png(with_alpha(flat(128), flat(255))), 0, flat(128)),
    "16 bits.png": lambda: Good(encoded(sixteen_bits(), "PNG"), 1),
    "16 bits of color.png": lambda: colored(written.png(to_16_bits(colors()), 16)),
    "palette.png": lambda: Good(encoded(gray().quantize(256), "PNG")),
    "palette with a transparent color.png": lambda: Good(palette_with_transparency(), 0, transparent_level()[1]),
    "palette that fades.png": lambda: Good(
        written.png(
            reference(),
            color_type=written.PALETTE,
            before=written.chunk(b"PLTE", bytes(n for level in range(256) for n in (level,) * 3))
            + written.chunk(b"tRNS", bytes(range(256))),
        ),
        1,
        on_gray(reference(), reference()),
    ),
    "animated.png": lambda: Good(animated("PNG")),
    "large.png": lambda: Good(encoded(large(), "PNG"), 1),
    "large, interlaced.png": lambda: Good(written.png(np.asarray(large()), interlaced=True), 1),
    "interlaced.png": lambda: Good(written.png(reference(), interlaced=True)),
    "interlaced, 16 bits.png": lambda: Good(written.png(to_16_bits(reference()), 16, interlaced=True), 1),
    "interlaced, 1 bit.png": lambda: Good(written.png(levels(1), 1, interlaced=True), 0, to_8_bits(levels(1), 1)),
    "interlaced, color.png": lambda: colored(written.png(colors(), interlaced=True)),
    "interlaced, palette.png": lambda: Good(
        written.png(
            levels(4),
            4,
            written.PALETTE,
            True,
            written.chunk(b"PLTE", bytes(n for level in range(16) for n in (level * 17,) * 3)),
        ),
        0,
        to_8_bits(levels(4), 4),
    ),
    "interlaced, fading.png": lambda: Good(
        written.png(with_alpha(reference(), fading()), interlaced=True), 1, on_gray(reference(), fading())
    ),
    "pixels in many chunks.png": lambda: Good(in_many_chunks()),
    "a level transparent, 16 bits.png": lambda: Good(
        written.png(to_16_bits(reference()), 16, before=transparent_level(16)[0]), 1, transparent_level(16)[1]
    ),
    **{
        f"{bits} bits.png": partial(
            lambda bits: Good(written.png(levels(bits), bits), 0, to_8_bits(levels(bits), bits)), bits
        )
        for bits in (1, 2, 4)
    },
    **{
        f"a level transparent, {bits} bits a pixel.png": partial(
            lambda bits: Good(
                written.png(picture_in(bits), bits, before=transparent_level(bits)[0]),
                0,
                transparent_level(bits)[1],
            ),
            bits,
        )
        for bits in (1, 2, 4, 8)
    },
    **{f"filter {n}.png": partial(lambda n: Good(written.filtered(reference(), n)), n) for n in range(5)},
}
