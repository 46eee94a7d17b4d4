"""Encodes faces as PNG files: at their own size, or at the input size of SageMaker's built-in algorithm."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Literal

import numpy as np
from PIL import Image

from mien.logic.pictures import BUILT_IN_SIZE, COLOR_224, FACE_SIZE, encode_png, read_face

Fit = Literal["resize", "pad"]
Encoder = Callable[[np.ndarray], bytes]

# Images per task of the process pool: enough to keep a process busy, and few enough that the encoded files, which wait
# in memory until they are written, stay small.
CHUNK = 64


def encode_small(image: np.ndarray) -> bytes:
    """Encodes a face, uint8 [48, 48], unchanged as a grayscale PNG."""
    return save_png(Image.fromarray(image))


def encode_large(image: np.ndarray, fit: Fit) -> bytes:
    """Encodes a face, uint8 [48, 48], as a PNG of 224x224 pixels, RGB.

    fit: "resize" enlarges it as serving does (`mien.logic.pictures`); "pad" centers it on black, as the article did.
    """
    if fit == "resize":
        return encode_png(read_face(encode_small(image), COLOR_224))
    canvas = Image.new("RGB", (BUILT_IN_SIZE, BUILT_IN_SIZE))
    margin = (BUILT_IN_SIZE - FACE_SIZE) // 2
    canvas.paste(Image.fromarray(image).convert("RGB"), (margin, margin))
    return save_png(canvas)


def save_png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def encode_in_parallel(images: np.ndarray, encode: Encoder, pool: Executor) -> Iterator[bytes]:
    """Encodes images, uint8 [n, 48, 48], in the pool, and yields the files in the order of the images.

    At most two chunks per core are in progress, so memory does not grow with n. A pool of processes uses all cores.
    """
    limit = 2 * (os.cpu_count() or 1)
    waiting = deque(images[i : i + CHUNK] for i in range(0, len(images), CHUNK))
    running: deque[Future[list[bytes]]] = deque()
    while waiting or running:
        while waiting and len(running) < limit:
            running.append(pool.submit(encode_chunk, waiting.popleft(), encode))
        yield from running.popleft().result()


def encode_chunk(images: np.ndarray, encode: Encoder) -> list[bytes]:
    return [encode(image) for image in images]
