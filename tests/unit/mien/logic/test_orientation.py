"""How images are turned, and where a part of the upright image is in the file."""

import numpy as np
import pytest
from PIL import Image

from mien.logic.orientation import TRANSPOSITIONS, UPRIGHT, box_in_file, turn_image, turn_size

STORED = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8))


@pytest.mark.parametrize("orientation", [UPRIGHT, *TRANSPOSITIONS])
def test_a_box_of_the_upright_image_has_the_same_pixels_in_the_file(orientation: int) -> None:
    turn = TRANSPOSITIONS.get(orientation)
    upright, box = turn_image(STORED, turn), (3, 5, 17, 24)
    assert upright.size == turn_size(STORED.size, orientation)
    in_file = STORED.crop(box_in_file(box, STORED.size, orientation))
    assert turn_image(in_file, turn).tobytes() == upright.crop(box).tobytes()
