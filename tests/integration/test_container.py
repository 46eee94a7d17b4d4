"""The serving image, without a container engine: the files that its Dockerfile copies, run by its entry point."""

import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inference
from local.paths import MODEL, ROOT, SAMPLES
from local.processes import free_port
from tests.support.onnx_files import color_contract, color_images, write_color_model

CONTAINER = ROOT / "training" / "container"
NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
Headers = dict[str, str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The image's command, in a folder that contains the same files as the image."""
    dockerfile = (CONTAINER / "Dockerfile").read_text()
    folder = tmp_path_factory.mktemp("program")
    for names, _ in re.findall(r"^COPY (.+) (\S+)$", dockerfile, re.M):
        for name in names.split():
            shutil.copy(CONTAINER / name, folder)
    [entrypoint] = re.findall(r"^ENTRYPOINT (.+)$", dockerfile, re.M)
    python, script = json.loads(entrypoint)
    assert python == "python"
    return [sys.executable, str(folder / Path(script).name)]


@contextmanager
def serving(program: list[str], model: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`docker run IMAGE WORDS` on a free port."""
    port = free_port()
    environment = {**os.environ, "SM_MODEL_DIR": str(model), "SAGEMAKER_BIND_TO_PORT": str(port)}
    with subprocess.Popen([*program, *words], env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, port
        finally:
            process.kill()


def await_ping(process: subprocess.Popen[str], port: int, seconds: float = 30) -> int:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            return call(port, "GET", "/ping")[0]
        time.sleep(0.05)
    raise AssertionError("the container does not answer GET /ping")


def call(port: int, method: str, path: str, body: Any = None, headers: Headers | None = None) -> tuple[int, Any, bytes]:
    """Returns status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def container(program: list[str]) -> Iterator[int]:
    """The port of a container that serves the committed model."""
    with serving(program, MODEL, "serve") as (process, port):
        assert await_ping(process, port) == 200
        yield port


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(p)) for p in sorted(SAMPLES.rglob("*.png"))])


@pytest.fixture(scope="module")
def direct(faces: np.ndarray) -> np.ndarray:
    """The probabilities of the faces from a direct call of the model's functions: float32 [n, 7]."""
    return inference.predict_fn(inference.Faces(faces, False), inference.model_fn(str(MODEL))).probabilities


def probabilities(body: bytes) -> list[list[float]]:
    return [face["probabilities"] for face in json.loads(body)["faces"]]


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


ONE = npy(np.zeros((1, 48, 48), np.uint8))


@pytest.mark.parametrize("accept", [JSON, NPY])
def test_a_batch_gets_the_same_probabilities_as_a_direct_call_of_the_model(
    accept: str, container: int, faces: np.ndarray, direct: np.ndarray
) -> None:
    requested = {"Content-Type": NPY, "Accept": accept}
    status, headers, body = call(container, "POST", "/invocations", npy(faces), requested)
    assert (status, headers["Content-Type"]) == (200, accept)
    rows = probabilities(body) if accept == JSON else np.load(io.BytesIO(body))
    assert (np.array(rows, np.float32) == direct).all()


def test_an_image_gets_the_same_probabilities_as_a_direct_call_of_the_model(container: int, direct: np.ndarray) -> None:
    for path, row in zip(sorted(SAMPLES.rglob("*.png")), direct, strict=True):
        status, _, body = call(container, "POST", "/invocations", path.read_bytes(), {"Content-Type": IMAGE})
        assert status == 200
        [of_image] = probabilities(body)
        assert (np.array(of_image, np.float32) == row).all()


def test_an_answer_has_the_models_version_in_the_header_that_the_runtime_forwards(container: int) -> None:
    _, headers, _ = call(container, "POST", "/invocations", ONE, {"Content-Type": NPY})
    version = json.loads((MODEL / "model.json").read_text())["version"]
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == version


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("POST", "/invocations", b"", NPY, 400),
        ("POST", "/invocations", b"no npy", NPY, 400),
        ("POST", "/invocations", ONE[:-1], NPY, 400),
        ("POST", "/invocations", npy(np.zeros((1, 48, 48))), NPY, 400),
        ("POST", "/invocations", npy(np.zeros((0, 48, 48), np.uint8)), NPY, 400),
        ("POST", "/invocations", b"no image", IMAGE, 400),
        ("POST", "/invocations", ONE, JSON, 400),
        ("POST", "/invocations", ONE, "text/csv", 415),
        ("GET", "/invocations", None, NPY, 405),
        ("POST", "/ping", ONE, NPY, 405),
        ("GET", "/", None, NPY, 404),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_an_invalid_request_gets_an_error_with_one_sentence(
    method: str, path: str, body: bytes | None, kind: str, status: int, container: int
) -> None:
    answered, headers, content = call(container, method, path, body, {"Content-Type": kind})
    assert (answered, headers["Content-Type"]) == (status, JSON)
    assert re.fullmatch(r"[^\n]{10,200}", json.loads(content)["error"])
    assert b"Traceback" not in content


