"""The inbox's handler with an endpoint that is down, or that counts."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from events import message
from local.cloud import Cloud
from runtime import runtime

EVEN = [1 / 7] * 7


@dataclass(frozen=True)
class Context:
    function_name: str = "inbox"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:inbox"
    aws_request_id: str = "request"


@pytest.fixture
def handler(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable[[dict[str, Any]], Any]]:
    """The handler as a fresh process has it, with the embedded cloud's bucket and the endpoint at an address."""

    def fresh(endpoint: str) -> Callable[[dict[str, Any]], Any]:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
        module = importlib.reload(importlib.import_module("mien.inbox"))
        return lambda event: module.handler(event, Context())

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


def test_an_event_from_s3_itself_fails_as_a_whole_so_that_lambda_retries_it(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("direct.png", sample)
    event = json.loads(message(bucket.name, f"{bucket.inbox}direct.png", "0A")["body"])
    with runtime(503, b"", "ServiceUnavailable") as (url, _), pytest.raises(Exception, match="endpoint mien-faces"):
        handler(url)(event)
