"""The pixels of a decoded image → a part of it as the model sees it: gray or RGB, averaged down.

The image is processed in horizontal strips, so that no second copy of a large image exists.
"""

from typing import Literal

from PIL import Image, ImageFile

from mien.errors import Rejected
from mien.logic.boxes import inside
from mien.logic.opacity import (
    MID_GRAY,
    STRIP_PIXELS,
    has_alpha,
    has_visible_pixel,
    is_mid_gray,
    is_opacity_declared,
    transparency_mask,
)
from mien.logic.orientation import Box
from mien.logic.tags import tiff_tag

Mode = Literal["L", "RGB"]

# Tags of TIFF. Source: "TIFF 6.0", sections 8 and 19.
TIFF_BITS_PER_SAMPLE = 0x0102
TIFF_PHOTOMETRIC = 0x0106
TIFF_MAX_SAMPLE_VALUES = (0x0119, 0x0155)
WHITE_IS_ZERO = 0
# A stated maximum of this form means that a camera or scanner used fewer bits than the file has.
MAXIMUMS_OF_9_TO_15_BITS = frozenset((1 << bits) - 1 for bits in range(9, 16))
MAXIMUM_OF_16_BITS = 65_535


def check_pixels(image: ImageFile.ImageFile) -> None:
    """Raises Rejected if it is not defined what the pixels of a loaded image show."""
    if has_dark_color(image):
        raise Rejected("unsupported_pixels", "The image has color of 16 bits, of which only some are used.")


def has_opacity(image: ImageFile.ImageFile) -> bool:
    """Returns whether the alpha channel of a loaded image is opacity. Otherwise it is ignored."""
    return is_opacity_declared(image) or has_visible_pixel(image, (0, 0, *image.size))


def require_visible(image: ImageFile.ImageFile, box: Box, converted: Image.Image, is_opacity: bool) -> None:
    """Raises Rejected if a part of an image is wholly transparent.

    converted: the part with transparent pixels on gray. Only if it is gray, the alpha channel has to be read again.
    """
    if is_opacity and has_alpha(image, image) and is_mid_gray(converted) and not has_visible_pixel(image, box):
        raise Rejected("transparent", "The image is wholly transparent where it would show a face.")


