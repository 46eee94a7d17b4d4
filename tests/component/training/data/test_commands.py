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
from training.data.fer2013 import read_faces


@pytest.fixture(scope="module")
def train_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faces_csv(tmp_path_factory.mktemp("csv") / "train.csv", random_faces(140), "Training")


def test_prepare_writes_all_formats_and_a_second_run_writes_the_same_files(train_csv: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for output in (first, second, second):
        result = run_training("prepare", train_csv, "--output", output)
        assert result.returncode == 0, result.stderr
    names = sorted(p.relative_to(first).as_posix() for p in first.rglob("*") if p.is_file())
    assert len([name for name in names if name.endswith(".png")]) == 2 * 140
    assert [name for name in names if not name.endswith(".png")] == [
        "train.idx", "train.lst", "train.rec", "train/faces.npz",
        "validation.idx", "validation.lst", "validation.rec", "validation/faces.npz",
    ]  # fmt: skip
    for name in names:
        if not name.endswith(".npz"):
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert len((first / "validation.lst").read_text().splitlines()) == 28


def test_prepare_reports_invalid_rows_and_writes_nothing_unless_they_are_skipped(tmp_path: Path) -> None:
    bad = write_csv(tmp_path / "train.csv", f"1,{uniform_pixels(1)}", f"7,{uniform_pixels(0)}")
    result = run_training("prepare", bad, "--output", tmp_path / "out")
    assert result.returncode == 1
    assert "line 3: emotion is '7'" in result.stderr
    assert not (tmp_path / "out").exists()
    options = ("--output", tmp_path / "out", "--skip-bad", "--no-folders", "--no-records")
    assert "1 invalid rows skipped" in run_training("prepare", bad, *options).stdout


def test_prepare_reports_an_invalid_option_without_a_traceback(train_csv: Path, tmp_path: Path) -> None:
    result = run_training("prepare", train_csv, "--output", tmp_path / "out", "--share", "joy=0.5")
    assert result.returncode == 1
    assert "'joy=0.5' is not CLASS=SHARE" in result.stderr
    assert "Traceback" not in result.stderr


def test_prepare_excludes_the_test_rows_of_a_csv_from_its_training_rows(tmp_path: Path) -> None:
    rows = [f"{label},{uniform_pixels(label)},Training" for label in range(7)] + [f"3,{uniform_pixels(2)},PublicTest"]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    options = ("--output", tmp_path / "out", "--no-folders", "--no-records")
    result = run_training("prepare", path, "--exclude", path, *options)
    assert result.returncode == 0, result.stderr
    assert "1 faces are also in fer2013.csv and are excluded" in result.stdout


def test_prepare_writes_the_votes_of_each_face(train_csv: Path, tmp_path: Path) -> None:
    votes = write_csv(tmp_path / "votes.csv", *(f"{i}" + ",0" * 9 for i in range(140)), header=VOTES_HEADER)
    options = ("--no-folders", "--no-records", "--output", tmp_path / "out")
    result = run_training("prepare", train_csv, "--votes", votes, *options)
    assert result.returncode == 0, result.stderr
    faces, _ = read_faces(train_csv)
    for channel in ("train", "validation"):
        with np.load(tmp_path / "out" / channel / "faces.npz", allow_pickle=False) as arrays:
            for image, count in zip(arrays["images"], arrays["votes"][:, 0], strict=True):
                assert (faces.images[count] == image).all()


def test_the_command_line_prints_its_version() -> None:
    assert run_training("--version").stdout == f"mien {mien.__version__}\n"
