"""Which faces are found in a photo, with a detector that answers plain values."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from mien.logic.crops import FoundFace
from mien.logic.detector import Detector
from mien.logic.faces import (
    DETECTION_SIDE,
    LARGE_FACE,
    LARGE_FACES_SIDE,
    MAX_ENLARGEMENT,
    MINIMUM_SCORE,
    TURN_MARGIN,
    UPRIGHT_SCORE,
    find_faces,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
GOOD = 0.95
EMPTY = (np.empty((0, 4), np.float32), np.empty(0, np.float32))


def answering(*faces: tuple[float, float, float, float, float]) -> Detector:
    """A detector that finds the same boxes in every image: left, top, right, bottom and score."""
    rows = np.array(faces, np.float32).reshape(-1, 5)
    return lambda image: (rows[:, :4], rows[:, 4])


def finding_red(score: float, score_if_sideways: float = 0.0) -> Detector:
    """A detector whose faces are red above green. It gives another score to red beside green."""

    def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        red, green = (np.argwhere((image == color).all(2)) for color in (RED, GREEN))
        if not len(red):
            return EMPTY
        (top, left), (bottom, right) = red.min(0), red.max(0) + 1
        is_upright = bool((green[:, 0] >= bottom).all())
        box = np.array([[left, top, right, bottom]], np.float32)
        return box, np.array([score if is_upright else score_if_sideways], np.float32)

    return detect


def portrait(size: tuple[int, int] = (DETECTION_SIDE, 96)) -> Image.Image:
    """A red rectangle of 20x30 pixels at (10, 5), and a green one below it. By default the copy has the same size."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (10, 5, 30, 35))
    image.paste(GREEN, (10, 35, 30, 60))
    return image


def boxes(faces: list[FoundFace]) -> list[tuple[float, ...]]:
    return [tuple(round(edge, 3) for edge in face.box) for face in faces]


def test_a_photo_in_which_the_detector_finds_nothing_has_no_face() -> None:
    assert find_faces(portrait(), answering()) == []


def test_the_largest_face_is_first() -> None:
    detector = answering((0, 0, 10, 12, GOOD), (50, 0, 80, 40, 0.7), (20, 20, 40, 45, 0.8))
    assert boxes(find_faces(portrait(), detector)) == [(50, 0, 80, 40), (20, 20, 40, 45), (0, 0, 10, 12)]


def test_of_boxes_that_overlap_the_one_with_the_highest_score_is_kept() -> None:
    face = (10.0, 10.0, 30.0, 40.0)
    detector = answering((9, 9, 31, 41, 0.8), (*face, GOOD), (12, 12, 30, 40, 0.7), (60, 10, 80, 40, GOOD))
    assert set(boxes(find_faces(portrait(), detector))) == {face, (60.0, 10.0, 80.0, 40.0)}


def test_neighbours_whose_boxes_touch_are_two_faces() -> None:
    assert len(find_faces(portrait(), answering((10, 10, 30, 40, GOOD), (25, 10, 45, 40, 0.9)))) == 2


def test_a_box_below_the_minimum_score_is_no_face() -> None:
    box = (10, 10, 30, 40)
    assert len(find_faces(portrait(), answering((*box, MINIMUM_SCORE + 0.001)))) == 1
    assert find_faces(portrait(), answering((*box, MINIMUM_SCORE - 0.001))) == []


def test_a_caller_can_ask_for_a_higher_score() -> None:
    detector = answering((10, 10, 30, 40, 0.9), (60, 10, 80, 40, 0.7))
    assert boxes(find_faces(portrait(), detector, minimum_score=0.8)) == [(10, 10, 30, 40)]


@pytest.mark.parametrize("box", [(np.nan, 0, 10, 10), (10, 10, 10, 40), (30, 10, 10, 40), (-20, 0, -5, 30)])
def test_a_box_without_area_in_the_photo_is_no_face(box: tuple[float, float, float, float]) -> None:
    assert find_faces(portrait(), answering((*box, GOOD))) == []


