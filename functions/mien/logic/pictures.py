"""The bytes of an image file → its faces, each as the model sees it. Training reads images through this module too.

With a detector, the whole image is looked at, and each face that it finds is cut out. Without one, and if the image is
a face already, its central square is the face. A grayscale face of the model's size passes through unchanged, to the
byte.
"""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageFile

from mien.logic.boxes import Size, central_square, reduced, round_box, scale_size, scale_square
from mien.logic.crops import MIN_HEIGHT, FoundFace, is_crop, square_of
from mien.logic.images import decoding, load, open_image
from mien.logic.opacity import MID_GRAY
from mien.logic.orientation import (
    TRANSPOSITIONS,
    TURNS,
    Box,
    box_in_file,
    read_orientation,
    turn_image,
    turn_size,
)
from mien.logic.pixels import Mode, check_pixels, cut_square, has_opacity, reduce_part, require_visible

# Pixels per side of FER2013's faces, and of the committed model's input.
FACE_SIZE = 48
# Pixels per side of the built-in algorithm's pretrained networks.
# Source: Amazon SageMaker AI, "Image Classification Hyperparameters".
BUILT_IN_SIZE = 224
# Changes whenever the same file gives other pixels than before.
PREPROCESSING = "5"

# Pixels in which faces are looked for, such as 1000x750.
PREVIEW_PIXELS = 750_000
# Faces of an image that are listed, the largest ones.
MAX_FACES = 100
# A JPEG of more pixels is decoded at half its width and height at most. A progressive one takes up to six bytes per
# pixel of the file in addition to its decoded pixels. The smallest face that is found in such an image has 70 pixels.
MAX_FULL_PIXELS = 20_000_000
# A face is decoded with this many times the pixels of the model's input, so that every pixel of it is an average.
OVERSAMPLING = 2


@dataclass(frozen=True)
class ModelInput:
    """The input of a model: pixels per side, and gray (L) or color (RGB)."""

    size: int
    mode: Mode

    @property
    def bytes(self) -> int:
        """Bytes of one face."""
        return self.size**2 * len(self.mode)


GRAY_48 = ModelInput(FACE_SIZE, "L")
COLOR_224 = ModelInput(BUILT_IN_SIZE, "RGB")


@dataclass(frozen=True)
class Face:
    """The model's input for one face.

    pixels: uint8 [size, size] for mode L, uint8 [size, size, 3] for RGB.
    size: pixels per side.
    """

    pixels: bytes
    size: int
    mode: Mode


def gray_face(target: ModelInput) -> Face:
    """Returns a face of one gray, with which a model can be tested."""
    return Face(bytes([MID_GRAY]) * target.bytes, target.size, target.mode)


@dataclass(frozen=True)
class PictureFace:
    """One face of an image.

    box: left, top, right and bottom in pixels of the upright image.
    score: of the detector; None if the image was not searched.
    face: None if the face is too small for a label.
    crop: the square of the upright image that the model sees as the face. Parts of it can be outside the image.
    turn: degrees counterclockwise by which the crop is turned. The face is upright then.
    """

    box: Box
    score: float | None
    face: Face | None
    crop: Box
    turn: int = 0


@dataclass(frozen=True)
class Picture:
    """The faces of an image, largest first.

    width, height: pixels of the upright image.
    faces_found: the number of faces in the image. `faces` has the largest ones, at most MAX_FACES.
    """

    width: int
    height: int
    faces_found: int
    faces: tuple[PictureFace, ...]


# Finds the faces in an upright RGB image of any size, largest first.
Find = Callable[[Image.Image], Sequence[FoundFace]]


@dataclass(frozen=True)
class Decoded:
    """A decoded image, perhaps of fewer pixels than the file has.

    upright: width and height after it is turned.
    is_opacity: whether its alpha channel is opacity.
    """

    image: ImageFile.ImageFile
    orientation: int
    upright: Size
    is_opacity: bool

    def cut(self, box: Box, target: ModelInput, turn: int = 0) -> Face:
        """Returns a square part, as the model sees it.

        box: in pixels of the upright image. Parts of it can be outside.
        turn: degrees counterclockwise by which the part is turned.
        """
        stored = box_in_file(box, self.image.size, self.orientation)
        with decoding():
            square = cut_square(self.image, stored, target.size, target.mode, self.is_opacity)
        upright = turn_image(square, TRANSPOSITIONS.get(self.orientation), TURNS.get(turn))
        return Face(upright.tobytes(), target.size, target.mode)


