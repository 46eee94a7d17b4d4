"""A face in a photo → the square of the photo that the model sees.

The model was trained on FER2013's crops. A square with the side of the detector's box, moved up a little, covers what
they cover.
"""

from dataclasses import dataclass

from mien.logic.orientation import Box

# Side of the square, as a share of the box's height. 0.9 to 1.1 give the same accuracy; benchmarks/faces.md has it.
SIDE = 1.0
# How far the square's center is above the box's center, as a share of its side.
RISE = 0.015
# Pixels of the photo's file. The model's accuracy on faces of a lower height is not worth a label.
MIN_HEIGHT = 24

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


def square_of(face: FoundFace) -> Box:
    """Returns left, top, right and bottom of a face's square, in the pixels of its box.

    Parts of it can be outside the photo.
    """
    left, top, right, bottom = face.box
    side = max(1, round(SIDE * face.height))
    x, y = UP[face.turn]
    square_left = round((left + right - side) / 2 + x * RISE * side)
    square_top = round((top + bottom - side) / 2 + y * RISE * side)
    return square_left, square_top, square_left + side, square_top + side
