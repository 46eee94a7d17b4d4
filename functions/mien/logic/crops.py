"""A face in a photo → the square of the photo that the model sees.

The model was trained on FER2013's crops. A square that is a little smaller than the detector's box is high, and a
little further up, covers what they cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mien.logic.orientation import Box

# Side of the square, as a share of the box's height. In drawings, the detector's box is 1.01 to 1.04 times as high as
# FER2013's crop (median). On 1,300 faces that were held out of the training, 0.9, 0.95 and 1 changed the accuracy by
# +0.001, -0.002 and -0.004 (standard error 0.006), while 0.85 lost 0.017 and 1.05 lost 0.010.
SIDE = 0.95
# How far the square's center is above the box's center, as a share of its side.
RISE = 0.015
# Pixels of the photo's file. The model labels faces of a lower height much worse: 24 pixels give an accuracy of 0.63,
# 20 give 0.49, and 48 give 0.70.
MIN_HEIGHT = 24
# Pixels of the longer side. An image of the model's size, or a smaller one, is the crop of a face, and no detector is
# asked: it misses 3 of 100 such crops.
CROP_SIDE = 48
# An image is the crop of a face if a square as high as the face's box covers the central square. The share of both that
# they have in common is above this for most crops of data sets, and below it where cropping again makes labels better.
CROP_OVERLAP = 0.6

# Directions of "up" on an upright face, in the photo before it is turned.
UP = {0: (0, -1), 90: (1, 0), 180: (0, 1), 270: (-1, 0)}


@dataclass(frozen=True)
class FoundFace:
    """A face in a photo.

    box: left, top, right and bottom in pixels of the photo as it was given.
    score: the detector's, from 0 to 1.
    turn: 0, 90, 180 or 270 degrees counterclockwise. The face is upright after the photo is turned by them.
    """

    box: tuple[float, float, float, float]
    score: float
    turn: int = 0

    @property
    def height(self) -> float:
        """The height of the upright face in pixels."""
        left, top, right, bottom = self.box
        return bottom - top if self.turn in (0, 180) else right - left

    @property
    def area(self) -> float:
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    def scaled(self, factor: float) -> "FoundFace":
        """The same face in a copy of the photo that is `factor` times as large."""
        left, top, right, bottom = self.box
        return FoundFace((left * factor, top * factor, right * factor, bottom * factor), self.score, self.turn)


def square_of(face: FoundFace, side_of_height: float = SIDE) -> Box:
    """Returns left, top, right and bottom of a face's square, in the pixels of its box.

    side_of_height: side of the square, as a share of the box's height.

    Parts of it can be outside the photo.
    """
    left, top, right, bottom = face.box
    side = max(1, round(side_of_height * face.height))
    x, y = UP[face.turn]
    square_left = round((left + right - side) / 2 + x * RISE * side)
    square_top = round((top + bottom - side) / 2 + y * RISE * side)
    return square_left, square_top, square_left + side, square_top + side


def is_crop(size: tuple[int, int], faces: Sequence[FoundFace] = ()) -> bool:
    """Returns whether an image shows one face and no more, so that its central square is what the model should see.

    size: width and height in pixels.
    faces: those in the image, in its pixels, largest first. They don't matter if the longer side is at most CROP_SIDE.
    """
    if max(size) <= CROP_SIDE:
        return True
    if not faces or faces[0].turn:
        return False
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    face_left, face_top, face_right, face_bottom = square_of(faces[0], 1.0)
    width = max(0, min(left + side, face_right) - max(left, face_left))
    height = max(0, min(top + side, face_bottom) - max(top, face_top))
    shared = width * height
    return shared >= CROP_OVERLAP * (side**2 + (face_right - face_left) ** 2 - shared)