def read_picture(data: bytes, target: ModelInput, find: Find | None, limit: int = MAX_FACES) -> Picture:
    """Returns the faces of an image file, for a model with the input `target`.

    data: a file in one of images.FORMATS.
    find: None to take the central square as the face.
    limit: faces that are listed.

    Raises Rejected.
    """
    image = open_image(data)
    size = image.size
    if find is None or is_crop(size):
        return read_whole(image, target)
    decoded = decode(image, reduced(size, PREVIEW_PIXELS), is_gray=False)
    upright = turn_size(size, decoded.orientation)
    preview = make_preview(decoded)
    found = [face.scaled(upright[0] / preview.width) for face in find(preview)]
    faces = cut_faces(data, decoded, found[:limit], upright, target)
    return Picture(*upright, len(found), faces)


def make_preview(decoded: Decoded) -> Image.Image:
    """Returns an upright RGB copy of at least PREVIEW_PIXELS, if the image has so many. Raises Rejected."""
    image = decoded.image
    everything = (0, 0, *image.size)
    factor = max(1, math.isqrt(image.width * image.height // PREVIEW_PIXELS))
    with decoding():
        preview = reduce_part(image, everything, factor, "RGB", decoded.is_opacity)
        require_visible(image, everything, preview, decoded.is_opacity)
    return turn_image(preview, TRANSPOSITIONS.get(decoded.orientation))


def read_face(data: bytes, target: ModelInput = GRAY_48) -> Face:
    """Returns the central square of an image file as a face. Raises Rejected."""
    [found] = read_whole(open_image(data), target).faces
    assert found.face
    return found.face


def read_whole(image: ImageFile.ImageFile, target: ModelInput) -> Picture:
    size = image.size
    decoded = decode(image, scale_size(size, OVERSAMPLING * target.size / min(size)), is_gray=target.mode == "L")
    face = decoded.cut(central_square(decoded.upright), target)
    upright = turn_size(size, decoded.orientation)
    square = central_square(upright)
    return Picture(*upright, 1, (PictureFace(square, None, face, square),))


def cut_faces(
    data: bytes, decoded: Decoded, found: Sequence[FoundFace], upright: Size, target: ModelInput
) -> tuple[PictureFace, ...]:
    """Cuts faces out of an image.

    decoded: in which the faces were found. If they need more pixels, the file is decoded again.
    found: faces in pixels of the file's upright image, whose width and height are `upright`.
    """
    squares = [square_of(face) for face in found]
    if is_crop(upright, found):
        # To crop such a face again makes its label worse.
        squares[0] = central_square(upright)
    heights = [face.height for face in found if face.height >= MIN_HEIGHT]
    decoded = with_enough_pixels(data, decoded, heights, upright, target)
    scale = decoded.upright[0] / upright[0]
    faces = []
    for one, square in zip(found, squares, strict=True):
        is_large = one.height >= MIN_HEIGHT
        face = decoded.cut(scale_square(square, scale), target, one.turn) if is_large else None
        faces.append(PictureFace(round_box(one.box, upright), one.score, face, square, one.turn))
    return tuple(faces)


def with_enough_pixels(
    data: bytes, decoded: Decoded, heights: Sequence[float], upright: Size, target: ModelInput
) -> Decoded:
    """Returns an image with enough pixels for faces of these heights: it is decoded again if it has too few.

    heights: in pixels of the file's upright image, whose width and height are `upright`.
    """
    if not heights:
        return decoded
    most = 1 if upright[0] * upright[1] <= MAX_FULL_PIXELS else 0.5
    smallest = scale_size(upright, min(most, OVERSAMPLING * target.size / min(heights)))
    if smallest[0] <= decoded.upright[0]:
        return decoded
    return decode(open_image(data), turn_size(smallest, decoded.orientation), is_gray=target.mode == "L")


def decode(image: ImageFile.ImageFile, smallest: Size, is_gray: bool) -> Decoded:
    """Decodes an opened file. smallest, is_gray: as for images.load. Raises Rejected."""
    with decoding(), image:
        load(image, smallest, is_gray)
        orientation = read_orientation(image)
        check_pixels(image)
        return Decoded(image, orientation, turn_size(image.size, orientation), has_opacity(image))


def encode_png(face: Face) -> bytes:
    """Returns a face as a PNG file."""
    file = io.BytesIO()
    Image.frombytes(face.mode, (face.size, face.size), face.pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()
