"""What the API answers when it cannot classify: the status, the reason, and no internals."""

import importlib
import json

import pytest

from mien.aws.endpoint import Endpoint
from mien.logic.circuit import FAILURE_THRESHOLD
from mien.logic.problems import MIN_RETRY_AFTER
from tests import corpus
from tests.support.api import JSON, StartApi
from tests.support.images import base64_of, json_body
from tests.support.sagemaker_runtime import (
    EVEN,
    SILENCE,
    Reply,
    always,
    answer_of,
    even_rows,
    in_turn,
    model_error,
    reply,
    serving,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"images": []}', "malformed"),
        ('{"images": [1]}', "malformed"),
        ('{"images": "aaaa"}', "malformed"),
        ('{"images": null}', "malformed"),
        ('{"image": "aaaa", "images": ["aaaa"]}', "malformed"),
        ('"images"', "malformed"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_as_a_whole(body: str, reason: str, start_api: StartApi) -> None:
    response = start_api().classify(body)
    assert (response.status, response.json["reason"]) == (400, reason)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"text", 400, "not_an_image"),
        (corpus.BAD["small bomb.png"].data, 413, "too_many_pixels"),
        (corpus.BAD["30000x30000.png"].data, 413, "too_many_pixels"),
        (corpus.BAD["1x1.png"].data, 422, "too_small"),
        (corpus.BAD["header alone.png"].data, 422, "broken_image"),
        (corpus.BAD["many segments.jpg"].data, 422, "too_complex"),
        (corpus.FILES["transparent gray.png"]().data, 422, "transparent"),
        (corpus.BAD["32-bit float.tiff"].data, 422, "unsupported_pixels"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_rejected_image_has_a_status_and_a_reason(data: bytes, status: int, reason: str, start_api: StartApi) -> None:
    response = start_api().classify_image(base64_of(data))
    assert (response.status, response.json["reason"]) == (status, reason)


@pytest.mark.parametrize("kind", ["image/heic", "image/svg+xml", "multipart/mixed", "application/xml", "text/html"])
def test_the_refusal_of_a_content_type_lists_the_accepted_ones(kind: str, start_api: StartApi) -> None:
    response = start_api().classify("body", kind)
    assert (response.status, response.json["reason"]) == (415, "unsupported_type")
    assert {"image/jpeg", JSON, "text/plain"} <= set(response.headers["Accept"].split(", "))


def test_a_compressed_body_is_refused(start_api: StartApi, sample: bytes) -> None:
    response = start_api().classify_image(base64_of(sample), headers={"Content-Encoding": "gzip"})
    assert (response.status, response.json["reason"]) == (415, "unsupported_coding")
    assert response.headers["Accept-Encoding"] == "identity"


def test_a_body_whose_beginning_alone_is_base64_is_a_client_error(start_api: StartApi) -> None:
    response = start_api().classify_image(base64_of(b"A" * 64 + b"\xff" * 64))
    assert (response.status, response.json["reason"]) == (400, "not_base64")


@pytest.mark.parametrize(
    ("endpoints", "expected", "reason"),
    [
        (reply(400, b"", "ThrottlingException"), 429, "throttled"),
        (reply(400, b"", ""), 429, "throttled"),
        (reply(429, b"", "ModelNotReadyException"), 503, "starting"),
        (reply(503, b"", "ServiceUnavailable"), 503, "unavailable"),
        (reply(400, {"Message": "secret"}, "ValidationError"), 503, "unavailable"),
        (reply(403, {"Message": "secret"}, "AccessDeniedException"), 503, "unavailable"),
        (model_error(500, "secret"), 503, "unavailable"),
        (model_error(415, "secret"), 500, "internal"),
        (reply(200, [[2.0] * 7]), 503, "unavailable"),
        (reply(200, b"no JSON"), 503, "unavailable"),
    ],
    ids=lambda value: f"{value.status} {value.error}" if isinstance(value, Reply) else None,
)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_each_failure_of_the_endpoint_has_its_status_and_no_internals(
    endpoints: Reply, expected: int, reason: str, several: bool, start_api: StartApi, sample: bytes
) -> None:
    with serving(in_turn(endpoints)) as (url, _):
        body = json_body(sample) if several else json.dumps({"image": base64_of(sample)})
        response = start_api(url).classify(body)
    assert (response.status, response.json["reason"]) == (expected, reason)
    assert ("Retry-After" in response.headers) is (expected in (429, 503))
    assert not any(word in response.body for word in ("secret", "mien", "Traceback", "ModelError", "Exception"))


def test_an_endpoint_that_never_answers_is_a_504(
    start_api: StartApi, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(in_turn(reply(200, answer_of([EVEN])), SILENCE)) as (url, requests):
        api = start_api(url)
        module = importlib.import_module("mien.handlers.api")
        monkeypatch.setattr(module, "endpoint", Endpoint(module.settings, read_timeout=0.3, connections=1))
        assert api.classify_image(base64_of(sample)).status == 200
        response = api.classify_image(base64_of(sample))
    assert (response.status, response.json["reason"], len(requests)) == (504, "timeout", 2)


def test_a_model_that_does_not_answer_its_first_call_is_starting(start_api: StartApi, sample: bytes) -> None:
    with serving(in_turn(model_error(0)), description=None) as (url, requests):
        api = start_api(url)
        responses = [api.classify_image(base64_of(sample)), api.request("GET", "/health")]
    for response in responses:
        assert (response.status, response.json["reason"]) == (503, "starting")
        assert "waking up" in response.json["detail"]
        assert int(response.headers["Retry-After"]) >= MIN_RETRY_AFTER
    assert len(requests) == 1


def test_no_call_is_made_when_too_little_time_is_left(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, requests):
        response = start_api(url).classify_image(base64_of(sample), seconds=10)
    assert (response.status, response.json["reason"], requests) == (504, "timeout", [])


def test_no_call_is_made_while_the_circuit_is_open(start_api: StartApi, sample: bytes) -> None:
    with serving(always(503, b"", "ServiceUnavailable")) as (url, requests):
        api = start_api(url)
        responses = [api.classify_image(base64_of(sample)) for _ in range(3)]
    assert [response.status for response in responses] == [503] * 3
    assert len(requests) == FAILURE_THRESHOLD


@pytest.mark.parametrize("path", ["/results", "/results/{key}"])
def test_a_failure_to_read_results_asks_the_client_to_try_again(
    path: str, start_api: StartApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    response = start_api().request("GET", path, parameters={"key": "1.png"})
    assert (response.status, response.json["reason"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) == MIN_RETRY_AFTER
    assert "results" in response.json["detail"]
