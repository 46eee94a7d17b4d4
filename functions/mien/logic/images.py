"""Bytes of an image file → the face that the model sees. The one place where pixels are changed, for training too.

In this order: the format, by content and from a list; the header's pixel count, before anything is decoded; the
central square; grayscale; area averaging down to the model's size; the orientation that EXIF asks for. A grayscale
face of the model's size passes unchanged, to the byte.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Literal

# Named one by one: Image.open would otherwise import all of Pillow's formats when none of these fits.
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    TiffTags,
    WebPImagePlugin,
)

from mien.errors import Rejected
from mien.logic import bombs

FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
        BmpImagePlugin.BmpImageFile,
        TiffImagePlugin.TiffImageFile,
    )
)

FACE_SIZE = 48
# What the built-in algorithm's pretrained networks take (Amazon SageMaker AI, "Image Classification Hyperparameters").
BUILT_IN_SIZE = 224
PREPROCESSING = "2"

# Several files lie in memory at once, while others are read: 8 x 16 MiB.
MAX_BYTES = 16 * 1024 * 1024
# A 48-megapixel phone's photo still passes. With an alpha channel it takes 200 MB, and one is decoded at a time.
MAX_PIXELS = 50_000_000
# Below this a face has no expression left.
MIN_SIDE = 16
# Rows that are converted at once, so that no second copy of a large image is made.
STRIP_PIXELS = 2_000_000

BROKEN = ("broken_image", "The file begins as an image, but it can't be decoded.")
MID_GRAY = 128
# The levels of gray in two and four bits, as Pillow's decoders name them.
SPREAD = {"L;2": 85, "L;4": 17}
TIFF_PHOTOMETRIC, WHITE_IS_ZERO = 0x0106, 0
EXIF_ORIENTATION = 0x0112
TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow refuses twice as many, for WebP before the decoder takes memory for them.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


@dataclass(frozen=True)
class Face:
    """pixels: uint8 [size, size] for mode L, uint8 [size, size, 3] for RGB; width, height: the file's, in pixels."""

    pixels: bytes
    size: int
    mode: Literal["L", "RGB"]
    width: int
    height: int


