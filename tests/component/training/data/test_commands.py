"""`python -m training prepare` and `--version`, as people run them."""

from pathlib import Path

import numpy as np
import pytest

import mien
from tests.support.fer2013 import (
    VOTES_HEADER,
    random_faces,
    run_training,
    uniform_pixels,
    write_csv,
    write_faces_csv,
)
from training.data.fer2013 import CLASSES, read_faces
from training.data.labelled_images import LabelledImages


@pytest.fixture(scope="module")
def train_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faces_csv(tmp_path_factory.mktemp("csv") / "train.csv", random_faces(140), "Training")


def test_prepare_writes_all_formats_and_a_second_run_writes_the_same_files(train_csv: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for output in (first, second, second):
        result = run_training("prepare", train_csv, "--output", output, "--folders", "--records")
        assert result.returncode == 0, result.stderr
    names = sorted(p.relative_to(first).as_posix() for p in first.rglob("*") if p.is_file())
    assert len([name for name in names if name.endswith(".png")]) == 2 * 140
    assert [name for name in names if not name.endswith(".png")] == [
        "data.json", "train.idx", "train.lst", "train.rec", "train/data.json", "train/faces.npz",
        "validation.idx", "validation.lst", "validation.rec", "validation/faces.npz",
    ]  # fmt: skip
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert len((first / "validation.lst").read_text().splitlines()) == 28


def test_prepare_reports_invalid_rows_and_writes_nothing_unless_they_are_skipped(tmp_path: Path) -> None:
    valid = [f"{i % 7},{uniform_pixels(i)}" for i in range(35)]
    bad = write_csv(tmp_path / "train.csv", valid[0], f"7,{uniform_pixels(0)}", *valid[1:])
    result = run_training("prepare", bad, "--output", tmp_path / "out")
    assert result.returncode == 1
    assert "line 3: emotion is '7'" in result.stderr
    assert not (tmp_path / "out").exists()
    options = ("--output", tmp_path / "out", "--skip-bad")
    result = run_training("prepare", bad, *options)
    assert result.returncode == 0, result.stderr
    assert "train.csv: 35 faces, 1 invalid rows skipped" in result.stdout


def test_prepare_reports_an_invalid_option_without_a_traceback(train_csv: Path, tmp_path: Path) -> None:
    result = run_training("prepare", train_csv, "--output", tmp_path / "out", "--share", "joy=0.5")
    assert result.returncode == 1
    assert "'joy' is not a class of this data" in result.stderr
    assert "Traceback" not in result.stderr


def test_prepare_excludes_the_test_rows_of_a_csv_from_its_training_rows(tmp_path: Path) -> None:
    rows = [f"{i % 7},{uniform_pixels(i)},Training" for i in range(35)] + [f"3,{uniform_pixels(2)},PublicTest"]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    options = ("--output", tmp_path / "out")
    result = run_training("prepare", path, "--exclude", path, *options)
    assert result.returncode == 0, result.stderr
    assert "1 images are also in fer2013.csv and are excluded" in result.stdout


def test_prepare_writes_the_votes_of_each_face(train_csv: Path, tmp_path: Path) -> None:
    votes = write_csv(tmp_path / "votes.csv", *(f"{i}" + ",0" * 9 for i in range(140)), header=VOTES_HEADER)
    options = ("--output", tmp_path / "out")
    result = run_training("prepare", train_csv, "--votes", votes, *options)
    assert result.returncode == 0, result.stderr
    faces, _ = read_faces(train_csv)
    for channel in ("train", "validation"):
        with np.load(tmp_path / "out" / channel / "faces.npz", allow_pickle=False) as arrays:
            for image, count in zip(arrays["images"], arrays["votes"][:, 0], strict=True):
                assert (faces.images[count] == image).all()


def with_usages(path: Path, *usages: str) -> Path:
    """A CSV of 70 different faces whose values of Usage are these, in turn."""
    rows = [f"{i % 7},{uniform_pixels(i)},{usages[i % len(usages)]}" for i in range(70)]
    return write_csv(path, *rows, header="emotion,pixels,Usage")


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.gz"])
def test_prepare_uses_only_training_rows_of_a_file_with_a_byte_order_mark(name: str, tmp_path: Path) -> None:
    usages = ["Training"] * 5 + ["PublicTest", "PrivateTest"]
    rows = [f"{usages[i % 7]},{i // 10},{uniform_pixels(i)}" for i in range(70)]
    path = write_csv(tmp_path / name, *rows, header="\ufeffUsage,emotion,pixels")
    result = run_training("prepare", path, "--output", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert f"{name}: 50 faces, left out: 10 PublicTest, 10 PrivateTest" in result.stdout


@pytest.mark.parametrize(
    ("usages", "reason"),
    [
        (["Train", "Training"], "'Train' in 35 rows"),
        (["PublicTest"], "has no faces with Usage Training: left out: 70 PublicTest"),
    ],
)
def test_prepare_keeps_earlier_files_if_there_is_nothing_to_write(
    usages: list[str], reason: str, train_csv: Path, tmp_path: Path
) -> None:
    options = ("--output", tmp_path / "out")
    assert run_training("prepare", train_csv, *options).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.npz")}
    result = run_training("prepare", with_usages(tmp_path / "fer2013.csv", *usages), *options)
    assert result.returncode == 1
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.npz")} == before


def test_prepare_without_any_format_is_an_error(train_csv: Path, tmp_path: Path) -> None:
    result = run_training("prepare", train_csv, "--no-arrays")
    assert result.returncode == 1
    assert "there is nothing to write" in result.stderr


def test_images_and_composites_of_too_few_faces_are_errors_without_a_traceback(tmp_path: Path) -> None:
    empty = write_csv(tmp_path / "empty.csv")
    for csv, command, reason in (
        (empty, "images", "empty.csv has no faces: it has no rows"),
        (empty, "composites", "empty.csv has no faces: it has no rows"),
        (with_usages(tmp_path / "few.csv", "Training"), "composites", "no class has 30 different faces"),
    ):
        result = run_training(command, csv, "--output", tmp_path / "out")
        assert result.returncode == 1
        assert reason in result.stderr
        assert "Traceback" not in result.stderr
        assert not (tmp_path / "out").exists()


def test_composites_names_the_classes_that_have_too_few_faces(tmp_path: Path) -> None:
    faces = random_faces(40)
    angry = write_faces_csv(
        tmp_path / "angry.csv", LabelledImages(faces.images, np.zeros(40, np.int64), CLASSES), "Training"
    )
    result = run_training("composites", angry, "--output", tmp_path / "out", "--per-class", "1")
    assert result.returncode == 0, result.stderr
    assert "angry: " not in result.stdout
    assert "disgust: 0 of 1 composites, because it has too few different faces" in result.stdout


def test_brackets_in_the_name_of_a_file_are_printed(train_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "train [copy].csv").write_bytes(train_csv.read_bytes())
    result = run_training("images", tmp_path / "train [copy].csv", "--output", tmp_path / "a[b]", "--limit", "1")
    assert "train [copy].csv: 140 faces" in result.stdout
    assert "1 images written to" in result.stdout
    assert "a[b]" in result.stdout


def test_uploading_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    result = run_training("upload", tmp_path, "s3://my-bucket/fer2013")
    assert result.returncode == 1
    assert "has no files to send" in result.stderr


def test_the_command_line_prints_its_version() -> None:
    assert run_training("--version").stdout == f"mien {mien.__version__}\n"


def test_photos_draws_the_sample_photos_around_the_sample_faces(tmp_path: Path) -> None:
    result = run_training("photos", "--output", tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.replace("\n", "") == f"{tmp_path / 'group.jpg'}{tmp_path / 'studio.jpg'}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["group.jpg", "studio.jpg"]
