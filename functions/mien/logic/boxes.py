"""Boxes and squares in images: left, top, right and bottom in whole pixels; right and bottom are exclusive."""

import math

from mien.logic.orientation import Box

Size = tuple[int, int]

# Pixels of the square per pixel of the box's height, and how far the square's center is above the box's, in heights.
# FER2013's own crops are like this: benchmarks/faces.md.
SQUARE_PER_HEIGHT = 1.0
SQUARE_UP = 0.015


def round_box(edges: tuple[float, float, float, float], scale: float, size: Size) -> Box:
    """Returns a box in whole pixels, within an image of this width and height, and at least one pixel large.

    scale: pixels of the image per unit of the edges.
    """
    left, top, right, bottom = (scale * edge for edge in edges)
    width, height = size
    first, last = round_side(left, right, width)
    upper, lower = round_side(top, bottom, height)
    return first, upper, last, lower


def round_side(start: float, end: float, length: int) -> tuple[int, int]:
    first = min(max(round(start), 0), length - 1)
    return first, min(max(round(end), first + 1), length)


def area(box: Box) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def side(square: Box) -> int:
    return square[2] - square[0]


def central_square(size: Size) -> Box:
    """Returns the central square of an image of this width and height."""
    width, height = size
    length = min(width, height)
    left, top = (width - length) // 2, (height - length) // 2
    return left, top, left + length, top + length


def square_around(box: Box, size: Size) -> Box:
    """Returns the square that shows the face in a box. At the edge of the image, it is moved inside.

    size: width and height of the image.
    """
    left, top, right, bottom = box
    height = bottom - top
    length = min(max(1, round(SQUARE_PER_HEIGHT * height)), *size)
    start = round((left + right - length) / 2)
    upper = round((top + bottom - length) / 2 - SQUARE_UP * height)
    start = min(max(start, 0), size[0] - length)
    upper = min(max(upper, 0), size[1] - length)
    return start, upper, start + length, upper + length


def scale_square(square: Box, size: Size, target: Size) -> Box:
    """Returns where a square of an image is in the same image of another size, again as a square.

    size, target: width and height of the image, before and after.
    """
    scale = min(target[0] / size[0], target[1] / size[1])
    length = min(max(1, round(side(square) * scale)), *target)
    left = min(round(square[0] * target[0] / size[0]), target[0] - length)
    top = min(round(square[1] * target[1] / size[1]), target[1] - length)
    return left, top, left + length, top + length


def scale_size(size: Size, scale: float) -> Size:
    """Returns a size with both sides scaled and rounded up, at least 1."""
    return max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale))
