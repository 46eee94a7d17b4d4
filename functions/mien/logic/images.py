"""The bytes of an image file → its decoded pixels.

1. Read the format from the content, and accept only listed formats.
2. Check the pixel count in the header, before anything is decoded.
3. Decode the pixels, of a JPEG only as many as are needed.
"""

import contextlib
import warnings
from collections.abc import Iterator

# Each format's module is imported by name. Otherwise Image.open would import all of Pillow's formats for a file that is
# not an image.
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    TiffTags,
    WebPImagePlugin,
)

from mien.errors import Rejected
from mien.logic import bombs, jpeg, webp

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

# Eight files of this size may be in memory at once (batches.MAX_READ_BYTES).
MAX_BYTES = 16 * 1024 * 1024
# Photos of a 48-megapixel phone are accepted. With an alpha channel, 50 million pixels take 200 MB. Only one image is
# decoded at a time.
MAX_PIXELS = 50_000_000
# Pixels of the shorter side. A smaller face shows no expression.
MIN_SIDE = 16

BROKEN = ("broken_image", "The file begins like an image, but it can't be decoded.")
# Pillow's decoders name images of two and four bits like this. The number is the distance between two gray levels.
GRAY_STEPS = {"L;2": 85, "L;4": 17}
# Pillow itself refuses twice this number. For WebP it does so before the decoder allocates memory.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Turns the errors of Pillow's decoders into Rejected.

    For broken files they raise OSError, SyntaxError, ValueError, struct.error and others. MemoryError is not caught:
    the same file may fit into the memory of another invocation.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MemoryError, Rejected):
        raise
    except Exception as error:
        raise Rejected(*BROKEN) from error


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Opens an image file and checks its header. The pixels are not decoded yet. Raises Rejected."""
    if not data:
        raise Rejected("empty", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise Rejected("too_large", f"The file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.")
    try:
        whole = webp.restore_end(data) if webp.is_webp(data) else bombs.defuse(data)
        with warnings.catch_warnings():
            # Pillow warns about many files that it can read.
            warnings.simplefilter("ignore")
            image = Image.open(bombs.LimitedReads(whole), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Rejected("too_many_pixels", f"The image has more than {MAX_PIXELS:,} pixels.") from error
    except (MemoryError, Rejected):
        raise
    except Exception as error:
        raise Rejected(*explain_unreadable(data)) from error
    width, height = image.size
    limit = bombs.MAX_COSTLY_PIXELS if bombs.is_costly(image) else MAX_PIXELS
    if width * height > limit:
        raise Rejected("too_many_pixels", f"The image has {width * height:,} pixels; the limit is {limit:,}.")
    if min(width, height) < MIN_SIDE:
        raise Rejected("too_small", f"The image has {width}x{height} pixels; the shorter side needs {MIN_SIDE}.")
    bombs.check_run_lengths(image, len(data))
    for tile in image.tile:
        if tile.args in GRAY_STEPS and "transparency" in image.info:
            # Pillow spreads the gray levels over 0 to 255, but keeps the transparent level as it is in the file.
            image.info["transparency"] *= GRAY_STEPS[tile.args]
    return image


def explain_unreadable(data: bytes) -> tuple[str, str]:
    """Returns reason and detail for a file whose header can't be read."""
    for name in FORMATS:
        _, accepts = Image.OPEN[name]
        if accepts and accepts(data[:16]):
            return BROKEN
    return "not_an_image", f"The file is not an image of a supported format: {', '.join(FORMATS)}."


def load(image: ImageFile.ImageFile, smallest: tuple[int, int], is_gray: bool) -> None:
    """Decodes the pixels. Raises whatever Pillow's decoders raise.

    smallest: width and height in pixels. A JPEG may be decoded to any size that is not smaller.
    is_gray: whether the brightness alone is needed.
    """
    if image.format == "JPEG":
        # libjpeg averages blocks of 2x2 to 8x8 pixels while it decodes, in a fraction of the time and memory.
        image.draft(None if image.mode == "CMYK" else "L" if is_gray else "RGB", smallest)
        image.tile = [tile._replace(codec_name=jpeg.DECODER) for tile in image.tile]
    if image.format == "TIFF":
        # While Pillow looks for the orientation, it reads the directories that these tags point to, of any size.
        exif = image.getexif()
        for directory in TiffTags.TAGS_V2_GROUPS:
            exif.pop(directory, None)
    image.load()