def cut_square(image: ImageFile.ImageFile, box: Box, size: int, mode: Mode, is_opacity: bool) -> Image.Image:
    """Returns a square part of an image, averaged down to `size` pixels per side, in the requested mode.

    box: its width is its height. Pixels beyond the edge of the image repeat those at the edge.

    Raises Rejected if the pixels are not supported, or are wholly transparent.
    """
    left, top, right, _ = box
    factor = max(1, (right - left) // (2 * size))
    # The side is a multiple of the factor, so that every average covers a whole block. This costs less than a
    # hundredth of the side.
    side = (right - left) // factor * factor
    left, top = left + (right - left - side) // 2, top + (right - left - side) // 2
    part = inside((left, top, left + side, top + side), image.size)
    small = reduce_part(image, part, factor, mode, is_opacity)
    require_visible(image, part, small, is_opacity)
    small = extend_edges(small, ((part[0] - left) // factor, (part[1] - top) // factor), side // factor)
    if small.width < size:
        return small.resize((size, size), Image.Resampling.BICUBIC)
    return shrink(small, size)


def extend_edges(part: Image.Image, corner: tuple[int, int], side: int) -> Image.Image:
    """Returns a square of `side` pixels with `part` in it. Pixels around the part repeat those at its edge.

    corner: left and top of the part in the square.
    """
    if part.size == (side, side):
        return part
    left, top = min(corner[0], side - 1), min(corner[1], side - 1)
    part = part.crop((0, 0, min(part.width, side - left), min(part.height, side - top)))
    right, bottom = left + part.width, top + part.height
    square = Image.new(part.mode, (side, side))
    square.paste(part, (left, top))
    # First the columns beside the part, then the rows above and below, which then reach the corners.
    for edge, gap in (
        ((left, top, left + 1, bottom), (0, top, left, bottom)),
        ((right - 1, top, right, bottom), (right, top, side, bottom)),
        ((0, top, side, top + 1), (0, 0, side, top)),
        ((0, bottom - 1, side, bottom), (0, bottom, side, side)),
    ):
        width, height = gap[2] - gap[0], gap[3] - gap[1]
        if width and height:
            square.paste(square.crop(edge).resize((width, height), Image.Resampling.NEAREST), gap)
    return square


def reduce_part(image: ImageFile.ImageFile, box: Box, factor: int, mode: Mode, is_opacity: bool) -> Image.Image:
    """Returns a part of an image in the requested mode, with blocks of `factor` x `factor` pixels averaged to one.

    At the right and at the bottom, a block may have fewer pixels.
    """
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    rows = max(1, STRIP_PIXELS // width // factor) * factor
    small = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for row in range(0, height, rows):
        strip = image.crop((left, top + row, right, top + min(height, row + rows)))
        small.paste(convert(strip, image, mode, is_opacity).reduce(factor), (0, row // factor))
    return small


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


def convert(strip: Image.Image, image: ImageFile.ImageFile, mode: Mode, is_opacity: bool) -> Image.Image:
    """Returns a strip of an image in 8 bits, L or RGB, with transparent pixels on gray. Raises Rejected.

    is_opacity: whether an alpha channel is opacity. Otherwise it is ignored.
    """
    if strip.mode.startswith("I;16"):
        strip = to_eight_bits(strip, image)
    elif strip.mode in ("I", "F"):
        raise Rejected("unsupported_pixels", "The image has 32-bit pixels, whose black and white are not defined.")
    elif strip.mode == "LAB":
        # The first channel of CIELAB is the lightness.
        strip = strip.getchannel("L")
    elif is_opacity and has_alpha(strip, image):
        strip = strip.convert("RGBA")
        backdrop = Image.new("RGBA", strip.size, (MID_GRAY, MID_GRAY, MID_GRAY, 255))
        strip = Image.alpha_composite(backdrop, strip).convert("RGB")
    elif strip.mode in ("P", "CMYK", "HSV"):
        strip = strip.convert("RGB")
    return strip.convert(mode)


def to_eight_bits(strip: Image.Image, image: Image.Image) -> Image.Image:
    """Returns a strip of a 16-bit grayscale image in mode L. White becomes 255, and 0 stays 0."""
    wide = strip.convert("I")
    scale = 255 / maximum(image)
    if tiff_tag(image, TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        # Pillow inverts such TIFFs only up to 8 bits.
        return wide.point(lambda value: value * -scale + 255.5).convert("L")
    gray = wide.point(lambda value: value * scale + 0.5).convert("L")
    if "transparency" in image.info:
        gray.paste(MID_GRAY, mask=transparency_mask(strip, image.info["transparency"]))
    return gray


def has_dark_color(image: ImageFile.ImageFile) -> bool:
    """Returns whether an image has color of 16 bits, of which it uses fewer. Pillow keeps only the upper eight."""
    if image.format != "TIFF":
        return False
    bits = tiff_tag(image, TIFF_BITS_PER_SAMPLE)
    is_color = isinstance(bits, tuple) and bits[0] == 16 and not image.mode.startswith("I")
    return is_color and maximum(image) != MAXIMUM_OF_16_BITS


def maximum(image: Image.Image) -> int:
    """Returns the value of white in an image with samples of 9 to 16 bits: what a TIFF states, or 65,535."""
    bits = tiff_tag(image, TIFF_BITS_PER_SAMPLE)
    if bits == (12,):
        # Pillow unpacks them into 16 bits, and does not scale them.
        return 4095
    for tag in TIFF_MAX_SAMPLE_VALUES:
        stated = tiff_tag(image, tag)
        highest = max(stated) if isinstance(stated, tuple) and stated else stated
        if highest in MAXIMUMS_OF_9_TO_15_BITS:
            return int(highest)
    return MAXIMUM_OF_16_BITS
