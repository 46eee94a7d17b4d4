"""What is said of a model: its figures, what they rest on, and its card."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.paths import MODEL, ROOT
from mien.logic.labels import LABELS
from training.data.fer2013 import Faces
from training.data.writers import write_arrays
from training.evaluation.card import card
from training.evaluation.measure import (
    calibration_error,
    loaded,
    measure,
    near,
    overlap,
    probabilities,
    repeats,
    seen,
    sha256,
    trained_on,
    wilson,
)

CHANCE = np.random.default_rng(0)


def some_faces(count: int) -> Faces:
    """Of every class in turn; no two alike."""
    return Faces(CHANCE.integers(0, 256, (count, 48, 48), np.uint8), np.arange(count) % len(LABELS))


def sure_of(labels: list[int]) -> np.ndarray:
    """Probabilities, float32 [n, classes]: of these labels 0.94, of each other one 0.01."""
    return np.where(np.eye(len(LABELS))[labels] == 1, 0.94, 0.01).astype(np.float32)


def test_a_models_figures_add_up() -> None:
    faces, model = some_faces(35), loaded(MODEL)
    figures = measure(faces, probabilities(faces.images, model), model)
    counts = np.array(figures["confusion"]["counts"])
    assert counts.sum() == 35
    assert figures["accuracy"] == pytest.approx(counts.diagonal().sum() / 35, abs=1e-4)
    assert figures["accuracy"] <= figures["top_2_accuracy"] <= 1


def test_figures_are_those_computed_by_hand() -> None:
    faces, model = some_faces(3), loaded(MODEL)  # angry, disgust, fear
    rows = np.full((3, 7), 0.02, np.float32)
    rows[0, :2] = 0.5, 0.4  # right
    rows[1, :2] = 0.5, 0.4  # right at the second guess
    rows[2, [3, 4, 2]] = 0.5, 0.3, 0.12  # wrong with both
    figures = measure(faces, rows, model)
    assert figures["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["top_2_accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["log_loss"] == pytest.approx(-np.log([0.5, 0.4, 0.12]).mean(), abs=1e-4)
    # Angry: one of two guesses is right, and the one face is found.
    assert figures["classes"]["angry"] == {"faces": 1, "precision": 0.5, "recall": 1.0, "f1": 0.6667}


def test_the_log_loss_stays_finite_where_a_probability_is_0() -> None:
    assert np.isfinite(measure(some_faces(1), np.eye(7, dtype=np.float32)[[3]], loaded(MODEL))["log_loss"])


def test_the_interval_is_wilsons() -> None:
    # By hand: 8 of 10.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    # Ten faces at a confidence of 0.8, of which six are right; by hand, |0.8 - 0.6|.
    rows = np.tile([0.8, 0.2], (10, 1))
    labels = np.array([0] * 6 + [1] * 4)
    assert calibration_error(rows, labels) == pytest.approx(0.2)


def test_faces_that_occur_twice_are_counted_and_so_are_those_with_two_labels() -> None:
    a, b, c = some_faces(3).images
    faces = Faces(np.stack([a, a, b, c, c, c]), np.array([0, 0, 1, 2, 3, 2]))
    assert repeats(faces) == {"faces": 5, "contradictory": 3}


def test_accuracy_is_told_without_the_faces_of_the_training_rows_and_on_them_alone() -> None:
    faces, others = some_faces(6), some_faces(4)
    training = Faces(
        np.concatenate([others.images, faces.images[[0, 1, 1]]]),
        np.concatenate([others.labels, [0, 1, 5]]),
    )
    rows = sure_of([0, 6, 2, 3, 4, 6])  # wrong on the second and the last
    found = overlap(faces, rows, training)
    assert (found["faces"], found["found"], found["contradictory"]) == (7, 2, 1)
    assert (found["without"]["faces"], found["without"]["accuracy"]) == (4, 0.75)
    assert (found["alone"]["faces"], found["alone"]["accuracy"]) == (2, 0.5)
    low, high = found["alone"]["accuracy_95"]
    assert low < 0.5 < high


def test_no_accuracy_is_told_of_no_faces() -> None:
    faces = some_faces(3)
    assert overlap(faces, sure_of([0, 1, 2]), some_faces(3))["alone"] is None
    assert overlap(faces, sure_of([0, 1, 2]), faces)["without"] is None


def test_a_face_that_is_lit_or_compressed_otherwise_is_a_near_copy_and_another_face_is_not() -> None:
    smooth = CHANCE.integers(60, 200, (2, 6, 6), np.uint8).repeat(8, 1).repeat(8, 2)
    changed = (smooth[:1] * 0.7 + 20 + CHANCE.normal(0, 5, (1, 48, 48))).astype(np.uint8)
    flat = np.full((1, 48, 48), 128, np.uint8)
    assert near(np.concatenate([changed, smooth[1:], flat]), np.concatenate([smooth[:1], flat])).tolist() == [
        True, False, False,
    ]  # fmt: skip


def test_what_a_model_was_trained_on_is_told_apart_from_what_it_was_not(tmp_path: Path) -> None:
    faces, others = some_faces(4), some_faces(5)
    almost = faces.images[:1].copy()
    almost[0, 0, 0] ^= 1
    training = Faces(np.concatenate([others.images, faces.images[3:], almost]), np.arange(7))
    write_arrays(training, tmp_path)
    contract = {"version": "1", "training": {"faces_sha256": sha256(training)}}
    figures = seen(faces, sure_of([6, 1, 6, 3]), trained_on(tmp_path, contract))
    assert (figures["faces"], figures["found"], figures["near"]) == (7, 1, 1)
    # The second face is right, and the third is wrong.
    assert (figures["without"]["faces"], figures["without"]["accuracy"]) == (2, 0.5)


def test_a_folder_that_a_model_was_not_trained_on_is_refused(tmp_path: Path) -> None:
    write_arrays(some_faces(7), tmp_path)
    for contract in ({"version": "1", "training": {"faces_sha256": "0"}}, {"version": "1"}):
        with pytest.raises(ValueError, match="not the faces that model 1 names"):
            trained_on(tmp_path, contract)


def test_a_card_claims_of_the_training_only_what_was_checked() -> None:
    faces, model = some_faces(7), loaded(MODEL)
    contract = json.loads((MODEL / "model.json").read_text())
    rows = sure_of([0, 1, 2, 3, 4, 5, 5])
    rest = {"within": repeats(faces), "training": overlap(faces, rows, faces[np.arange(2)])}

    def of(known: Faces | None) -> str:
        duplicates = {**rest, "trained_on": seen(faces, rows, known) if known else None}
        return " ".join(card({**measure(faces, rows, model), "duplicates": duplicates}, contract).split())

    assert "2 of the test's faces occur in the training csv" in of(None)
    assert "taken out of the training" not in of(None)
    assert "hold none of these to the pixel" in of(some_faces(3))
    assert "those were taken out of the training" in of(some_faces(3))
    assert "hold 2 of these to the pixel" in of(faces[np.arange(2)])
    assert "taken out of the training" not in of(faces[np.arange(2)])


def csv(path: Path, faces: Faces, usage: str) -> Path:
    rows = [
        f"{label},{' '.join(map(str, image.ravel()))},{usage}"
        for image, label in zip(faces.images, faces.labels, strict=True)
    ]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return path


def evaluate(*words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "training", "evaluate", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})


def test_evaluate_writes_a_card_figures_and_plots(tmp_path: Path) -> None:
    faces, report, model = some_faces(70), tmp_path / "report", tmp_path / "model"
    test = csv(tmp_path / "test.csv", faces, "PublicTest")
    train = csv(tmp_path / "train.csv", faces[np.arange(5)], "Training")
    others = csv(tmp_path / "others.csv", faces[np.arange(9)], "PrivateTest")  # none is for training
    known = some_faces(14)
    write_arrays(known, tmp_path / "channel")
    model.mkdir()
    shutil.copy(MODEL / "model.onnx", model)
    contract = json.loads((MODEL / "model.json").read_text())
    contract["training"]["faces_sha256"] = sha256(known)
    (model / "model.json").write_text(json.dumps(contract))

    result = evaluate(
        test, "--model", model, "--train", train, "--train", others, "--trained-on", tmp_path / "channel",
        "--report", report, "--mistakes", report / "mistakes.png",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "5 occur among the 5 training rows, 0 of them under another label" in result.stdout
    assert "0 are among the 14 faces that the model was trained on" in result.stdout
    assert {p.name for p in report.iterdir()} == {
        "README.md", "test.json", "confusion.png", "reliability.png", "mistakes.png",
    }  # fmt: skip
    for name in ("confusion.png", "reliability.png", "mistakes.png"):
        with Image.open(report / name) as image:
            assert np.asarray(image).std() > 10
    assert all(label in (report / "README.md").read_text() for label in LABELS)
    duplicates = json.loads((report / "test.json").read_text())["duplicates"]
    assert duplicates["within"] == {"faces": 0, "contradictory": 0}
    assert (duplicates["training"]["found"], duplicates["training"]["without"]["faces"]) == (5, 65)
    assert duplicates["trained_on"]["found"] == 0


def test_evaluate_says_what_is_wrong_with_what_it_is_given(tmp_path: Path) -> None:
    faces = some_faces(7)
    write_arrays(faces, tmp_path)
    result = evaluate(csv(tmp_path / "test.csv", faces, "PublicTest"), "--trained-on", tmp_path)
    assert result.returncode == 1
    assert "not the faces that model" in result.stderr
