"""A face in a photo → the square of the photo that the model sees.

The model was trained on FER2013's crops. A square with the side of the detector's box, moved up a little, covers what
they cover.
"""

import numpy as np
from PIL import Image

from mien.logic.faces import TURNS, FoundFace

# Side of the square, as a share of the box's height. 0.9 to 1.1 give the same accuracy; benchmarks/faces.md has it.
SIDE = 1.0
# How far the square's center is above the box's center, as a share of its side.
RISE = 0.015
# Pixels of the photo's file. The model's accuracy on faces of a lower height is not worth a label.
MIN_HEIGHT = 24

# Directions of "up" on an upright face, in the photo before it is turned.
UP = {0: (0, -1), 90: (1, 0), 180: (0, 1), 270: (-1, 0)}


def square_of(face: FoundFace) -> tuple[int, int, int, int]:
    """Returns left, top, right and bottom of a face's square, in the pixels of its box.

    Parts of it can be outside the photo.
    """
    left, top, right, bottom = face.box
    side = max(1, round(SIDE * face.height))
    x, y = UP[face.turn]
    square_left = round((left + right - side) / 2 + x * RISE * side)
    square_top = round((top + bottom - side) / 2 + y * RISE * side)
    return square_left, square_top, square_left + side, square_top + side


def cut(image: Image.Image, face: FoundFace) -> Image.Image:
    """Returns the square of a face, upright, in the mode of the image.

    image: the photo in which the face was found. Pixels beyond its edge repeat those at the edge.
    """
    left, top, right, bottom = square_of(face)
    inside = (max(0, left), max(0, top), min(image.width, right), min(image.height, bottom))
    pixels = np.asarray(image.crop(inside))
    margins = [(inside[1] - top, bottom - inside[3]), (inside[0] - left, right - inside[2])]
    square = Image.fromarray(np.pad(pixels, margins + [(0, 0)] * (pixels.ndim - 2), mode="edge"))
    return square.transpose(TURNS[face.turn]) if face.turn else square
