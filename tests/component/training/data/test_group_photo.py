"""The detector finds the faces of the sample photos."""

import functools
from pathlib import Path

import pytest

from local.paths import ALL_SAMPLES, DETECTOR
from mien.logic.detector import load_detector
from mien.logic.faces import find_faces
from mien.logic.pictures import GRAY_48, Find, Picture, read_picture
from training.data.group_photo import PEOPLE

PHOTOS = ALL_SAMPLES / "photos"


@pytest.fixture(scope="module")
def find() -> Find:
    return functools.partial(find_faces, detect=load_detector(DETECTOR))


def read(path: Path, find: Find) -> Picture:
    return read_picture(path.read_bytes(), GRAY_48, find)


def test_it_finds_every_face_of_the_group_and_no_other(find: Find) -> None:
    boxes = [face.box for face in read(PHOTOS / "group.jpg", find).faces]
    found = [
        [person.face for person in PEOPLE if left < person.x < right and top < person.y < bottom]
        for left, top, right, bottom in boxes
    ]
    assert sorted(found) == sorted([person.face] for person in PEOPLE)


def test_it_is_certain_of_each_one_and_all_are_large_enough_for_a_label(find: Find) -> None:
    for face in read(PHOTOS / "group.jpg", find).faces:
        assert face.face
        assert face.score
        assert face.score > 0.9


def test_it_finds_no_face_in_the_empty_studio(find: Find) -> None:
    assert read(PHOTOS / "studio.jpg", find).faces == ()
