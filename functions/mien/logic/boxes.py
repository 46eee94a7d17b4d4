"""Boxes and squares in images: left, top, right and bottom in whole pixels; right and bottom are exclusive."""

import math

from mien.logic.orientation import Box

Size = tuple[int, int]


def round_box(edges: tuple[float, float, float, float], size: Size) -> Box:
    """Returns a box in whole pixels, within an image of this width and height, and at least one pixel large."""
    left, top, right, bottom = edges
    width, height = size
    first, last = round_side(left, right, width)
    upper, lower = round_side(top, bottom, height)
    return first, upper, last, lower


def round_side(start: float, end: float, length: int) -> tuple[int, int]:
    first = min(max(round(start), 0), length - 1)
    return first, min(max(round(end), first + 1), length)


def central_square(size: Size) -> Box:
    """Returns the central square of an image of this width and height."""
    width, height = size
    length = min(width, height)
    left, top = (width - length) // 2, (height - length) // 2
    return left, top, left + length, top + length


def scale_square(square: Box, scale: float) -> Box:
    """Returns where a square of an image is in the same image of another size, again as a square."""
    left, top, right, _ = square
    side = max(1, round((right - left) * scale))
    return round(left * scale), round(top * scale), round(left * scale) + side, round(top * scale) + side


def inside(box: Box, size: Size) -> Box:
    """Returns the part of a box that is in an image of this width and height, or at least the nearest pixel."""
    left, top = (min(max(0, edge), length - 1) for edge, length in zip(box[:2], size, strict=True))
    right, bottom = min(size[0], box[2]), min(size[1], box[3])
    return left, top, max(left + 1, right), max(top + 1, bottom)


def reduced(size: Size, pixels: int) -> Size:
    """Returns the size of a copy with at least so many pixels, or the size itself if it has fewer."""
    return scale_size(size, min(1.0, math.sqrt(pixels / (size[0] * size[1]))))


def scale_size(size: Size, scale: float) -> Size:
    """Returns a size with both sides scaled and rounded up, at least 1."""
    return max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale))
