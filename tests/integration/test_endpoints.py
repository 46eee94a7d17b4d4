"""The handlers with endpoints of other kinds: that are down, that count, that take an image a call."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import template
from local.cloud import Cloud
from tests.support.messages import message
from tests.support.runtime import runtime

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

    def fresh(endpoint: str, name: str = "inbox", **variables: str) -> Callable[[dict[str, Any]], Any]:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
        for variable, value in (template.function_environment(cloud.references) | variables).items():
            monkeypatch.setenv(variable, value)
        module = importlib.reload(importlib.import_module(f"mien.handlers.{name}"))
        return lambda event, seconds=60: module.handler(event, Context(seconds=seconds))

    return fresh


def test_a_batch_costs_one_call_of_the_endpoint(bucket: Any, sample: bytes, handler: Any) -> None:
    names = [f"one call {n}.png" for n in range(20)]
    for name in names:
        bucket.put_aside(name, sample)
    with runtime(200, [EVEN] * len(names)) as (url, asked):
        assert handler(url)(records(bucket, *names)) == {"batchItemFailures": []}
    assert len(asked) == 1
    assert all(bucket.documents(name)[0]["model"]["variant"] == "blue" for name in names)


def records(bucket: Any, *names: str) -> dict[str, Any]:
    return {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}


def test_while_the_endpoint_is_down_images_wait_and_bad_ones_are_told_why(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("waits.png", sample)
    bucket.put_aside("bad.png", b"broken")
    with runtime(503, b"", "ServiceUnavailable") as (url, _):
        assert handler(url)(records(bucket, "waits.png", "bad.png")) == {"batchItemFailures": []}
    assert bucket.documents("waits.png") == []
    assert [d["reason"] for d in bucket.documents("bad.png")] == ["not_an_image"]
    # The message was sent anew, and comes to the deployed function, whose endpoint is up.
    assert bucket.await_document("waits.png")["status"] == "classified"


def test_what_cannot_be_done_in_time_comes_again_later(bucket: Any, sample: bytes, handler: Any) -> None:
    bucket.put_aside("late.png", sample)
    bucket.put_aside("broken.png", b"broken")
    with runtime(200, [EVEN]) as (url, asked):
        # Time enough to read and to write, but not for a call between.
        assert handler(url)(records(bucket, "late.png", "broken.png"), seconds=40) == {"batchItemFailures": []}
        assert asked == []
    assert bucket.documents("late.png") == bucket.documents("broken.png") == []
    assert bucket.await_document("late.png")["status"] == "classified"
    assert bucket.await_document("broken.png")["status"] == "rejected"


def test_where_there_is_no_time_to_send_messages_anew_the_queue_shows_them_again(
    bucket: Any, sample: bytes, handler: Any
) -> None:
    bucket.put_aside("no time.png", sample)
    with runtime(200, [EVEN]) as (url, asked):
        answer = handler(url)(records(bucket, "no time.png"), seconds=5)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "no time.png"}]}
    assert asked == []


def test_where_the_queue_does_not_take_messages_it_shows_them_again(
    bucket: Any, sample: bytes, handler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_aside("no queue.png", sample)
    with runtime(503, b"", "ServiceUnavailable") as (url, _):
        handle = handler(url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
        foreign = {"messageId": "foreign", "eventSource": "aws:sqs", "body": "{}"}
        event = records(bucket, "no queue.png")
        answer = handle({"Records": [*event["Records"], foreign]})
    assert {f["itemIdentifier"] for f in answer["batchItemFailures"]} == {"no queue.png", "foreign"}


def test_a_model_that_refuses_faces_makes_dead_letters_with_the_reason(
    cloud: Cloud, bucket: Any, sample: bytes, handler: Any, dead_letters: Any
) -> None:
    bucket.put_aside("refused.png", sample)
    body = {"OriginalStatusCode": 415, "OriginalMessage": "x-npy?", "Message": "no"}
    with runtime(424, body, "ModelError") as (url, _):
        assert handler(url)(records(bucket, "refused.png")) == {"batchItemFailures": []}
    [letter] = [letter for letter in dead_letters() if "refused.png" in letter["Body"]]
    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert "refused the request with status 415; does it take what ENDPOINT_INPUT=batch sends?" in reason
    assert bucket.documents("refused.png") == []


def test_what_ended_a_function_before_is_handled_alone_and_last_with_all_else_out_of_the_way(
    cloud: Cloud, bucket: Any, sample: bytes, handler: Any
) -> None:
    """Else what is done, and what was only there too, would come again with it each time that it ends the function."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName="acknowledged")["QueueUrl"]
    names = ["new 1.png", "new 2.png", "suspect 1.png", "suspect 2.png"]
    for name in names:
        bucket.put_aside(name, sample)
        queues.send_message(QueueUrl=url, MessageBody=message(bucket.name, bucket.inbox + name, "0A")["body"])
    taken = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    event = {
        "Records": [
            {
                "messageId": m["MessageId"],
                "receiptHandle": m["ReceiptHandle"],
                "body": m["Body"],
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": "3" if "suspect+2" in m["Body"] else "2"}
                if "suspect" in m["Body"]
                else {"ApproximateReceiveCount": "1"},
            }
            for m in taken
        ]
    }
    with runtime(200, [EVEN] * 2, then=(200, [EVEN])) as (endpoint, asked):
        assert handler(endpoint, QUEUE_URL=url)(event) == {"batchItemFailures": []}
    assert len(asked) == 2
    assert {name: len(bucket.documents(name)) for name in names} == dict.fromkeys(names, 1) | {"suspect 2.png": 0}
    counts = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    # What the function answers with is acknowledged by the queue's poller, which this queue has not.
    assert int(counts["ApproximateNumberOfMessagesNotVisible"]) == 1
    assert int(counts["ApproximateNumberOfMessagesDelayed"]) == 1


def test_a_throttled_call_is_made_again_within_the_invocation(bucket: Any, sample: bytes, handler: Any) -> None:
    bucket.put_aside("throttled.png", sample)
    event = records(bucket, "throttled.png")
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
    cloud: Cloud, bucket: Any, sample: bytes, handler: Any
) -> None:
    names = [f"image mode {n}.png" for n in range(3)]
    for name in names:
        bucket.put_aside(name, sample)
    handle = handler(cloud.endpoint_url, ENDPOINT_INPUT="image")
    assert handle(records(bucket, *names)) == {"batchItemFailures": []}
    documents = [bucket.documents(name) for name in names]
    assert [(d["label"], d["model"]["preprocessing"]) for [d] in documents] == [("happy", "2-image")] * 3