def face(data: bytes, size: int = FACE_SIZE, mode: Literal["L", "RGB"] = "L") -> Face:
    """An image file → its face, for a model that takes squares of `size` pixels. Raises Rejected."""
    if not data:
        raise Rejected("empty", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise Rejected("too_large", f"The file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.")
    with warnings.catch_warnings():
        # Pillow warns of much that it can read all the same; what it can't read is an error below.
        warnings.simplefilter("ignore")
        with opened(data) as image:
            width, height = image.size
            try:
                load(image, size, mode)
                orientation = orientation_of(image)
                square = squared(image, size, mode)
            except (MemoryError, Rejected):
                raise
            except Exception as error:
                # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and others for broken files.
                raise Rejected(*BROKEN) from error
    if orientation in TRANSPOSED:
        square = square.transpose(TRANSPOSED[orientation])
    return Face(square.tobytes(), size, mode, width, height)


def png(pixels: Face) -> bytes:
    """A face as a PNG file."""
    file = io.BytesIO()
    Image.frombytes(pixels.mode, (pixels.size, pixels.size), pixels.pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def opened(data: bytes) -> ImageFile.ImageFile:
    """Reads the header alone."""
    try:
        image = Image.open(bombs.Reads(bombs.defused(data)), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Rejected("too_many_pixels", f"The image has more than {MAX_PIXELS:,} pixels.") from error
    except (MemoryError, Rejected):
        raise
    except Exception as error:
        raise Rejected(*unreadable(data)) from error
    width, height = image.size
    limit = bombs.MAX_COSTLY_PIXELS if bombs.costly(image) else MAX_PIXELS
    if width * height > limit:
        raise Rejected("too_many_pixels", f"The image has {width * height:,} pixels; the limit is {limit:,}.")
    if min(width, height) < MIN_SIDE:
        raise Rejected("too_small", f"The image is {width}x{height} pixels; the shorter side must have {MIN_SIDE}.")
    bombs.check_runs(image, len(data))
    for tile in image.tile:
        if tile.args in SPREAD and "transparency" in image.info:
            # Pillow spreads the pixels' levels over 0 to 255, and leaves the transparent one as it stands in the file.
            image.info["transparency"] *= SPREAD[tile.args]
    return image


def unreadable(data: bytes) -> tuple[str, str]:
    """Why a file whose header can't be read is rejected: reason and detail."""
    for name in FORMATS:
        _, accepts = Image.OPEN[name]
        if accepts and accepts(data[:16]):
            return BROKEN
    return "not_an_image", f"The file is no image of a kind that is taken: {', '.join(FORMATS)}."


def load(image: ImageFile.ImageFile, size: int, mode: Literal["L", "RGB"]) -> None:
    """Decodes the pixels. Raises whatever Pillow's decoders raise."""
    if image.format == "JPEG":
        # The decoder itself averages blocks of 2x2 to 8x8 pixels, for a fraction of the time and memory.
        side = min(image.size)
        at_least = (2 * size * image.width // side, 2 * size * image.height // side)
        image.draft(mode if image.mode != "CMYK" else None, at_least)
    if image.format == "TIFF":
        # Pillow reads the directories that these tags point to, of any size, on its way to the orientation.
        exif = image.getexif()
        for directory in TiffTags.TAGS_V2_GROUPS:
            exif.pop(directory, None)
    image.load()


def orientation_of(image: ImageFile.ImageFile) -> int:
    """What EXIF's orientation, 1 to 8, leaves to be done; 1 where there is none, or none that can be read.

    Asked of an image that is loaded: EXIF may stand behind the pixels of a PNG, and Pillow would load them here, where
    what is broken of them would go unseen.
    """
    if image.format == "TIFF":
        # Pillow has turned it.
        return 1
    try:
        if isinstance(image.info.get("exif"), bytes):
            image.info["exif"] = image.info["exif"][: bombs.MAX_EXIF]
        orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:
        # Broken EXIF is common, and no reason to refuse the pixels.
        return 1
    return orientation if isinstance(orientation, int) else 1


def squared(image: ImageFile.ImageFile, size: int, mode: Literal["L", "RGB"]) -> Image.Image:
    """The central square, in the mode asked for, `size` pixels a side."""
    factor = max(1, min(image.size) // (2 * size))
    # A multiple of the factor: less than a hundredth of the side is given up, and every average is of whole blocks.
    side = min(image.size) // factor * factor
    left, top = (image.width - side) // 2, (image.height - side) // 2
    rows = max(1, STRIP_PIXELS // side // factor) * factor
    small = Image.new(mode, (side // factor, side // factor))
    for row in range(0, side, rows):
        strip = image.crop((left, top + row, left + side, top + min(side, row + rows)))
        small.paste(converted(strip, image, mode).reduce(factor), (0, row // factor))
    if small.width < size:
        return small.resize((size, size), Image.Resampling.BICUBIC)
    return averaged(small, size)


def averaged(square: Image.Image, size: int) -> Image.Image:
    """A square → a smaller one, each pixel the mean of the area it covers, parts of pixels counted as parts.

    Pillow's BOX filter takes or leaves whole pixels, which is coarse where two of them become one. Repeated `size`
    times each way, a square is a whole number of blocks.
    """
    if square.width == size:
        return square
    return narrowed(narrowed(square, size).transpose(Image.Transpose.TRANSPOSE), size).transpose(
        Image.Transpose.TRANSPOSE
    )


def narrowed(image: Image.Image, width: int) -> Image.Image:
    """As `averaged`, in the one direction; as many rows at once as `STRIP_PIXELS` allow."""
    narrow = Image.new(image.mode, (width, image.height))
    rows = max(1, STRIP_PIXELS // (image.width * width))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        repeated = strip.resize((image.width * width, strip.height), Image.Resampling.NEAREST)
        narrow.paste(repeated.reduce((image.width, 1)), (0, top))
    return narrow


def converted(strip: Image.Image, image: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    """Part of an image → the same in 8 bits, L or RGB, with nothing transparent."""
    if strip.mode.startswith("I;16"):
        strip = eight_bits(strip, image)
    elif strip.mode in ("I", "F"):
        raise Rejected("unsupported_pixels", "The image has 32-bit pixels, whose black and white are not defined.")
    elif strip.mode in ("LAB", "HSV"):
        # The first channel of CIELAB is the lightness.
        strip = strip.getchannel("L") if strip.mode == "LAB" else strip.convert("RGB")
    elif strip.mode in ("PA", "LA", "La", "RGBA", "RGBa", "RGBX") or "transparency" in image.info:
        strip = strip.convert("RGBA")
        backdrop = Image.new("RGBA", strip.size, (MID_GRAY, MID_GRAY, MID_GRAY, 255))
        strip = Image.alpha_composite(backdrop, strip).convert("RGB")
    elif strip.mode in ("P", "CMYK"):
        strip = strip.convert("RGB")
    return strip.convert(mode)


def eight_bits(strip: Image.Image, image: Image.Image) -> Image.Image:
    """Part of a 16-bit grayscale image → the same in mode L."""
    wide = strip.convert("I")
    if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        # Pillow inverts such TIFFs only up to 8 bits.
        return wide.point(lambda value: value * (-1 / 257) + 255.5).convert("L")
    gray = wide.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if "transparency" in image.info:
        high, low = divmod(image.info["transparency"], 256)
        least, most = Image.frombytes("LA", strip.size, strip.tobytes()).split()
        hidden = ImageChops.multiply(
            least.point([255 * (n == low) for n in range(256)]), most.point([255 * (n == high) for n in range(256)])
        )
        gray.paste(MID_GRAY, mask=hidden)
    return gray
