"""The handlers with endpoints that fail, that count their calls, or that accept single images."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Cloud
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, StartHandler
from tests.support.messages import message
from tests.support.photos import GROUP, NOBODY, PEOPLE
from tests.support.sagemaker_runtime import EVEN, always, answer_of, even_rows, in_turn, model_error, reply, serving

EVENTS = Path(__file__).parents[2] / "events"


def test_a_batch_costs_one_call_of_the_endpoint(bucket: Bucket, sample: bytes, start_handler: StartHandler) -> None:
    names = [f"one call {n}.png" for n in range(20)]
    for name in names:
        bucket.upload_without_event(name, sample)
    with serving(always(200, answer_of([EVEN] * len(names)))) as (url, requests):
        assert start_handler(url)(records(bucket, *names)) == {"batchItemFailures": []}
    assert len(requests) == 1
    assert all(bucket.documents(name)[0]["model"]["variant"] == "blue" for name in names)


def test_the_faces_of_all_photos_of_a_batch_share_one_call(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    files = {"group.jpg": GROUP, "again.jpg": GROUP, "nobody.jpg": NOBODY, "face.png": sample}
    for name, data in files.items():
        bucket.upload_without_event(f"photos/{name}", data)
    with serving(even_rows) as (url, requests):
        event = records(bucket, *(f"photos/{name}" for name in files))
        assert start_handler(url)(event) == {"batchItemFailures": []}
    assert len(requests) == 1
    documents = [bucket.documents(f"photos/{name}")[0] for name in files]
    assert [document["faces_found"] for document in documents] == [PEOPLE, PEOPLE, 0, 1]
    assert [document["status"] for document in documents] == ["classified", "classified", "no_face", "classified"]


def records(bucket: Bucket, *names: str) -> dict[str, Any]:
    return {"Records": [message(bucket.name, bucket.inbox + name, "0A", name) for name in names]}


def test_while_the_endpoint_is_down_images_wait_and_bad_files_are_rejected(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("waits.png", sample)
    bucket.upload_without_event("bad.png", b"broken")
    with serving(always(503, b"", "ServiceUnavailable")) as (url, _):
        assert start_handler(url)(records(bucket, "waits.png", "bad.png")) == {"batchItemFailures": []}
    assert bucket.documents("waits.png") == []
    assert [d["reason"] for d in bucket.documents("bad.png")] == ["not_an_image"]
    # The message was sent again. The deployed function receives it, and its endpoint is up.
    assert bucket.await_document("waits.png")["status"] == "classified"


def test_images_for_which_too_little_time_is_left_are_classified_later(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("late.png", sample)
    bucket.upload_without_event("broken.png", b"broken")
    with serving(always(200, answer_of([EVEN]))) as (url, requests):
        # Enough time to read and to write, but not for a call.
        assert start_handler(url)(records(bucket, "late.png", "broken.png"), seconds=40) == {"batchItemFailures": []}
        assert requests == []
    assert bucket.documents("late.png") == bucket.documents("broken.png") == []
    assert bucket.await_document("late.png")["status"] == "classified"
    assert bucket.await_document("broken.png")["status"] == "rejected"


def test_messages_that_cannot_be_sent_again_in_time_are_reported_as_failed(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("no time.png", sample)
    with serving(always(200, answer_of([EVEN]))) as (url, requests):
        answer = start_handler(url)(records(bucket, "no time.png"), seconds=5)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "no time.png"}]}
    assert requests == []


def test_messages_that_the_queue_does_not_accept_are_reported_as_failed(
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
    assert "refused the request with status 415; check that it accepts what ENDPOINT_INPUT=batch sends" in reason
    assert bucket.documents("refused.png") == []


@pytest.mark.parametrize(
    ("isolation", "calls", "written", "in_flight", "delayed"),
    # A group is handled after the new messages. A message that must be alone sends all others back to the queue.
    [(1, [2, 2], 4, 2, 0), (2, [1], 1, 1, 3)],
    ids=["in a group", "alone"],
)
def test_messages_that_crashed_invocations_are_handled_apart_when_all_others_are_safe(
    isolation: int,
    calls: list[int],
    written: int,
    in_flight: int,
    delayed: int,
    cloud: Cloud,
    bucket: Bucket,
    sample: bytes,
    start_handler: StartHandler,
) -> None:
    """If they crash the function again, the other messages must be finished, or they would be repeated with them."""
    queues = cloud.client("sqs")
    url = queues.create_queue(QueueName=f"acknowledged-{isolation}")["QueueUrl"]
    names = [f"{name} {isolation}.png" for name in ("new 1", "new 2", "suspect 1", "suspect 2")]
    for name in names:
        bucket.upload_without_event(name, sample)
        queues.send_message(QueueUrl=url, MessageBody=message(bucket.name, bucket.inbox + name, "0A")["body"])
    received = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    event = {
        "Records": [
            {
                "messageId": m["MessageId"],
                "receiptHandle": m["ReceiptHandle"],
                "body": m["Body"],
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": "1" if "suspect" in m["Body"] else "2"},
                "messageAttributes": {"Isolation": {"stringValue": str(isolation)}} if "suspect" in m["Body"] else {},
            }
            for m in received
        ]
    }
    with serving(in_turn(*(reply(200, answer_of([EVEN] * faces)) for faces in calls))) as (endpoint, requests):
        assert start_handler(endpoint, QUEUE_URL=url)(event) == {"batchItemFailures": []}
    assert len(requests) == len(calls)
    assert sum(len(bucket.documents(name)) for name in names) == written
    counts = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    # SQS's poller deletes the messages of an answer. This queue has no poller, so the last messages stay in flight.
    assert int(counts["ApproximateNumberOfMessagesNotVisible"]) == in_flight
    assert int(counts["ApproximateNumberOfMessagesDelayed"]) == delayed


def test_a_throttled_call_is_repeated_within_the_invocation(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("throttled.png", sample)
    event = records(bucket, "throttled.png")
    with serving(in_turn(reply(400, b"", "ThrottlingException"), reply(200, answer_of([EVEN])))) as (url, requests):
        assert start_handler(url)(event) == {"batchItemFailures": []}
    assert len(requests) == 2


def test_an_event_that_s3_sends_itself_fails_as_a_whole_and_lambda_retries_it(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    bucket.upload_without_event("direct.png", sample)
    event = json.loads(message(bucket.name, f"{bucket.inbox}direct.png", "0A")["body"])
    with (
        serving(always(503, b"", "ServiceUnavailable")) as (url, _),
        pytest.raises(Exception, match="endpoint mien-faces"),
    ):
        start_handler(url)(event)


def test_the_api_answers_503_with_retry_after_while_the_endpoint_is_down(start_handler: StartHandler) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    with serving(always(503, b"", "ServiceUnavailable")) as (url, _):
        answer = start_handler(url, "api")(event)
    assert answer["statusCode"] == 503
    assert answer["multiValueHeaders"]["Retry-After"] == ["5"]
    assert json.loads(answer["body"])["detail"].startswith("The model is not available")


def test_the_api_answers_500_without_internals_when_the_model_refuses_faces(start_handler: StartHandler) -> None:
    event = json.loads((EVENTS / "api-binary.json").read_text())
    with serving(in_turn(model_error(415, "secret"))) as (url, _):
        answer = start_handler(url, "api")(event)
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert "mien" not in answer["body"]


def test_an_endpoint_for_images_gets_one_image_per_call(
    cloud: Cloud, bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    names = [f"image mode {n}.png" for n in range(3)]
    for name in names:
        bucket.upload_without_event(name, sample)
    assert cloud.endpoint_url
    handle = start_handler(cloud.endpoint_url, ENDPOINT_INPUT="image")
    assert handle(records(bucket, *names)) == {"batchItemFailures": []}
    documents = [bucket.documents(name) for name in names]
    assert [(d["label"], d["model"]["preprocessing"]) for [d] in documents] == [("happy", "5-rgb-224")] * 3