def test_a_box_that_reaches_beyond_the_photo_ends_at_its_edge() -> None:
    assert boxes(find_faces(portrait(), answering((1000, -5, 1100, np.inf, GOOD)))) == [(1000, 0, 1024, 96)]


@pytest.mark.parametrize(
    ("size", "side"), [((1000, 40), 1024), ((4000, 3000), 1024), ((48, 48), 48 * MAX_ENLARGEMENT), ((500, 60), 1024)]
)
def test_the_detector_sees_a_copy_with_sides_that_are_multiples_of_32(size: tuple[int, int], side: int) -> None:
    shapes = []

    def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shapes.append(image.shape)
        return answering((0, 0, 10, 10, GOOD))(image)

    find_faces(Image.new("L", size), detect)
    assert all(height % 32 == width % 32 == 0 and channels == 3 for height, width, channels in shapes)
    assert max(max(shape) for shape in shapes) <= DETECTION_SIDE
    assert -(-side // 32) * 32 in {max(shape) for shape in shapes}


def test_boxes_are_in_pixels_of_the_photo_and_not_of_the_copy() -> None:
    large = portrait((96, 64)).resize((96 * 40, 64 * 40), Image.Resampling.NEAREST)
    [(left, top, right, bottom)] = boxes(find_faces(large, finding_red(GOOD)))
    assert (left, top, right, bottom) == pytest.approx((400, 200, 1200, 1400), abs=8)


def test_the_small_copy_adds_only_large_faces() -> None:
    """Boxes of small faces are imprecise there, and would count as further faces."""
    photo = Image.new("RGB", (DETECTION_SIDE, DETECTION_SIDE))
    scale = DETECTION_SIDE / LARGE_FACES_SIDE

    def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if max(image.shape) == DETECTION_SIDE:
            return answering((0, 0, 20, 30, GOOD))(image)
        return answering((100, 100, 180, 200, 0.9), (200, 20, 220, 20 + LARGE_FACE - 1, 0.9))(image)

    assert boxes(find_faces(photo, detect)) == [
        tuple(edge * scale for edge in (100, 100, 180, 200)),
        (0, 0, 20, 30),
    ]


def turned_portraits() -> Iterator[tuple[int, Image.Image]]:
    """The turn that makes each photo upright, and the photo."""
    for turn, back in ((0, 0), (90, 270), (180, 180), (270, 90)):
        yield turn, portrait().rotate(back, expand=True)


@pytest.mark.parametrize(("turn", "photo"), list(turned_portraits()))
def test_a_face_that_is_not_upright_is_found_with_the_turn_that_makes_it_upright(turn: int, photo: Image.Image) -> None:
    [face] = find_faces(photo, finding_red(GOOD))
    assert face.turn == turn
    red = np.argwhere((np.asarray(photo) == RED).all(2))
    (top, left), (bottom, right) = red.min(0), red.max(0) + 1
    assert face.box == (left, top, right, bottom)
    assert face.height == 30


def test_the_direction_of_the_highest_score_wins_if_the_upright_score_is_low() -> None:
    sideways = portrait().rotate(90, expand=True)
    [face] = find_faces(sideways, finding_red(GOOD, score_if_sideways=UPRIGHT_SCORE - 0.01))
    assert face.turn == 270
    [face] = find_faces(sideways, finding_red(GOOD, score_if_sideways=UPRIGHT_SCORE))
    assert face.turn == 0


def test_a_photo_is_not_turned_for_a_score_that_is_hardly_higher() -> None:
    sideways = portrait().rotate(90, expand=True)
    [face] = find_faces(sideways, finding_red(0.8 + TURN_MARGIN - 0.01, score_if_sideways=0.8))
    assert face.turn == 0


def test_a_face_can_be_scaled_to_a_larger_copy_of_the_photo() -> None:
    face = FoundFace((1, 2, 3, 5), GOOD, 90).scaled(4)
    assert face == FoundFace((4, 8, 12, 20), GOOD, 90)
    assert face.area == 96
