"""A deployed API is asked until it answers, or until its answer can no longer become better."""

import json
from collections.abc import Iterator

import pytest
from botocore.credentials import Credentials

from deployment.api import SAMPLE, Api, api_url, ask_once
from deployment.errors import DeploymentError
from tests.support.proxy import Exchange, Forward, Proxy, Reply, proxy

HEALTHY, LABELLED = Reply(200, b'{"endpoint": "up"}'), Reply(200, b'{"label": "happy"}')
UNKNOWN_KEY = Reply(403, b'{"message": "Forbidden"}')


class Answers:
    """An API that gives these answers, one after the other, and keeps the requests."""

    def __init__(self, server: Proxy):
        self.requests: list[Exchange] = []
        self.replies: list[Reply] = []
        self.url = server.url
        server.intervene = self.answer

    def answer(self, exchange: Exchange, forward: Forward) -> Reply:
        self.requests.append(exchange)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def ask(self, *replies: Reply, key: str | None = "secret") -> tuple[dict[str, str], list[str]]:
        """Asks the API. Returns its document, and the reasons for which it was asked again."""
        self.replies = list(replies)
        reasons: list[str] = []
        api = Api(f"{self.url}/api", key, Credentials("AKID", "SECRET"), "eu-central-1")
        return ask_once(api, lambda: None, reasons.append), reasons


@pytest.fixture
def answers() -> Iterator[Answers]:
    with proxy() as server:
        yield Answers(server)


def test_health_is_asked_first_and_then_a_sample_is_classified_with_the_key(answers: Answers) -> None:
    document, reasons = answers.ask(HEALTHY, LABELLED)
    assert document == {"label": "happy"}
    assert reasons == []
    health, classify = answers.requests
    assert (health.method, health.path) == ("GET", "/api/health")
    assert (classify.method, classify.path, classify.body) == ("POST", "/api/classify", SAMPLE.read_bytes())
    assert {request.headers["x-api-key"] for request in answers.requests} == {"secret"}


def test_an_api_without_keys_gets_signed_requests(answers: Answers) -> None:
    answers.ask(HEALTHY, LABELLED, key=None)
    for request in answers.requests:
        assert "x-api-key" not in request.headers
        assert "/eu-central-1/execute-api/aws4_request" in request.headers["Authorization"]


def test_a_starting_model_and_a_new_key_are_waited_for(answers: Answers) -> None:
    starting = Reply(503, json.dumps({"detail": "The model is starting.", "reason": "starting"}).encode())
    document, reasons = answers.ask(UNKNOWN_KEY, starting, starting, HEALTHY, LABELLED)
    assert document == {"label": "happy"}
    assert reasons == ['403: {"message": "Forbidden"}', *["503: The model is starting."] * 2]


def test_a_wrong_model_is_an_error_at_once(answers: Answers) -> None:
    wrong = Reply(503, json.dumps({"detail": "It has 3 labels, not 7.", "reason": "wrong_model"}).encode())
    with pytest.raises(DeploymentError, match=r"GET .*/api/health fails \(503: It has 3 labels, not 7\.\)"):
        answers.ask(wrong)
    assert len(answers.requests) == 1


def test_a_request_that_the_api_refuses_is_an_error_at_once(answers: Answers) -> None:
    with pytest.raises(DeploymentError, match=r"POST .*/api/classify fails \(415: unknown type\)"):
        answers.ask(HEALTHY, Reply(415, b"unknown type"))


def test_an_api_that_never_answers_is_an_error_in_the_end(answers: Answers) -> None:
    with pytest.raises(DeploymentError, match=r"GET .*/api/health fails"):
        answers.ask(UNKNOWN_KEY)
    assert len(answers.requests) == 40


def test_the_address_is_that_of_api_gateway_or_that_of_an_emulation() -> None:
    outputs = {"ClassifyUrl": "https://abc123.execute-api.eu-central-1.amazonaws.com/api/classify"}
    assert api_url(outputs, {}) == "https://abc123.execute-api.eu-central-1.amazonaws.com/api"
    emulation = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"}
    assert api_url(outputs, emulation) == "http://127.0.0.1:4566/restapis/abc123/api/_user_request_"
