"""POST /classify, over HTTP, through the deployed API."""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

import corpus
from local.cloud import Cloud


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    body: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="session")
def post(cloud: Cloud) -> Any:
    key = cloud.api_key

    def post(data: bytes, kind: str, **headers: str) -> Answer:
        sent = {"Content-Type": kind, "x-api-key": key} | {name.replace("_", "-"): v for name, v in headers.items()}
        request = urllib.request.Request(cloud.classify_url, data=data, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers["Content-Type"], answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers["Content-Type"], error.read().decode(), error.headers)

    return post


def test_the_three_forms_get_the_same_answer(post: Any, sample: bytes) -> None:
    encoded = base64.b64encode(sample)
    article = post(encoded, "text/plain")
    as_json = post(json.dumps({"image": encoded.decode()}).encode(), "application/json")
    raw = post(sample, "image/png")
    assert article.body == as_json.body == raw.body
    assert (raw.status, raw.kind, raw.json["label"]) == (200, "application/json", "happy")
    assert sum(raw.json["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_the_word_alone_is_the_articles_answer(post: Any, sample: bytes) -> None:
    answer = post(base64.b64encode(sample), "text/plain", Accept="text/plain")
    assert (answer.kind.partition(";")[0], answer.body) == ("text/plain", "happy\n")


def test_a_jpeg_is_taken_as_it_is(post: Any) -> None:
    answer = post(corpus.GOOD["color.jpg"].data, "image/jpeg")
    assert (answer.status, answer.json["image"]) == (200, {"width": 48, "height": 48})


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"not an image", "image/png", 400),
        (b"***", "text/plain", 400),
        (b"{}", "application/json", 400),
        (b"<x/>", "application/xml", 415),
        (corpus.BAD["small bomb.png"].data, "image/png", 413),
        (bytes(4_600_000), "image/png", 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_error_says_in_a_sentence_whose_fault_it_is(data: bytes, kind: str, status: int, post: Any) -> None:
    answer = post(data, kind)
    assert (answer.status, answer.kind) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["detail"].endswith(".")
    assert "Traceback" not in answer.body
    assert "mien" not in answer.body


def test_nobody_is_answered_without_a_key(post: Any, sample: bytes) -> None:
    assert post(sample, "image/png", x_api_key="guessed").status == 403
