"""`python -m training evaluate`, as people run it."""

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from local.paths import MODEL
from tests.support.fer2013 import random_faces, run_training, uniform_pixels, write_csv, write_faces_csv
from training.data.fer2013 import CLASSES
from training.data.writers import write_arrays


def test_evaluate_writes_a_card_figures_and_plots(tmp_path: Path) -> None:
    faces, report, model = random_faces(70), tmp_path / "report", tmp_path / "model"
    test = write_faces_csv(tmp_path / "test.csv", faces, "PublicTest")
    train = write_faces_csv(tmp_path / "train.csv", faces[np.arange(5)], "Training")
    without_training_rows = write_faces_csv(tmp_path / "others.csv", faces[np.arange(9)], "PrivateTest")
    training_set = random_faces(14)
    write_arrays(training_set, tmp_path / "channel")
    model.mkdir()
    shutil.copy(MODEL / "model.onnx", model)
    contract = json.loads((MODEL / "model.json").read_text())
    contract["training"]["faces_sha256"] = training_set.sha256()
    (model / "model.json").write_text(json.dumps(contract))

    result = run_training(
        "evaluate", test, "--model", model, "--train", train, "--train", without_training_rows,
        "--trained-on", tmp_path / "channel", "--report", report, "--mistakes", report / "mistakes.png",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "5 images are also among the 5 training rows, 0 of them with another label" in result.stdout
    assert "0 images are among the 14 that the model was trained on" in result.stdout
    assert {p.name for p in report.iterdir()} == {
        "README.md", "test.json", "confusion.png", "reliability.png", "mistakes.png",
    }  # fmt: skip
    for name in ("confusion.png", "reliability.png", "mistakes.png"):
        with Image.open(report / name) as image:
            assert np.asarray(image).std() > 10
    assert all(label in (report / "README.md").read_text() for label in CLASSES)
    duplicates = json.loads((report / "test.json").read_text())["duplicates"]
    assert duplicates["within"] == {"images": 0, "contradictory": 0}
    assert (duplicates["training"]["found"], duplicates["training"]["without"]["images"]) == (5, 65)
    assert duplicates["trained_on"]["found"] == 0


def test_evaluate_measures_the_rows_of_one_usage_in_any_case(tmp_path: Path) -> None:
    rows = [f"{usage},{i % 7},{uniform_pixels(i)}" for i, usage in enumerate(["Training"] * 5 + ["PublicTest"] * 9)]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="\ufeffUsage,emotion,pixels")
    result = run_training("evaluate", path, "--usage", "publictest")
    assert result.returncode == 0, result.stderr
    assert "fer2013.csv: 9 faces, left out: 5 Training" in result.stdout


def test_evaluate_without_faces_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    test = write_faces_csv(tmp_path / "test.csv", random_faces(7), "PublicTest")
    for options, status, reason in (
        (("--usage", "PrivateTest"), 1, "test.csv has no faces with Usage PrivateTest: left out: 7 PublicTest"),
        (("--usage", "Test"), 2, "'Test' is not one of 'training', 'publictest', 'privatetest'"),
        (("--train", test), 1, "no training rows in"),
    ):
        result = run_training("evaluate", test, *options)
        assert result.returncode == status
        assert reason in result.stderr
        assert "Traceback" not in result.stderr


def test_evaluate_reports_a_folder_that_the_model_was_not_trained_on(tmp_path: Path) -> None:
    faces = random_faces(7)
    write_arrays(faces, tmp_path)
    result = run_training(
        "evaluate", write_faces_csv(tmp_path / "test.csv", faces, "PublicTest"), "--trained-on", tmp_path
    )
    assert result.returncode == 1
    assert "was not trained on these images" in result.stderr
    assert "Traceback" not in result.stderr
