"""Requests to the container's code, and the responses to them."""

import dataclasses
import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inference
from local.paths import MODEL, SAMPLES
from tests.support.onnx_files import color_images, write_color_model

ONE_FACE = np.zeros((1, 48, 48), np.uint8)


@pytest.fixture(scope="module")
def model() -> inference.Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_THREADS", "1")
        return inference.model_fn(str(MODEL))


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in sorted(SAMPLES.rglob("*.png"))])


def npy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def npz(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, array)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_more_faces_than_are_computed_at_once_keep_their_order(model: inference.Model, faces: np.ndarray) -> None:
    many = np.resize(faces, (2 * model.network.chunk + 1, *faces.shape[1:]))
    rows = np.resize(inference.probabilities(faces, model), (len(many), len(model.labels)))
    assert (inference.probabilities(many, model) == rows).all()


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        (b"", inference.NPY, 400, "the body is not a complete npy file of numbers"),
        (b"no npy", inference.NPY, 400, "the body is not a complete npy file of numbers"),
        (npy(ONE_FACE)[:-1], inference.NPY, 400, "the body is not a complete npy file of numbers"),
        (npy(np.array([{"a": 1}], object)), inference.NPY, 400, "the body is not a complete npy file of numbers"),
        (npz(ONE_FACE), inference.NPY, 400, "the body is an archive of arrays"),
        (npy(np.zeros((1, 47, 48), np.uint8)), inference.NPY, 400, "uint8 [1, 47, 48], not uint8 [n, 48, 48]"),
        (npy(np.zeros((1, 48, 48), np.float32)), inference.NPY, 400, "float32 [1, 48, 48], not uint8"),
        (npy(np.zeros((48, 48), np.uint8)), inference.NPY, 400, "uint8 [48, 48], not uint8 [n, 48, 48]"),
        (npy(np.uint8(1)), inference.NPY, 400, "uint8 [], not uint8 [n, 48, 48]"),
        (npy(np.zeros((0, 48, 48), np.uint8)), inference.NPY, 400, "0 faces"),
        (npy(np.zeros((10_001, 48, 48), np.uint8)), inference.NPY, 400, "10,001 faces"),
        (b"", inference.IMAGE, 400, "can't be decoded as a JPEG or PNG"),
        (b"no image", inference.IMAGE, 400, "can't be decoded as a JPEG or PNG"),
        (png(8000, 8000), inference.IMAGE, 400, "at most 50,000,000 pixels"),
        (b"", inference.JSON, 400, 'the JSON is not {"describe": "model"}'),
        (b"{}", inference.JSON, 400, 'the JSON is not {"describe": "model"}'),
        (b"[" * 100_000, inference.JSON, 400, 'the JSON is not {"describe": "model"}'),
        (npy(ONE_FACE), "text/csv", 415, "content type 'text/csv' is not supported"),
        (npy(ONE_FACE), "application/x-npz", 415, "content type 'application/x-npz' is not supported"),
        (npy(ONE_FACE), None, 415, "content type '' is not supported"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_an_invalid_request_is_answered_with_a_sentence(
    body: bytes, content_type: str | None, status: int, message: str, model: inference.Model
) -> None:
    response = inference.respond(body, content_type, inference.JSON, model)
    assert (response.status, response.content_type) == (status, inference.JSON)
    assert message in json.loads(response.body)["error"]


def test_one_image_of_any_size_is_answered_with_one_row(model: inference.Model, sample: bytes) -> None:
    face = np.asarray(Image.open(io.BytesIO(sample)))
    [row] = inference.probabilities(face[None], model)
    enlarged = io.BytesIO()
    Image.fromarray(face).resize((480, 480), Image.Resampling.NEAREST).convert("RGB").save(enlarged, "PNG")
    for body in (sample, enlarged.getvalue()):
        response = inference.respond(body, inference.IMAGE, "*/*", model)
        assert (response.status, response.content_type) == (200, inference.JSON)
        answer = json.loads(response.body)
        assert answer["labels"] == model.labels
        [one] = answer["faces"]
        assert (np.array(one["probabilities"], np.float32) == row).all()


def test_the_central_square_of_an_image_is_classified(model: inference.Model, sample: bytes) -> None:
    face = Image.open(io.BytesIO(sample))
    wide = Image.new("L", (3 * face.width, face.height), 255)
    wide.paste(face, (face.width, 0))
    file = io.BytesIO()
    wide.save(file, "PNG")
    answers = [inference.respond(body, inference.IMAGE, None, model).body for body in (sample, file.getvalue())]
    assert answers[0] == answers[1]


def test_a_color_model_reads_arrays_and_images_in_color(tmp_path: Path) -> None:
    colors = inference.model_fn(str(write_color_model(tmp_path, layout="NHWC", dtype="uint8")))
    for label, pixels in color_images():
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        for body, content_type in ((npy(pixels[None]), inference.NPY), (file.getvalue(), inference.IMAGE)):
            answer = json.loads(inference.respond(body, content_type, None, colors).body)
            [face] = answer["faces"]
            assert answer["labels"][np.argmax(face["probabilities"])] == label
    response = inference.respond(npy(np.zeros((1, 64, 64), np.uint8)), inference.NPY, None, colors)
    assert response.status == 409
    assert "uint8 [1, 64, 64], not uint8 [n, 64, 64, 3]" in json.loads(response.body)["error"]


def test_a_model_of_many_labels_answers_fewer_faces_at_once(tmp_path: Path) -> None:
    folder = write_color_model(tmp_path, 16, "NHW", "uint8")
    loaded = inference.model_fn(str(folder))
    many = dataclasses.replace(loaded.contract, labels=tuple(f"class {n}" for n in range(1000)))
    body = npy(np.zeros((1001, 16, 16), np.uint8))
    response = inference.respond(body, inference.NPY, None, dataclasses.replace(loaded, contract=many))
    assert response.status == 400
    assert json.loads(response.body)["error"] == "the request has 1,001 faces: send 1 to 1,000"


def test_a_model_describes_itself(model: inference.Model) -> None:
    response = inference.respond(b'{"describe": "model"}', "application/json", None, model)
    assert (response.status, response.content_type) == (200, inference.JSON)
    assert json.loads(response.body) == {
        "version": model.version,
        "labels": model.labels,
        "faces": "find",
        "input": {"size": 48, "color": "gray"},
    }


@pytest.mark.parametrize(
    "content_type", ["Application/X-NPY", "application/x-npy; charset=binary", " application/x-npy"]
)
def test_a_content_type_can_have_any_case_and_parameters(content_type: str, model: inference.Model) -> None:
    assert inference.respond(npy(ONE_FACE), content_type, None, model).status == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
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
def test_the_response_is_json_unless_accept_names_npy(
    accept: str | None, content_type: str, model: inference.Model, faces: np.ndarray
) -> None:
    expected = inference.probabilities(faces, model)
    response = inference.respond(npy(faces), inference.NPY, accept, model)
    assert response.content_type == content_type
    if content_type == inference.JSON:
        answer = json.loads(response.body)
        assert answer["labels"] == model.labels
        rows = answer["faces"]
        assert [row["face"] for row in rows] == [f"{zlib.crc32(face.tobytes()):08x}" for face in faces]
        assert (np.array([row["probabilities"] for row in rows], np.float32) == expected).all()
    else:
        assert (np.load(io.BytesIO(response.body)) == expected).all()


def test_the_response_names_the_version_of_the_model(model: inference.Model) -> None:
    version = json.loads((MODEL / "model.json").read_text())["version"]
    assert inference.respond(npy(ONE_FACE), inference.NPY, None, model).headers == {
        "X-Amzn-SageMaker-Custom-Attributes": version
    }


def test_an_unexpected_error_is_logged_but_the_client_does_not_see_its_traceback(
    model: inference.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = dataclasses.replace(model, network=None)
    response = inference.respond(npy(ONE_FACE), inference.NPY, None, broken)
    assert (response.status, response.content_type) == (500, inference.JSON)
    assert json.loads(response.body) == {"error": "the model failed; the container's log has the traceback"}
    assert "Traceback" in capsys.readouterr().err
