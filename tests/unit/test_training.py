"""FER2013's csv → arrays → the channels of a training job."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from local.cloud import MODEL
from mien.expressions import LABELS
from training.evaluate import measure, wilson
from training.fer2013 import Faces, read
from training.prepare import split, without, write, write_images

CHANCE = np.random.default_rng(0)


def row(label: object, pixels: object) -> str:
    return f"{label},{pixels}"


def pixels(level: int, count: int = 48 * 48) -> str:
    return " ".join([str(level)] * count)


def csv(path: Path, *rows: str, header: str = "emotion,pixels") -> Path:
    text = "\n".join([header, *rows]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def some_faces(count: int) -> Faces:
    return Faces(CHANCE.integers(0, 256, (count, 48, 48), np.uint8), np.arange(count) % len(LABELS))


@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
def test_a_row_is_a_face(name: str, tmp_path: Path) -> None:
    faces, bad = read(csv(tmp_path / name, row(3, pixels(7)), row(0, pixels(255))))
    assert bad == []
    assert faces.images.dtype == np.uint8
    assert faces.images.shape == (2, 48, 48)
    assert (faces.images[0] == 7).all()
    assert faces.labels.tolist() == [3, 0]


def test_the_form_with_usage_is_read_too(tmp_path: Path) -> None:
    path = csv(tmp_path / "fer2013.csv", f"{row(3, pixels(7))},Training", header="emotion,pixels,Usage")
    assert len(read(path)[0]) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(7, pixels(0)), "emotion is '7', not a number from 0 to 6"),
        (row("x", pixels(0)), "emotion is 'x'"),
        (row(-1, pixels(0)), "emotion is '-1'"),
        (row(0, pixels(0, 2303)), "2303 pixels, not 2304"),
        (row(0, pixels(256)), "a pixel of 256"),
        (row(0, pixels(-1)), "a pixel of -1"),
        (row(0, pixels(0)[:-1] + "x"), "not a number"),
        (row(0, ""), "empty"),
        ("", "empty"),
        ("3", "empty"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_reason(bad: str, reason: str, tmp_path: Path) -> None:
    faces, rows = read(csv(tmp_path / "train.csv", row(1, pixels(1)), bad, row(2, pixels(2))))
    assert faces.labels.tolist() == [1, 2]
    [named] = rows
    assert named.line == 3
    assert reason in named.reason


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no columns"):
        read(csv(tmp_path / "other.csv", header="a,b"))


def test_the_split_is_stratified_and_seeded() -> None:
    faces = some_faces(700)
    training, validation = split(faces, 0.1, seed=1)
    assert np.bincount(validation.labels).tolist() == [10] * len(LABELS)
    assert len(training) == 630
    again, _ = split(faces, 0.1, seed=1)
    assert (again.images == training.images).all()
    other, _ = split(faces, 0.1, seed=2)
    assert not (other.images == training.images).all()


def test_prints_of_one_face_stay_on_one_side() -> None:
    faces = some_faces(140)
    doubled = Faces(np.concatenate([faces.images] * 3), np.concatenate([faces.labels] * 3))
    training, validation = split(doubled, 0.2, seed=0)
    assert len(training) + len(validation) == len(doubled)
    assert not set(training.digests()) & set(validation.digests())


def test_faces_of_the_test_are_taken_out_of_the_training() -> None:
    faces = some_faces(50)
    kept = without(faces, Faces(faces.images[10:20], faces.labels[10:20]))
    assert (kept.images == np.delete(faces.images, np.s_[10:20], 0)).all()


def test_a_channel_carries_the_names_of_its_classes(tmp_path: Path) -> None:
    with np.load(write(some_faces(14), tmp_path / "train"), allow_pickle=False) as arrays:
        assert arrays["classes"].tolist() == list(LABELS)
        assert arrays["images"].shape == (14, 48, 48)


def test_images_are_written_to_the_pixel(tmp_path: Path) -> None:
    from PIL import Image

    faces = some_faces(8)
    assert write_images(faces, tmp_path) == 8
    assert (np.asarray(Image.open(tmp_path / "angry" / "00007.png")) == faces.images[7]).all()


def test_a_models_figures_add_up() -> None:
    figures = measure(some_faces(35), MODEL)
    counts = np.array(figures["confusion"]["counts"])
    assert counts.sum() == 35
    assert figures["accuracy"] == pytest.approx(counts.diagonal().sum() / 35, abs=1e-4)


def test_the_interval_is_wilsons() -> None:
    # By hand: 8 of 10.
    assert wilson(8, 10) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
