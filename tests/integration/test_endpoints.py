"""The handlers with endpoints of other kinds: that are down, that count, that take an image a call."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Cloud
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, StartHandler
from tests.support.messages import message
from tests.support.sagemaker_runtime import EVEN, always, in_turn, model_error, reply, serving

EVENTS = Path(__file__).parents[2] / "events"


def test_a_batch_costs_one_call_of_the_endpoint(bucket: Bucket, sample: bytes, start_handler: StartHandler) -> None:
    names = [f"one call {n}.png" for n in range(20)]
    for name in names:
        bucket.upload_without_event(name, sample)
    with serving(always(200, [EVEN] * len(names))) as (url, requests):
        assert start_handler(url)(records(bucket, *names)) == {"batchItemFailures": []}
    assert len(requests) == 1
    assert all(bucket.documents(name)[0]["model"]["variant"] == "blue" for name in names)


def records(bucket: Bucket, *names: str) -> dict[str, Any]:
    return {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}


def test_while_the_endpoint_is_down_images_wait_and_bad_ones_are_told_why(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("waits.png", sample)
    bucket.upload_without_event("bad.png", b"broken")
    with serving(always(503, b"", "ServiceUnavailable")) as (url, _):
        assert start_handler(url)(records(bucket, "waits.png", "bad.png")) == {"batchItemFailures": []}
    assert bucket.documents("waits.png") == []
    assert [d["reason"] for d in bucket.documents("bad.png")] == ["not_an_image"]
    # The message was sent anew, and comes to the deployed function, whose endpoint is up.
    assert bucket.await_document("waits.png")["status"] == "classified"


def test_what_cannot_be_done_in_time_comes_again_later(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("late.png", sample)
    bucket.upload_without_event("broken.png", b"broken")
    with serving(always(200, [EVEN])) as (url, requests):
        # Time enough to read and to write, but not for a call between.
        assert start_handler(url)(records(bucket, "late.png", "broken.png"), seconds=40) == {"batchItemFailures": []}
        assert requests == []
    assert bucket.documents("late.png") == bucket.documents("broken.png") == []
    assert bucket.await_document("late.png")["status"] == "classified"
    assert bucket.await_document("broken.png")["status"] == "rejected"


def test_where_there_is_no_time_to_send_messages_anew_the_queue_shows_them_again(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("no time.png", sample)
    with serving(always(200, [EVEN])) as (url, requests):
        answer = start_handler(url)(records(bucket, "no time.png"), seconds=5)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "no time.png"}]}
    assert requests == []


def test_where_the_queue_does_not_take_messages_it_shows_them_again(
    bucket: Bucket, sample: bytes, start_handler: StartHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.upload_without_event("no queue.png", sample)
    with serving(always(503, b"", "ServiceUnavailable")) as (url, _):
        handle = start_handler(url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
        foreign = {"messageId": "foreign", "eventSource": "aws:sqs", "body": "{}"}
        event = records(bucket, "no queue.png")
        answer = handle({"Records": [*event["Records"], foreign]})
    assert {f["itemIdentifier"] for f in answer["batchItemFailures"]} == {"no queue.png", "foreign"}


def test_a_model_that_refuses_faces_makes_dead_letters_with_the_reason(
    cloud: Cloud, bucket: Bucket, sample: bytes, start_handler: StartHandler, dead_letters: DeadLetters
) -> None:
    bucket.upload_without_event("refused.png", sample)
    with serving(in_turn(model_error(415))) as (url, _):
        assert start_handler(url)(records(bucket, "refused.png")) == {"batchItemFailures": []}
    [letter] = [letter for letter in dead_letters() if "refused.png" in letter["Body"]]
    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert "refused the request with status 415; does it take what ENDPOINT_INPUT=batch sends?" in reason
    assert bucket.documents("refused.png") == []


def test_what_ended_a_function_before_is_handled_alone_and_last_with_all_else_out_of_the_way(
    cloud: Cloud, bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    """Else what is done, and what was only there too, would come again with it each time that it ends the function."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName="acknowledged")["QueueUrl"]
    names = ["new 1.png", "new 2.png", "suspect 1.png", "suspect 2.png"]
    for name in names:
        bucket.upload_without_event(name, sample)
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
    with serving(in_turn(reply(200, [EVEN] * 2), reply(200, [EVEN]))) as (endpoint, requests):
        assert start_handler(endpoint, QUEUE_URL=url)(event) == {"batchItemFailures": []}
    assert len(requests) == 2
    assert {name: len(bucket.documents(name)) for name in names} == dict.fromkeys(names, 1) | {"suspect 2.png": 0}
    counts = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    # What the function answers with is acknowledged by the queue's poller, which this queue has not.
    assert int(counts["ApproximateNumberOfMessagesNotVisible"]) == 1
    assert int(counts["ApproximateNumberOfMessagesDelayed"]) == 1


def test_a_throttled_call_is_made_again_within_the_invocation(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("throttled.png", sample)
    event = records(bucket, "throttled.png")
    with serving(in_turn(reply(400, b"", "ThrottlingException"), reply(200, [EVEN]))) as (url, requests):
        assert start_handler(url)(event) == {"batchItemFailures": []}
    assert len(requests) == 2


def test_an_event_from_s3_itself_fails_as_a_whole_so_that_lambda_retries_it(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("direct.png", sample)
    event = json.loads(message(bucket.name, f"{bucket.inbox}direct.png", "0A")["body"])
    with (
        serving(always(503, b"", "ServiceUnavailable")) as (url, _),
        pytest.raises(Exception, match="endpoint mien-faces"),
    ):
        start_handler(url)(event)


def test_over_rest_a_down_endpoint_is_a_503_that_says_when_to_try_again(start_handler: StartHandler) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    with serving(always(503, b"", "ServiceUnavailable")) as (url, _):
        answer = start_handler(url, "api")(event)
    assert answer["statusCode"] == 503
    assert answer["multiValueHeaders"]["Retry-After"] == ["5"]
    assert json.loads(answer["body"])["detail"].startswith("The model does not answer")


def test_over_rest_a_bug_is_a_500_that_tells_nothing_of_it(start_handler: StartHandler) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    with serving(in_turn(model_error(415, "secret"))) as (url, _):
        answer = start_handler(url, "api")(event)
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert "mien" not in answer["body"]


def test_with_the_built_in_algorithms_contract_an_image_is_a_call(
    cloud: Cloud, bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    names = [f"image mode {n}.png" for n in range(3)]
    for name in names:
        bucket.upload_without_event(name, sample)
    assert cloud.endpoint_url
    handle = start_handler(cloud.endpoint_url, ENDPOINT_INPUT="image")
    assert handle(records(bucket, *names)) == {"batchItemFailures": []}
    documents = [bucket.documents(name) for name in names]
    assert [(d["label"], d["model"]["preprocessing"]) for [d] in documents] == [("happy", "2-image")] * 3
