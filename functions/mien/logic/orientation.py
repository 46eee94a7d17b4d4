"""How an image is turned before it is shown, and where a part of the upright image is in the file."""

from PIL import Image, ImageFile

from mien.logic import bombs

EXIF_ORIENTATION = 0x0112
UPRIGHT = 1
# What a viewer does with the pixels of the file.
# Source: CIPA DC-008, "Exchangeable image file format", section 4.6.4.
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The same for an image that lies on its side without saying so, by degrees counterclockwise.
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
# In these, the rows of the file are columns of the upright image.
LYING = frozenset({5, 6, 7, 8})
# In these, the columns of the file run from right to left, or its rows from bottom to top.
FROM_RIGHT = frozenset({2, 3, 7, 8})
FROM_BOTTOM = frozenset({3, 4, 6, 7})

Box = tuple[int, int, int, int]


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
    return orientation if isinstance(orientation, int) and orientation in TRANSPOSITIONS else UPRIGHT


def turn_image(image: Image.Image, *turns: Image.Transpose | None) -> Image.Image:
    """Returns an image turned once or more often. None turns nothing."""
    for turn in turns:
        image = image if turn is None else image.transpose(turn)
    return image


def turn_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Returns width and height of the turned image. size: width and height before."""
    width, height = size
    return (height, width) if orientation in LYING else (width, height)


def box_in_file(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Returns where a box of the upright image is in the image of the file.

    box: left, top, right and bottom in the upright image.
    size: width and height of the image of the file, in the same unit.
    """
    left, top, right, bottom = box
    if orientation in LYING:
        left, top, right, bottom = top, left, bottom, right
    width, height = size
    if orientation in FROM_RIGHT:
        left, right = width - right, width - left
    if orientation in FROM_BOTTOM:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