def test_a_body_with_too_large_a_content_length_is_refused_unread(container: int) -> None:
    with socket.create_connection(("127.0.0.1", container), timeout=120) as connection:
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: c\r\nContent-Type: application/x-npy\r\n"
            b"Content-Length: 1000000000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_refused_when_it_becomes_too_large(container: int) -> None:
    chunks = iter([bytes(1_000_000)] * 25 + [b"1"])
    status, _, content = call(container, "POST", "/invocations", chunks, {"Content-Type": NPY})
    assert (status, json.loads(content)) == (413, {"error": "the body has over 25,000,000 bytes"})


def test_requests_at_the_same_time_get_the_same_bytes_as_alone(container: int, faces: np.ndarray) -> None:
    images = [(path.read_bytes(), IMAGE) for path in sorted(SAMPLES.rglob("*.png"))]
    batches = [(npy(np.resize(faces, (count, 48, 48))), NPY) for count in (1, 2, 3, 5, 70)]
    bad = [(ONE[:-1], NPY), (b"no image", IMAGE), (npy(np.zeros((1, 47, 48), np.uint8)), NPY)]

    def answer(request: tuple[bytes, str]) -> tuple[int, bytes]:
        status, _, body = call(container, "POST", "/invocations", request[0], {"Content-Type": request[1]})
        return status, body

    requests = [*images, *batches, *bad]
    alone = [answer(request) for request in requests]
    assert [status for status, _ in alone] == [200] * (len(images) + len(batches)) + [400] * len(bad)
    with ThreadPoolExecutor(len(requests)) as pool:
        assert list(pool.map(answer, requests)) == alone


def test_a_ping_does_not_wait_for_earlier_requests(container: int, faces: np.ndarray) -> None:
    body = npy(np.resize(faces, (64, 48, 48)))
    with ThreadPoolExecutor(16) as pool:
        requests = [
            pool.submit(call, container, "POST", "/invocations", body, {"Content-Type": NPY}) for _ in range(16)
        ]
        status, _, _ = call(container, "GET", "/ping")
        assert not all(request.done() for request in requests)
    assert (status, {request.result()[0] for request in requests}) == (200, {200})


def test_after_sigterm_a_request_that_has_begun_is_still_answered(program: list[str]) -> None:
    with serving(program, MODEL, "serve") as (process, port):
        await_ping(process, port)
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: c\r\nContent-Type: application/x-npy\r\n"
                b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(ONE)
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
            process.send_signal(signal.SIGTERM)
            connection.sendall(ONE)
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        assert process.wait(30) == 0


def test_after_sigterm_requests_that_wait_for_the_model_are_still_answered(
    program: list[str], faces: np.ndarray
) -> None:
    body = npy(np.resize(faces, (16, 48, 48)))
    with serving(program, MODEL, "serve") as (process, port), ExitStack() as stack:
        await_ping(process, port)
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=120)) for _ in range(8)
        ]
        for connection in connections:
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: c\r\nContent-Type: application/x-npy\r\n"
                b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        for connection in connections:
            connection.sendall(body)
        process.send_signal(signal.SIGTERM)
        assert all(connection.recv(100).startswith(b"HTTP/1.1 200 ") for connection in connections)
        # gunicorn waits for the rest of the responses to be read.
        stack.close()
        assert process.wait(30) == 0


def test_without_a_model_the_container_ends_and_names_the_missing_file(program: list[str], tmp_path: Path) -> None:
    with serving(program, tmp_path, "serve") as (process, _):
        _, log = process.communicate(timeout=120)
        assert process.returncode != 0
        assert str(tmp_path / "model.json") in log


def test_a_model_with_a_label_too_few_is_refused_at_the_start_in_one_sentence(
    program: list[str], tmp_path: Path
) -> None:
    document = color_contract(labels=["red", "green"])
    (write_color_model(tmp_path) / "model.json").write_text(json.dumps(document))
    with serving(program, tmp_path, "serve") as (process, _):
        _, log = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "the model has 3 outputs, and model.json has 2 labels" in log
        assert "Traceback" not in log


def test_the_labels_of_a_color_model_come_with_its_answers(program: list[str], tmp_path: Path) -> None:
    colors = list(color_images())
    with serving(program, write_color_model(tmp_path), "serve") as (process, port):
        await_ping(process, port)
        asked = call(port, "POST", "/invocations", b'{"describe": "model"}', {"Content-Type": JSON})
        body = npy(np.stack([image for _, image in colors]))
        answered = call(port, "POST", "/invocations", body, {"Content-Type": NPY})
    assert json.loads(asked[2])["input"] == {"size": 64, "color": "rgb"}
    labels = json.loads(answered[2])["labels"]
    assert [labels[np.argmax(row)] for row in probabilities(answered[2])] == [label for label, _ in colors]


def test_a_command_other_than_serve_is_refused(program: list[str]) -> None:
    with serving(program, MODEL, "train") as (process, _):
        _, log = process.communicate(timeout=120)
        assert process.returncode != 0
        assert log == "this image has only one command, which serves a model: docker run IMAGE serve\n"
