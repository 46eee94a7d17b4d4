"""The committed models: their labels, their probabilities, and their cards."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inference
from local.paths import MODEL, SAMPLES
from mien.logic.pictures import FACE_SIZE
from tests.support.labels import LABELS
from training.evaluation.card import card

FOLDERS = [MODEL, *(path.parent for path in sorted(MODEL.glob("*/model.json")))]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def model(folder: Path) -> inference.Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_THREADS", "1")
        return inference.model_fn(str(folder))


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    return sorted(SAMPLES.rglob("*.png"))


@pytest.fixture(scope="module")
def faces(paths: list[Path]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in paths])


def test_the_model_and_the_functions_agree_on_labels_and_size(model: inference.Model) -> None:
    assert tuple(model.labels) == LABELS
    assert model.contract.face_shape == (FACE_SIZE, FACE_SIZE)


def test_each_row_is_a_probability_distribution(model: inference.Model, faces: np.ndarray) -> None:
    rows = inference.probabilities(faces, model)
    assert rows.dtype == np.float32
    assert rows.shape == (len(faces), len(LABELS))
    assert np.abs(rows.sum(1) - 1).max() < 1e-5


def test_a_face_gets_the_same_bits_in_every_batch(model: inference.Model, faces: np.ndarray) -> None:
    rows = inference.probabilities(faces, model)
    for size in (1, 2, 7, 16):
        batches = [faces[i : i + size] for i in range(0, len(faces), size)]
        assert (np.concatenate([inference.probabilities(batch, model) for batch in batches]) == rows).all()


def test_most_sample_faces_get_their_label(model: inference.Model, faces: np.ndarray, paths: list[Path]) -> None:
    labels = [LABELS.index(path.parent.name) for path in paths]
    assert (inference.probabilities(faces, model).argmax(1) == labels).mean() >= 0.8


def test_the_measured_figures_are_those_of_this_model(folder: Path) -> None:
    figures = json.loads((folder / "public_test.json").read_text())
    assert figures["model"] == json.loads((folder / "model.json").read_text())["version"]
    assert figures["accuracy"] >= 0.62


def test_the_card_is_generated_from_the_figures_and_model_json(folder: Path) -> None:
    figures = json.loads((folder / "public_test.json").read_text())
    contract = json.loads((folder / "model.json").read_text())
    assert (folder / "README.md").read_text() == card(figures, contract)
