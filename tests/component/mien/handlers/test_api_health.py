"""GET /health: it calls the endpoint, but not for every request."""

import pytest

from mien.logic.circuit import FAILURE_THRESHOLD
from mien.logic.problems import MIN_RETRY_AFTER
from tests.support.api import StartApi
from tests.support.images import base64_of
from tests.support.labels import LABELS
from tests.support.sagemaker_runtime import (
    DESCRIPTION,
    EVEN,
    Reply,
    always,
    answer_of,
    even_rows,
    in_turn,
    model_error,
    reply,
    serving,
)


def test_health_is_up_while_the_endpoint_answers(start_api: StartApi) -> None:
    with serving(even_rows) as (url, requests):
        api = start_api(url)
        responses = [api.request("GET", "/health") for _ in range(3)]
    assert [response.status for response in responses] == [200] * 3
    assert [response.json["status"] for response in responses] == ["up"] * 3
    assert len(requests) == 1
    assert responses[0].json["labels"] == list(LABELS)


@pytest.mark.parametrize("faces", ["find", "whole"])
def test_health_says_whether_the_stack_looks_for_faces(faces: str, start_api: StartApi) -> None:
    with serving(even_rows) as (url, _):
        assert start_api(url, FACES=faces).request("GET", "/health").json["faces"] == faces


@pytest.mark.parametrize(
    "endpoints",
    [
        reply(503, b"", "ServiceUnavailable"),
        reply(400, b"", "ThrottlingException"),
        model_error(415),
        reply(200, [[0.5] * 7]),
    ],
    ids=lambda endpoints: f"{endpoints.status} {endpoints.error}",
)
def test_health_is_down_when_the_endpoint_fails_in_any_way(endpoints: Reply, start_api: StartApi) -> None:
    with serving(in_turn(endpoints)) as (url, requests):
        api = start_api(url)
        responses = [api.request("GET", "/health") for _ in range(3)]
    assert [response.status for response in responses] == [503] * 3
    assert all(int(response.headers["Retry-After"]) >= MIN_RETRY_AFTER for response in responses)
    assert len(requests) == 1
    assert "mien" not in responses[0].body


def test_health_is_down_without_a_call_while_the_circuit_is_open(start_api: StartApi, sample: bytes) -> None:
    with serving(always(503, b"", "ServiceUnavailable")) as (url, requests):
        api = start_api(url)
        api.classify_image(base64_of(sample))
        assert len(requests) == FAILURE_THRESHOLD
        response = api.request("GET", "/health")
    assert (response.status, len(requests)) == (503, FAILURE_THRESHOLD)


def test_health_sends_an_image_where_the_endpoint_accepts_images(start_api: StartApi) -> None:
    with serving(always(200, EVEN)) as (url, requests):
        assert start_api(url, ENDPOINT_INPUT="image").request("GET", "/health").status == 200
    assert [request.content_type for request in requests] == ["application/x-image"]


def test_health_says_in_one_sentence_that_the_labels_do_not_fit_the_model(start_api: StartApi, sample: bytes) -> None:
    with serving(always(200, [0.2, 0.3, 0.5])) as (url, _):
        api = start_api(url, ENDPOINT_INPUT="image")
        health, classified = api.request("GET", "/health"), api.classify_image(base64_of(sample))
    for response in (health, classified):
        assert (response.status, response.json["reason"]) == (503, "wrong_model")
        assert response.json["detail"].startswith("The model tells apart 3 labels, but the stack's parameter Labels")


def test_health_answers_with_the_labels_of_the_model_that_is_there_now(start_api: StartApi) -> None:
    shapes = DESCRIPTION | {"version": "2", "labels": ["circle", "square"], "faces": "whole"}
    for description in (DESCRIPTION, shapes):
        with serving(always(200, answer_of([[0.5, 0.5]], ["circle", "square"])), description) as (url, _):
            health = start_api(url).request("GET", "/health").json
        assert (health["labels"], health["faces"]) == (list(description["labels"]), description["faces"])
        assert health["input"] == description["input"]


def test_the_parameter_faces_goes_before_what_the_model_says(start_api: StartApi) -> None:
    with serving(even_rows, DESCRIPTION | {"faces": "whole"}) as (url, _):
        faces = [start_api(url, FACES=value).request("GET", "/health").json["faces"] for value in ("model", "find")]
    assert faces == ["whole", "find"]
