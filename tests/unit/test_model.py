"""The committed model, through the code that serves it."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inference
from local.paths import MODEL, ROOT, SAMPLES
from mien.logic.images import FACE_SIZE
from mien.logic.labels import LABELS


@pytest.fixture(scope="module")
def model() -> inference.Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_THREADS", "1")
        return inference.model_fn(str(MODEL))


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(p)) for p in sorted(SAMPLES.rglob("*.png"))])


def predict(model: inference.Model, faces: np.ndarray) -> np.ndarray:
    return inference.predict_fn(inference.Faces(faces, False), model).probabilities


def npy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def archive(faces: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, faces=faces)
    return file.getvalue()


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


def test_a_call_of_more_faces_than_are_computed_at_once_keeps_their_order(
    model: inference.Model, faces: np.ndarray
) -> None:
    many = np.resize(faces, (2 * inference.PART + 1, *faces.shape[1:]))
    assert (predict(model, many) == np.resize(predict(model, faces), (len(many), len(LABELS)))).all()


def test_most_sample_faces_get_their_label(model: inference.Model, faces: np.ndarray) -> None:
    labels = [LABELS.index(p.parent.name) for p in sorted(SAMPLES.rglob("*.png"))]
    assert (predict(model, faces).argmax(1) == labels).mean() >= 0.8


def test_the_card_states_what_was_measured() -> None:
    measured = json.loads((MODEL / "public_test.json").read_text())
    assert measured["model"] == json.loads((MODEL / "model.json").read_text())["version"]
    assert measured["accuracy"] >= 0.62
    assert f"{measured['accuracy']:.4f}" in (MODEL / "README.md").read_text()


ONE = np.zeros((1, 48, 48), np.uint8)


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"", inference.NPY, 400, "the body is no whole npy file of numbers"),
        (b"no npy", inference.NPY, 400, "the body is no whole npy file of numbers"),
        (npy(ONE)[:-1], inference.NPY, 400, "the body is no whole npy file of numbers"),
        (npy(np.array([{"a": 1}], object)), inference.NPY, 400, "the body is no whole npy file of numbers"),
        (archive(ONE), inference.NPY, 400, "the body is an archive"),
        (npy(np.zeros((1, 47, 48), np.uint8)), inference.NPY, 400, "uint8 [1, 47, 48], not uint8 [n, 48, 48]"),
        (npy(np.zeros((1, 48, 48), np.float32)), inference.NPY, 400, "float32 [1, 48, 48], not uint8"),
        (npy(np.zeros((48, 48), np.uint8)), inference.NPY, 400, "uint8 [48, 48], not uint8 [n, 48, 48]"),
        (npy(np.uint8(1)), inference.NPY, 400, "uint8 [], not uint8 [n, 48, 48]"),
        (npy(np.zeros((0, 48, 48), np.uint8)), inference.NPY, 400, "0 faces"),
        (npy(np.zeros((10_001, 48, 48), np.uint8)), inference.NPY, 400, "10,001 faces"),
        (b"", inference.IMAGE, 400, "no JPEG and no PNG"),
        (b"no image", inference.IMAGE, 400, "no JPEG and no PNG"),
        (png(8000, 8000), inference.IMAGE, 400, "up to 50,000,000 pixels"),
        (npy(ONE), "text/csv", 415, "content type 'text/csv' is not taken"),
        (npy(ONE), "application/x-npz", 415, "content type 'application/x-npz' is not taken"),
        (npy(ONE), None, 415, "content type '' is not taken"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_a_request_that_the_model_cannot_take_is_refused_with_a_sentence(
    body: bytes, kind: str | None, status: int, said: str, model: inference.Model
) -> None:
    answer = inference.answer(body, kind, inference.JSON, model)
    assert (answer.status, answer.kind) == (status, inference.JSON)
    assert said in json.loads(answer.body)["error"]


def test_one_image_of_any_size_is_answered_with_one_row(
    model: inference.Model, sample: bytes, faces: np.ndarray
) -> None:
    direct = predict(model, np.asarray(Image.open(SAMPLES / "happy" / "1.png"))[None])[0]
    large = io.BytesIO()
    Image.open(io.BytesIO(sample)).resize((480, 480), Image.Resampling.NEAREST).convert("RGB").save(large, "PNG")
    for body in (sample, large.getvalue()):
        answer = inference.answer(body, inference.IMAGE, "*/*", model)
        assert (answer.status, answer.kind) == (200, inference.JSON)
        assert (np.array(json.loads(answer.body), np.float32) == direct).all()


@pytest.mark.parametrize("kind", ["Application/X-NPY", "application/x-npy; charset=binary", " application/x-npy"])
def test_a_content_type_may_be_written_in_any_case_and_with_parameters(kind: str, model: inference.Model) -> None:
    assert inference.answer(npy(ONE), kind, None, model).status == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, inference.JSON),
        ("", inference.JSON),
        ("*/*", inference.JSON),
        ("application/json", inference.JSON),
        ("text/csv", inference.JSON),
        ("application/x-npy", inference.NPY),
        ("text/csv, Application/X-Npy;q=0.9, application/json;q=0.5", inference.NPY),
    ],
)
def test_probabilities_are_json_unless_npy_is_asked_for(
    accept: str | None, kind: str, model: inference.Model, faces: np.ndarray
) -> None:
    answer = inference.answer(npy(faces), inference.NPY, accept, model)
    assert answer.kind == kind
    if kind == inference.JSON:
        rows = json.loads(answer.body)
        assert [row["face"] for row in rows] == [f"{zlib.crc32(face.tobytes()):08x}" for face in faces]
        assert (np.array([row["probabilities"] for row in rows], np.float32) == predict(model, faces)).all()
    else:
        assert (np.load(io.BytesIO(answer.body)) == predict(model, faces)).all()


def test_an_answer_says_which_version_of_the_model_gave_it(model: inference.Model) -> None:
    version = json.loads((MODEL / "model.json").read_text())["version"]
    assert inference.answer(npy(ONE), inference.NPY, None, model).headers == {
        "X-Amzn-SageMaker-Custom-Attributes": version
    }


def test_a_model_that_fails_is_told_to_the_log_and_not_to_the_caller(
    model: inference.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = inference.answer(npy(ONE), inference.NPY, None, dataclasses.replace(model, session=None))
    assert (answer.status, answer.kind) == (500, inference.JSON)
    assert json.loads(answer.body) == {"error": "the model failed; the container's log says why"}
    assert "Traceback" in capsys.readouterr().err


def test_a_model_is_served_without_telemetry(tmp_path: Path) -> None:
    code = "import sys; import local.endpoint, inference; inference.model_fn(sys.argv[1])"
    # On such machines ONNX Runtime keeps silent by itself.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", code, str(MODEL)], cwd=ROOT, env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
