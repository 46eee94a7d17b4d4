"""Calls that reach a local endpoint at the same time, over HTTP."""

import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import inference
from local.endpoint import EndpointServer
from served_model import ServedModel
from shared_runs import SharedRuns
from tests.support.slow_models import BAD, CHUNK, SlowModel, images
from tests.support.waiting import eventually


@pytest.fixture
def model(tmp_path: Path) -> SlowModel:
    return SlowModel(tmp_path)


@pytest.fixture
def endpoint(model: SlowModel) -> Iterator[EndpointServer]:
    runs = SharedRuns(model.network, model.network, CHUNK, at_once=1)
    server = EndpointServer(0, "faces", ServedModel(inference.Model(model.network.contract, model.network), runs))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def send(endpoint: EndpointServer, *values: int) -> http.client.HTTPConnection:
    """Sends a request with images of these values, and does not wait for the response."""
    file = io.BytesIO()
    np.save(file, images(*values))
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.server_port, timeout=20)
    headers = {"Content-Type": inference.NPY}
    connection.request("POST", "/endpoints/faces/invocations", file.getvalue(), headers)
    return connection


def send_while_busy(endpoint: EndpointServer, *values: int) -> http.client.HTTPConnection:
    """As `send`, and returns as soon as the request waits for the model."""
    waiting = len(endpoint.served.runs.waiting)
    connection = send(endpoint, *values)
    assert eventually(lambda: len(endpoint.served.runs.waiting) > waiting)
    return connection


def answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def firsts(body: bytes) -> list[float]:
    return [face["probabilities"][0] for face in json.loads(body)["faces"]]


@pytest.fixture
def busy(endpoint: EndpointServer, model: SlowModel) -> http.client.HTTPConnection:
    """A request that the model is computing."""
    connection = send(endpoint, 1)
    assert eventually(lambda: model.sizes == [1])
    return connection


def test_requests_that_wait_share_a_run(
    endpoint: EndpointServer, model: SlowModel, busy: http.client.HTTPConnection
) -> None:
    waiting = [send_while_busy(endpoint, *values) for values in ((2,), (3, 4), (5,))]
    model.allow(3)
    assert [firsts(answer(connection)[1]) for connection in (busy, *waiting)] == [[1], [2], [3, 4], [5]]
    assert model.sizes == [1, 3, 1]


def test_an_image_that_the_model_fails_on_fails_only_its_own_request(
    endpoint: EndpointServer, model: SlowModel, busy: http.client.HTTPConnection
) -> None:
    good, bad, last = (send_while_busy(endpoint, value) for value in (2, BAD, 3))
    model.allow(5)
    status, body = answer(bad)
    assert (status, json.loads(body)["OriginalStatusCode"]) == (424, 500)
    assert [answer(connection)[0] for connection in (busy, good, last)] == [200, 200, 200]


def test_the_model_does_not_run_for_a_client_that_has_gone(
    endpoint: EndpointServer, model: SlowModel, busy: http.client.HTTPConnection
) -> None:
    gone, stays = send_while_busy(endpoint, 2, 3), send_while_busy(endpoint, 4)
    gone.close()
    model.allow(2)
    assert [firsts(answer(connection)[1]) for connection in (busy, stays)] == [[1], [4]]
    assert model.sizes == [1, 1]


def test_a_busy_model_does_not_delay_an_invalid_request_or_a_question(
    endpoint: EndpointServer, model: SlowModel, busy: http.client.HTTPConnection
) -> None:
    for body, kind, status in ((b"no npy", inference.NPY, 424), (b'{"describe": "model"}', inference.JSON, 200)):
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.server_port, timeout=20)
        connection.request("POST", "/endpoints/faces/invocations", body, {"Content-Type": kind})
        assert answer(connection)[0] == status
    model.allow(1)
    assert answer(busy)[0] == 200
