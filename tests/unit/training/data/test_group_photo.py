"""The sample photos: they are drawn around sample faces, and drawing them again gives the committed ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.paths import ALL_SAMPLES, SAMPLES
from training.data import group_photo

# Gray levels. Other versions of Pillow and of its JPEG library round differently.
ROUNDING = 1.0


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return group_photo.write(SAMPLES, tmp_path_factory.mktemp("samples") / "photos")


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image, np.float32)


def test_drawing_them_again_gives_the_committed_photos(drawn: list[Path]) -> None:
    photos = ALL_SAMPLES / "photos"
    assert sorted(path.name for path in photos.iterdir()) == sorted(path.name for path in drawn)
    for path in drawn:
        assert np.abs(pixels(path) - pixels(photos / path.name)).mean() < ROUNDING, path.name


def test_they_are_small_enough_for_the_repository(drawn: list[Path]) -> None:
    assert all(path.stat().st_size < 150_000 for path in drawn)


def test_each_person_has_another_face() -> None:
    faces = [person.face for person in group_photo.PEOPLE]
    assert len(set(faces)) == len(faces)


def test_a_missing_face_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        group_photo.write(tmp_path, tmp_path / "photos")
    assert not (tmp_path / "photos").exists()
