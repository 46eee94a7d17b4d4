"""The committed model, through the code that serves it."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from local.cloud import MODEL
from local.demo import SAMPLES
from local.endpoint import inference
from mien.expressions import LABELS
from mien.images import FACE_SIZE


@pytest.fixture(scope="module")
def model() -> inference.Model:
    return inference.model_fn(str(MODEL), threads=1)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(p)) for p in sorted(SAMPLES.rglob("*.png"))])


def predict(model: inference.Model, faces: np.ndarray) -> np.ndarray:
    return inference.predict_fn(inference.Faces(faces, False), model)[0]


def test_the_model_and_the_functions_agree_on_labels_and_size(model: inference.Model) -> None:
    assert tuple(model.labels) == LABELS
    assert (model.height, model.width) == (FACE_SIZE, FACE_SIZE)


def test_its_answers_are_distributions(model: inference.Model, faces: np.ndarray) -> None:
    probabilities = predict(model, faces)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(faces), len(LABELS))
    assert np.abs(probabilities.sum(1) - 1).max() < 1e-5


def test_a_face_gets_the_same_bits_in_every_batch(model: inference.Model, faces: np.ndarray) -> None:
    whole = predict(model, faces)
    for size in (1, 2, 7, 16):
        parts = np.concatenate([predict(model, faces[i : i + size]) for i in range(0, len(faces), size)])
        assert (parts == whole).all()


def test_most_sample_faces_get_their_label(model: inference.Model, faces: np.ndarray) -> None:
    labels = [LABELS.index(p.parent.name) for p in sorted(SAMPLES.rglob("*.png"))]
    assert (predict(model, faces).argmax(1) == labels).mean() > 0.8


def test_the_card_states_what_was_measured() -> None:
    measured = json.loads((MODEL / "public_test.json").read_text())
    assert measured["model"] == json.loads((MODEL / "model.json").read_text())["version"]
    assert measured["accuracy"] >= 0.62
    assert f"{measured['accuracy']:.4f}" in (MODEL / "README.md").read_text()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", inference.NPY),
        (b"no npy", inference.NPY),
        (b"no image", inference.IMAGE),
        (b"", "text/csv"),
    ],
)
def test_a_request_that_the_model_cannot_take_is_refused(body: bytes, kind: str, model: inference.Model) -> None:
    with pytest.raises(inference.BadRequest):
        inference.input_fn(body, kind, model)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 47, 48), np.uint8),
        np.zeros((1, 48, 48), np.float32),
        np.zeros((48, 48), np.uint8),
        np.zeros((0, 48, 48), np.uint8),
        np.array([{"a": 1}], object),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_of_another_shape_or_kind_is_refused(array: np.ndarray, model: inference.Model) -> None:
    file = io.BytesIO()
    np.save(file, array)
    with pytest.raises(inference.BadRequest):
        inference.input_fn(file.getvalue(), inference.NPY, model)


def test_one_image_is_answered_with_one_row(model: inference.Model, sample: bytes, faces: np.ndarray) -> None:
    asked = inference.input_fn(sample, inference.IMAGE, model)
    body, kind = inference.output_fn(inference.predict_fn(asked, model), "*/*")
    assert kind == "application/json"
    assert np.allclose(json.loads(body), predict(model, np.asarray(Image.open(SAMPLES / "happy" / "1.png"))[None])[0])
