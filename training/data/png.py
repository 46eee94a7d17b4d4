"""Encodes images as PNG files: at their own size, or at the input size of SageMaker's built-in algorithm."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from mien.errors import Rejected
from mien.logic.pictures import BUILT_IN_SIZE, COLOR_224, encode_png, read_face
from training.data.image_files import FaceSource, read_one
from training.data.image_folder import shown

Fit = Literal["resize", "pad"]


def encode_small(image: np.ndarray) -> bytes:
    """Encodes an image, uint8 [size, size] or [size, size, 3], unchanged as a PNG."""
    return save_png(Image.fromarray(image))


def encode_large(original: np.ndarray | Path, faces: FaceSource = "whole") -> bytes:
    """Encodes an image as a PNG of 224x224 pixels, RGB, as it is served (`mien.logic.pictures`).

    original: a face, uint8 [48, 48], or the path of an image file.
    faces: as in `image_files.Reader`, for a file.

    Raises ValueError if the file can't be read any more.
    """
    if isinstance(original, np.ndarray):
        return encode_png(read_face(encode_small(original), COLOR_224))
    try:
        face = read_one(original.read_bytes(), COLOR_224, faces)
    except Rejected as error:
        raise ValueError(f"{shown(original)} has changed since it was read: {error.detail}") from None
    if face is None:
        raise ValueError(f"{shown(original)} has changed since it was read: it shows no face any more")
    return encode_png(face)


def encode_padded(image: np.ndarray) -> bytes:
    """Encodes an image of up to 224x224 pixels as a PNG of this size, RGB, centered on black, as the article did."""
    canvas = Image.new("RGB", (BUILT_IN_SIZE, BUILT_IN_SIZE))
    margin = (BUILT_IN_SIZE - len(image)) // 2
    canvas.paste(Image.fromarray(image).convert("RGB"), (margin, margin))
    return save_png(canvas)


def save_png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()
