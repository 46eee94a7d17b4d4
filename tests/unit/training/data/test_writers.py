"""Faces are written in the formats that training jobs read."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.fer2013 import random_faces
from training.data import writers
from training.data.fer2013 import CLASSES
from training.data.sources import Source


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def read_image(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def random_source(count: int) -> Source:
    faces = random_faces(count)
    return Source(faces, faces.images)


def ignore(count: int) -> None:
    """A progress callback that does nothing."""


def test_class_folders_have_every_face_in_both_sizes(tmp_path: Path, pool: Executor) -> None:
    source = random_source(150)
    faces = source.data
    written: list[int] = []
    writers.write_folders(source, tmp_path, "pad", "whole", pool, written.append)
    assert sum(written) == 2 * len(faces)
    for index in (0, 149):
        name = writers.relative_path(faces, index)
        assert (read_image(tmp_path / "FacialExpressions" / name) == faces.images[index]).all()
        large = read_image(tmp_path / "FacialExpressions_224by224_3channel" / name)
        assert (large[88:136, 88:136] == faces.images[index][..., None]).all()


def test_a_list_names_index_class_and_path_and_every_path_exists(tmp_path: Path, pool: Executor) -> None:
    source = random_source(70)
    writers.write_folders(source, tmp_path, "resize", "whole", pool, ignore)
    writers.write_list(source.data, np.array([9, 3]), tmp_path / "train.lst")
    lines = (tmp_path / "train.lst").read_text().splitlines()
    assert lines == ["9\t2\tfear/00009.png", "3\t3\thappy/00003.png"]
    assert all((tmp_path / "FacialExpressions" / line.split("\t")[2]).exists() for line in lines)


def test_recordio_is_the_same_from_existing_folders_and_from_newly_encoded_files(
    tmp_path: Path, pool: Executor
) -> None:
    source, selection = random_source(140), np.arange(139, 0, -2)
    writers.write_folders(source, tmp_path, "resize", "whole", pool, ignore)
    existing = writers.read_large_files(source.data, selection, tmp_path)
    writers.write_records(source.data, selection, existing, tmp_path / "existing.rec", ignore)
    encoded = writers.encode_large_files(source, selection, "resize", "whole", pool)
    writers.write_records(source.data, selection, encoded, tmp_path / "encoded.rec", ignore)
    assert (tmp_path / "existing.rec").read_bytes() == (tmp_path / "encoded.rec").read_bytes()


def test_a_channel_has_the_names_of_its_classes(tmp_path: Path) -> None:
    with np.load(writers.write_arrays(random_faces(14), tmp_path / "train"), allow_pickle=False) as arrays:
        assert arrays["classes"].tolist() == CLASSES
        assert arrays["images"].shape == (14, 48, 48)


def test_arrays_are_the_same_bytes_as_numpys_and_their_images_are_counted(tmp_path: Path) -> None:
    faces = random_faces(140)
    counted: list[int] = []
    path = writers.write_arrays(faces, tmp_path / "train", counted.append)
    np.savez_compressed(tmp_path / "numpy.npz", images=faces.images, labels=faces.labels, classes=np.array(CLASSES))
    assert path.read_bytes() == (tmp_path / "numpy.npz").read_bytes()
    assert sum(counted) == 140
