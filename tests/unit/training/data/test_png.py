"""Faces are encoded as PNG files in two sizes."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from mien.logic import pictures as serving
from tests.support.fer2013 import random_faces
from training.data.parallel import CHUNK, map_in_parallel
from training.data.png import encode_large, encode_padded, encode_small


def decode(file: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)


def test_a_small_file_has_the_pixels_of_the_face() -> None:
    image = random_faces(1).images[0]
    assert (decode(encode_small(image)) == image).all()


def test_a_padded_face_is_in_the_middle_of_black() -> None:
    image = random_faces(1).images[0]
    large = decode(encode_padded(image))
    assert large.shape == (224, 224, 3)
    # A margin of 88 black pixels on each side.
    assert (large[88:136, 88:136] == image[..., None]).all()
    assert large.sum() == 3 * int(image.sum())


def test_an_enlarged_face_has_the_pixels_that_serving_sends_to_the_endpoint() -> None:
    image = random_faces(1).images[0]
    served = serving.read_face(encode_small(image), serving.COLOR_224)
    assert decode(encode_large(image)).tobytes() == served.pixels


def test_files_that_are_encoded_in_parallel_keep_the_order_of_the_images() -> None:
    images = random_faces(5 * CHUNK + 1).images
    with ThreadPoolExecutor(2) as pool:
        files = list(map_in_parallel(np.ndarray.tobytes, images, pool))
    assert files == [image.tobytes() for image in images]
