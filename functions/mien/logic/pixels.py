"""The pixels of a decoded image → the square that the model sees: gray or RGB, averaged down to the model's size.

The image is processed in horizontal strips, so that no second copy of a large image exists.
"""

from typing import Literal

from PIL import Image, ImageChops, ImageFile

from mien.errors import Rejected

Mode = Literal["L", "RGB"]

# Pixels of a strip.
STRIP_PIXELS = 2_000_000
# The backdrop of transparent pixels.
MID_GRAY = 128
TIFF_PHOTOMETRIC = 0x0106
WHITE_IS_ZERO = 0
ALPHA_MODES = ("PA", "LA", "La", "RGBA", "RGBa", "RGBX")


def central_square(image: ImageFile.ImageFile, size: int, mode: Mode) -> Image.Image:
    """Returns the central square of an image, `size` pixels per side, in the requested mode. Raises Rejected."""
    factor = max(1, min(image.size) // (2 * size))
    # The side is a multiple of the factor, so that every average covers a whole block. This costs less than a
    # hundredth of the side.
    side = min(image.size) // factor * factor
    left = (image.width - side) // 2
    top = (image.height - side) // 2
    rows = max(1, STRIP_PIXELS // side // factor) * factor
    small = Image.new(mode, (side // factor, side // factor))
    for row in range(0, side, rows):
        strip = image.crop((left, top + row, left + side, top + min(side, row + rows)))
        small.paste(convert(strip, image, mode).reduce(factor), (0, row // factor))
    if small.width < size:
        return small.resize((size, size), Image.Resampling.BICUBIC)
    return shrink(small, size)


def shrink(square: Image.Image, size: int) -> Image.Image:
    """Returns a smaller square. Each of its pixels is the mean of the area that it covers, including parts of pixels.

    Pillow's BOX filter only includes or excludes whole pixels, which is coarse where two pixels become one. A square
    whose pixels are repeated `size` times in each direction consists of whole blocks.
    """
    if square.width == size:
        return square
    half_done = shrink_width(square, size).transpose(Image.Transpose.TRANSPOSE)
    return shrink_width(half_done, size).transpose(Image.Transpose.TRANSPOSE)


def shrink_width(image: Image.Image, width: int) -> Image.Image:
    """As `shrink`, in one direction. Handles as many rows at once as STRIP_PIXELS allows."""
    narrow = Image.new(image.mode, (width, image.height))
    rows = max(1, STRIP_PIXELS // (image.width * width))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        repeated = strip.resize((image.width * width, strip.height), Image.Resampling.NEAREST)
        narrow.paste(repeated.reduce((image.width, 1)), (0, top))
    return narrow


def convert(strip: Image.Image, image: Image.Image, mode: Mode) -> Image.Image:
    """Returns a strip of an image in 8 bits, L or RGB, with transparent pixels on gray. Raises Rejected."""
    if strip.mode.startswith("I;16"):
        strip = to_eight_bits(strip, image)
    elif strip.mode in ("I", "F"):
        raise Rejected("unsupported_pixels", "The image has 32-bit pixels, whose black and white are not defined.")
    elif strip.mode == "LAB":
        # The first channel of CIELAB is the lightness.
        strip = strip.getchannel("L")
    elif strip.mode in ALPHA_MODES or (strip.mode != "HSV" and "transparency" in image.info):
        strip = strip.convert("RGBA")
        backdrop = Image.new("RGBA", strip.size, (MID_GRAY, MID_GRAY, MID_GRAY, 255))
        strip = Image.alpha_composite(backdrop, strip).convert("RGB")
    elif strip.mode in ("P", "CMYK", "HSV"):
        strip = strip.convert("RGB")
    return strip.convert(mode)


def to_eight_bits(strip: Image.Image, image: Image.Image) -> Image.Image:
    """Returns a strip of a 16-bit grayscale image in mode L. 65,535 becomes 255: 257 levels become one."""
    wide = strip.convert("I")
    if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        # Pillow inverts such TIFFs only up to 8 bits.
        return wide.point(lambda value: value * (-1 / 257) + 255.5).convert("L")
    gray = wide.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if "transparency" in image.info:
        gray.paste(MID_GRAY, mask=transparency_mask(strip, image.info["transparency"]))
    return gray


def transparency_mask(strip: Image.Image, transparent: int) -> Image.Image:
    """Returns 255 for each pixel of a 16-bit strip that has the transparent value, and 0 for all others."""
    high, low = divmod(transparent, 256)
    # Each 16-bit pixel is two bytes, the lower one first, which Pillow can read as two channels.
    low_bytes, high_bytes = Image.frombytes("LA", strip.size, strip.tobytes()).split()
    return ImageChops.multiply(low_bytes.point(only(low)), high_bytes.point(only(high)))


def only(level: int) -> list[int]:
    """Returns a lookup table that maps one level to 255 and all others to 0."""
    return [255 if value == level else 0 for value in range(256)]
