"""Which faces `prepare` selects, before anything is written."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import FERPLUS_HEADER, VOTES_HEADER, random_faces, uniform_pixels, write_csv, write_faces_csv
from training.data.fer2013 import CLASSES, read_faces
from training.data.output import count_images
from training.data.preparation import Preparation
from training.data.selection import Selected, select


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faces_csv(tmp_path_factory.mktemp("csv") / "fer2013.csv", random_faces(140), "Training")


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def ignore(message: str) -> None:
    """A log callback that does nothing."""


Select = Callable[..., Selected]


@pytest.fixture(scope="module")
def select_images(pool: Executor) -> Select:
    return lambda preparation, log=ignore: select(preparation, pool, log)


def test_the_channels_share_the_faces_and_hold_out_the_validation_share(
    csv: Path, tmp_path: Path, select_images: Select
) -> None:
    messages: list[str] = []
    selected = select_images(Preparation(csv, tmp_path, validation=0.1), messages.append)
    assert {channel: len(selection) for channel, selection in selected.channels.items()} == {
        "train": 126,
        "validation": 14,
    }
    assert selected.class_counts(0) == [18, 2]
    assert messages == ["fer2013.csv: 140 faces"]


def test_limits_apply_to_the_channel_that_they_name(csv: Path, tmp_path: Path, select_images: Select) -> None:
    preparation = Preparation(csv, tmp_path, share={"happy": 0.5}, training_cap=10, validation_cap=1)
    selected = select_images(preparation)
    assert selected.class_counts(3) == [8, 1]
    assert selected.class_counts(0) == [10, 1]


def test_a_csv_with_training_and_test_rows_can_exclude_its_own_test_rows(tmp_path: Path, select_images: Select) -> None:
    rows = [f"{i % 7},{uniform_pixels(i)},Training" for i in range(35)] + [f"3,{uniform_pixels(2)},PublicTest"]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    messages: list[str] = []
    selected = select_images(Preparation(path, tmp_path, exclude=path), messages.append)
    assert len(selected.data) == 34
    assert messages[-1] == "1 images are also in fer2013.csv and are excluded"


def test_each_face_keeps_its_own_votes(tmp_path: Path, select_images: Select) -> None:
    faces = random_faces(140)
    path = write_faces_csv(tmp_path / "train.csv", faces, "Training")
    votes = write_csv(tmp_path / "votes.csv", *(f"{i},0" + ",0" * 8 for i in range(140)), header=VOTES_HEADER)
    selected = select_images(Preparation(path, tmp_path, votes=votes))
    for selection in selected.channels.values():
        channel = selected.data[selection]
        assert channel.votes is not None
        assert (channel.images == faces.images[channel.votes[:, 0]]).all()


def test_fewer_votes_than_faces_are_an_error_that_names_both_files(
    csv: Path, tmp_path: Path, select_images: Select
) -> None:
    votes = write_csv(tmp_path / "few.csv", *("10" + ",0" * 9 for _ in range(139)), header=VOTES_HEADER)
    with pytest.raises(ValueError, match=r"few\.csv has votes for 139 faces, but fer2013\.csv has 140"):
        select_images(Preparation(csv, tmp_path, votes=votes))


def test_rows_of_votes_that_are_left_out_are_counted(csv: Path, tmp_path: Path, select_images: Select) -> None:
    rows = ["Training,a.png" + ",1" * 10] * 140 + ["PublicTest,b.png" + ",1" * 10] * 2
    votes = write_csv(tmp_path / "votes.csv", *rows, header=FERPLUS_HEADER)
    messages: list[str] = []
    select_images(Preparation(csv, tmp_path, votes=votes), messages.append)
    assert messages[-1] == "votes.csv: votes for 140 faces, left out: 2 PublicTest"


def test_a_file_to_exclude_without_test_rows_is_an_error(csv: Path, tmp_path: Path, select_images: Select) -> None:
    with pytest.raises(
        ValueError, match=r"fer2013\.csv has no faces with Usage PrivateTest or PublicTest: left out: 140"
    ):
        select_images(Preparation(csv, tmp_path, exclude=csv))


def test_excluding_all_faces_is_an_error(csv: Path, tmp_path: Path, select_images: Select) -> None:
    faces, _ = read_faces(csv)
    others = write_faces_csv(tmp_path / "test.csv", faces, "publictest")
    with pytest.raises(ValueError, match=r"all images of .*fer2013\.csv are also in .*test\.csv, so none are left"):
        select_images(Preparation(csv, tmp_path, exclude=others))


def test_a_channel_without_faces_is_an_error_that_names_it(csv: Path, tmp_path: Path, select_images: Select) -> None:
    with pytest.raises(ValueError, match="validation would have 0 of 140 images"):
        select_images(Preparation(csv, tmp_path, validation=0.01))
    nobody = dict.fromkeys(CLASSES, 0.0)
    with pytest.raises(ValueError, match="train would have 0 of 140 images"):
        select_images(Preparation(csv, tmp_path, share=nobody))


def test_the_count_of_images_depends_on_the_formats(csv: Path, tmp_path: Path, select_images: Select) -> None:
    selected = select_images(Preparation(csv, tmp_path))
    train, validation = selected.channels.values()
    assert np.intersect1d(train, validation).size == 0
    assert count_images(selected, Preparation(csv, tmp_path)) == 140
    assert count_images(selected, Preparation(csv, tmp_path, folders=True, arrays=False)) == 2 * 140
    assert count_images(selected, Preparation(csv, tmp_path, folders=True, records=True)) == 4 * 140
