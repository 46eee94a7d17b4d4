"""The handlers with endpoints of other kinds: that are down, that count, that take an image a call."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from events import message
from local.cloud import Cloud
from runtime import runtime

EVEN = [1 / 7] * 7
EVENTS = Path(__file__).parents[2] / "events"


@dataclass(frozen=True)
class Context:
    function_name: str = "inbox"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:inbox"
    aws_request_id: str = "request"
    seconds: float = 60

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


@pytest.fixture
def handler(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[dict[str, Any]], Any]]:
    """A handler as a fresh process has it, with the embedded cloud's bucket and the endpoint at an address."""

    def fresh(endpoint: str, name: str = "inbox") -> Callable[[dict[str, Any]], Any]:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
        module = importlib.reload(importlib.import_module(f"mien.{name}"))
        return lambda event, seconds=60: module.handler(event, Context(seconds=seconds))

    return fresh


def test_a_batch_costs_one_call_of_the_endpoint(bucket: Any, sample: bytes, handler: Any) -> None:
    names = [f"one call {n}.png" for n in range(20)]
    for name in names:
        bucket.put_aside(name, sample)
    with runtime(200, [EVEN] * len(names)) as (url, asked):
        event = {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}
        assert handler(url)(event) == {"batchItemFailures": []}
    assert len(asked) == 1
    assert all(bucket.documents(name)[0]["model"]["variant"] == "blue" for name in names)


def test_while_the_endpoint_is_down_images_wait_and_bad_ones_are_told_why(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("waits.png", sample)
    bucket.put_aside("bad.png", b"broken")
    names = ("waits.png", "bad.png")
    event = {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}
    with runtime(503, b"", "ServiceUnavailable") as (url, _):
        assert handler(url)(event) == {"batchItemFailures": [{"itemIdentifier": "waits.png"}]}
    assert bucket.documents("waits.png") == []
    assert [d["reason"] for d in bucket.documents("bad.png")] == ["not_an_image"]

    with runtime(200, [EVEN]) as (url, _):
        assert handler(url)(event) == {"batchItemFailures": []}
    assert [d["status"] for d in bucket.documents("waits.png")] == ["classified"]


def test_what_cannot_be_done_in_time_comes_again_and_the_rest_is_not_lost(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("late.png", sample)
    bucket.put_aside("broken.png", b"broken")
    names = ("late.png", "broken.png")
    event = {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}
    everything = {"batchItemFailures": [{"itemIdentifier": name} for name in names]}
    with runtime(200, [EVEN]) as (url, asked):
        # Time enough to read and to write, but not for a call between.
        assert handler(url)(event, seconds=40) == everything
        assert asked == []
        assert handler(url)(event, seconds=50) == {"batchItemFailures": []}
    assert [d["status"] for d in bucket.documents("late.png")] == ["classified"]
    assert [d["status"] for d in bucket.documents("broken.png")] == ["rejected"]


def test_a_throttled_call_is_made_again_within_the_invocation(bucket: Any, sample: bytes, handler: Any) -> None:
    bucket.put_aside("throttled.png", sample)
    event = {"Records": [message(bucket.name, bucket.inbox + "throttled.png", "0A", "throttled.png")]}
    with runtime(400, b"", "ThrottlingException", then=(200, [EVEN])) as (url, asked):
        assert handler(url)(event) == {"batchItemFailures": []}
    assert len(asked) == 2


def test_an_event_from_s3_itself_fails_as_a_whole_so_that_lambda_retries_it(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("direct.png", sample)
    event = json.loads(message(bucket.name, f"{bucket.inbox}direct.png", "0A")["body"])
    with runtime(503, b"", "ServiceUnavailable") as (url, _), pytest.raises(Exception, match="endpoint mien-faces"):
        handler(url)(event)


def test_over_rest_a_down_endpoint_is_a_503_that_says_when_to_try_again(handler: Any) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    with runtime(503, b"", "ServiceUnavailable") as (url, _):
        answer = handler(url, "api")(event)
    assert answer["statusCode"] == 503
    assert answer["multiValueHeaders"]["Retry-After"] == ["5"]
    assert json.loads(answer["body"])["detail"].startswith("The model does not answer")


def test_over_rest_a_bug_is_a_500_that_tells_nothing_of_it(handler: Any) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    body = {"OriginalStatusCode": 415, "OriginalMessage": "x-npy?", "Message": "secret"}
    with runtime(424, body, "ModelError") as (url, _):
        answer = handler(url, "api")(event)
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert "mien" not in answer["body"]


def test_with_the_built_in_algorithms_contract_an_image_is_a_call(
    cloud: Cloud, bucket: Any, sample: bytes, handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"image mode {n}.png" for n in range(3)]
    for name in names:
        bucket.put_aside(name, sample)
    monkeypatch.setenv("ENDPOINT_INPUT", "image")
    event = {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}
    assert handler(cloud.endpoint_url)(event) == {"batchItemFailures": []}
    documents = [bucket.documents(name) for name in names]
    assert [(d["label"], d["model"]["preprocessing"]) for [d] in documents] == [("happy", "1-image")] * 3
