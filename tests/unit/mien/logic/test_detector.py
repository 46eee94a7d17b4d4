"""The committed face detector, in the functions' code: what it answers, and the faces that it finds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.paths import DETECTOR, SAMPLES
from mien.logic.detector import Detector, load_detector
from mien.logic.faces import find_faces
from mien.logic.orientation import TURNS

FACES = sorted(SAMPLES.rglob("1.png"))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(DETECTOR)


def picture(*faces: Path) -> Image.Image:
    """Faces of 96 pixels, beside one another on gray, with their left upper corners at (60 + 150 n, 50)."""
    image = Image.new("RGB", (60 + 150 * len(faces), 220), (120, 110, 100))
    for index, path in enumerate(faces):
        image.paste(Image.open(path).resize((96, 96), Image.Resampling.BICUBIC), (60 + 150 * index, 50))
    return image


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 160)])
def test_it_answers_a_box_and_a_score_per_cell_of_three_levels(detector: Detector, height: int, width: int) -> None:
    boxes, scores = detector(np.zeros((height, width, 3), np.uint8))
    cells = sum(height * width // stride**2 for stride in (8, 16, 32))
    assert boxes.shape == (cells, 4)
    assert scores.shape == (cells,)
    assert boxes.dtype == scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("path", FACES, ids=lambda path: path.parent.name)
def test_a_sample_face_in_a_picture_is_found_where_it_is(detector: Detector, path: Path) -> None:
    [face] = find_faces(picture(path), detector)
    left, top, right, bottom = face.box
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((108, 98), abs=10)
    assert face.height == pytest.approx(96, rel=0.25)
    assert face.turn == 0


def test_all_faces_of_a_picture_are_found(detector: Detector) -> None:
    assert len(find_faces(picture(*FACES), detector)) == len(FACES)


@pytest.mark.parametrize("turn", TURNS)
def test_faces_of_a_picture_that_is_not_upright_are_found_with_their_direction(detector: Detector, turn: int) -> None:
    back = picture(*FACES).transpose(TURNS[360 - turn])
    found = find_faces(back, detector)
    assert len(found) == len(FACES)
    assert {face.turn for face in found} == {turn}


def test_a_picture_without_a_face_has_none(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    for image in (picture(), Image.new("L", (500, 300), 255), Image.fromarray(noise)):
        assert find_faces(image, detector) == []
