"""The bytes of an image file → the face that the model sees. Training reads images through this module too.

The steps, in this order:
1. Read the format from the content, and accept only listed formats.
2. Check the pixel count in the header, before anything is decoded.
3. Decode the pixels.
4. Cut out the central square, convert it to gray or RGB, and average it down to the model's size (pixels.py).
5. Turn it as EXIF's orientation says.
A grayscale face of the model's size passes through unchanged, to the byte.
"""

import io
import warnings
from dataclasses import dataclass

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
from mien.logic.pixels import Mode, central_square

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

# Pixels per side of our model's input.
FACE_SIZE = 48
# Pixels per side of the built-in algorithm's pretrained networks.
# Source: Amazon SageMaker AI, "Image Classification Hyperparameters".
BUILT_IN_SIZE = 224
# Changes whenever the same file gives other pixels than before.
PREPROCESSING = "3"

# Eight files are in memory at once while others are read: 8 x 16 MiB (batches.WORKERS).
MAX_BYTES = 16 * 1024 * 1024
# Photos of a 48-megapixel phone are accepted. With an alpha channel, 50 million pixels take 200 MB. Only one image is
# decoded at a time.
MAX_PIXELS = 50_000_000
# Pixels of the shorter side. A smaller face shows no expression.
MIN_SIDE = 16

BROKEN = ("broken_image", "The file begins like an image, but it can't be decoded.")
# Pillow's decoders name images of two and four bits like this. The number is the distance between two gray levels.
GRAY_STEPS = {"L;2": 85, "L;4": 17}
EXIF_ORIENTATION = 0x0112
UPRIGHT = 1
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow itself refuses twice this number. For WebP it does so before the decoder allocates memory.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


@dataclass(frozen=True)
class Face:
    """The model's input for one image.

    pixels: uint8 [size, size] for mode L, uint8 [size, size, 3] for RGB.
    size: pixels per side.
    width, height: the image file's size in pixels, before it is turned.
    """

    pixels: bytes
    size: int
    mode: Mode
    width: int
    height: int


def read_face(data: bytes, size: int = FACE_SIZE, mode: Mode = "L") -> Face:
    """Returns the face of an image file, for a model whose input has `size` pixels per side.

    data: a file in one of FORMATS.

    Raises Rejected. MemoryError is not caught: the same file may fit into the memory of another invocation.
    """
    if not data:
        raise Rejected("empty", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise Rejected("too_large", f"The file has {len(data):,} bytes; the limit is {MAX_BYTES:,}.")
    with warnings.catch_warnings():
        # Pillow warns about many files that it can read. Files that it can't read raise errors, handled below.
        warnings.simplefilter("ignore")
        with open_image(data) as image:
            width, height = image.size
            try:
                load(image, size, mode)
                orientation = read_orientation(image)
                square = central_square(image, size, mode)
            except (MemoryError, Rejected):
                raise
            except Exception as error:
                # For broken files Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and others.
                raise Rejected(*BROKEN) from error
    if orientation in TRANSPOSITIONS:
        square = square.transpose(TRANSPOSITIONS[orientation])
    return Face(square.tobytes(), size, mode, width, height)


def encode_png(face: Face) -> bytes:
    """Returns a face as a PNG file."""
    file = io.BytesIO()
    Image.frombytes(face.mode, (face.size, face.size), face.pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Opens an image file and checks its header. The pixels are not decoded yet. Raises Rejected."""
    try:
        whole = webp.restore_end(data) if webp.is_webp(data) else bombs.defuse(data)
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


def load(image: ImageFile.ImageFile, size: int, mode: Mode) -> None:
    """Decodes the pixels. Raises whatever Pillow's decoders raise."""
    if image.format == "JPEG":
        # libjpeg averages blocks of 2x2 to 8x8 pixels while it decodes, in a fraction of the time and memory. Twice the
        # model's size is kept for the averaging that follows.
        side = min(image.size)
        smallest = (2 * size * image.width // side, 2 * size * image.height // side)
        image.draft(mode if image.mode != "CMYK" else None, smallest)
        image.tile = [tile._replace(codec_name=jpeg.DECODER) for tile in image.tile]
    if image.format == "TIFF":
        # While Pillow looks for the orientation, it reads the directories that these tags point to, of any size.
        exif = image.getexif()
        for directory in TiffTags.TAGS_V2_GROUPS:
            exif.pop(directory, None)
    image.load()


def read_orientation(image: ImageFile.ImageFile) -> int:
    """Returns EXIF's orientation, 1 to 8, or UPRIGHT if there is nothing to turn or the value can't be read.

    The image must be loaded. A PNG can have its EXIF data after the pixels: Pillow would then load the pixels here,
    where an error in them is ignored.
    """
    if image.format == "TIFF":
        # Pillow turns TIFFs while it loads them.
        return UPRIGHT
    try:
        if isinstance(image.info.get("exif"), bytes):
            image.info["exif"] = image.info["exif"][: bombs.MAX_EXIF]
        orientation = image.getexif().get(EXIF_ORIENTATION, UPRIGHT)
    except Exception:
        # Broken EXIF data is common, and the pixels are still good.
        return UPRIGHT
    return orientation if isinstance(orientation, int) else UPRIGHT
