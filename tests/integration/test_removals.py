"""A deleted or expired image has no document, and the document of an image that is there is never deleted."""

import json
import time
from typing import Any

import pytest

from local.cloud import Cloud
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, Invoke, StartHandler
from tests.support.messages import message, removal_message
from tests.support.sagemaker_runtime import Reply, even_rows, serving
from tests.support.waiting import eventually

DONE: dict[str, Any] = {"batchItemFailures": []}
KINDS = [
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
]


def delete(bucket: Bucket, name: str, **version: Any) -> None:
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name, **version)


def forge_document(bucket: Bucket, name: str, folder: str, **metadata: str) -> None:
    """Stores something under the key of an image's document."""
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{folder}{name}.json", Body=b"{}", Metadata=metadata)


@pytest.mark.parametrize("status", ["classified", "rejected"])
def test_deleting_an_image_deletes_its_document(status: str, bucket: Bucket, sample: bytes) -> None:
    name = f"removed {status}.png"
    bucket.upload(name, sample if status == "classified" else b"broken")
    assert bucket.await_document(name)["status"] == status
    delete(bucket, name)
    assert eventually(lambda: bucket.documents(name) == [])


@pytest.mark.parametrize("name", ["a b+c%é.png", "x" * 1000 + ".png", "folder/a%2520b.png"], ids=ascii)
def test_the_document_is_found_for_every_kind_of_key(name: str, bucket: Bucket, sample: bytes) -> None:
    name = f"removed/{name}"[:1000]
    bucket.upload(name, sample)
    assert eventually(lambda: len(bucket.keys(f"{bucket.results}removed/")) == 1)
    delete(bucket, name)
    assert eventually(lambda: bucket.keys(f"{bucket.results}removed/") == [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_removal_deletes_a_result_and_a_rejection(kind: str, bucket: Bucket, invoke: Invoke) -> None:
    """Also documents of Mien 0.2, whose metadata do not state the version of their image."""
    name = f"{kind}.png"
    forge_document(bucket, name, bucket.results, sequencer="0A")
    forge_document(bucket, name, bucket.rejected)
    assert invoke({"Records": [removal_message(bucket.name, bucket.inbox + name, kind)]}) == DONE
    assert bucket.documents(name) == []


def test_an_image_that_is_uploaded_again_keeps_its_document(bucket: Bucket, sample: bytes, invoke: Invoke) -> None:
    bucket.upload("again and again.png", sample)
    bucket.await_document("again and again.png")
    delete(bucket, "again and again.png")
    stored = bucket.upload("again and again.png", sample)
    bucket.await_document("again and again.png", stored["VersionId"])
    late = [removal_message(bucket.name, f"{bucket.inbox}again and again.png", kind, kind) for kind in KINDS]
    assert invoke({"Records": late}) == DONE
    assert eventually(
        lambda: [d["image"]["version_id"] for d in bucket.documents("again and again.png")] == [stored["VersionId"]]
    )


def test_deleting_an_old_version_for_good_keeps_the_document(bucket: Bucket, sample: bytes, invoke: Invoke) -> None:
    old = bucket.upload("old version.png", sample)
    bucket.await_document("old version.png")
    new = bucket.upload("old version.png", sample + b" ")
    bucket.await_document("old version.png", new["VersionId"])
    delete(bucket, "old version.png", VersionId=old["VersionId"])
    removal = removal_message(bucket.name, f"{bucket.inbox}old version.png", "ObjectRemoved:Delete")
    assert invoke({"Records": [removal]}) == DONE
    [document] = bucket.documents("old version.png")
    assert document["image"]["version_id"] == new["VersionId"]


def test_deleting_the_newest_version_for_good_deletes_its_document(bucket: Bucket, sample: bytes) -> None:
    """The version before is then current. Its old label is not restored: it has to be uploaded again."""
    bucket.upload("newest version.png", sample)
    bucket.await_document("newest version.png")
    new = bucket.upload("newest version.png", sample + b" ")
    bucket.await_document("newest version.png", new["VersionId"])
    delete(bucket, "newest version.png", VersionId=new["VersionId"])
    assert eventually(lambda: bucket.documents("newest version.png") == [])


@pytest.mark.parametrize("data", ["a face", "a text"])
def test_an_image_that_is_deleted_before_it_is_read_gets_no_document(
    data: str, bucket: Bucket, sample: bytes, invoke: Invoke
) -> None:
    """The bucket keeps the deleted version, and S3 may deliver the event of the upload late."""
    name = f"deleted before reading {data}.png"
    stored = bucket.upload(name, sample if data == "a face" else b"a text")
    bucket.await_document(name)
    delete(bucket, name)
    assert eventually(lambda: bucket.documents(name) == [])
    fields = {"versionId": stored["VersionId"], "eTag": stored["ETag"].strip('"')}
    assert invoke({"Records": [message(bucket.name, bucket.inbox + name, "FF", **fields)]}) == DONE
    assert bucket.documents(name) == []


def test_the_late_event_of_a_deleted_image_deletes_a_document_that_is_left(bucket: Bucket, invoke: Invoke) -> None:
    """An invocation that was killed after it had written the document is followed by another one with its message."""
    forge_document(bucket, "left over.png", bucket.results, sequencer="0A")
    assert invoke({"Records": [message(bucket.name, f"{bucket.inbox}left over.png", "0A")]}) == DONE
    assert bucket.documents("left over.png") == []


@pytest.mark.parametrize("data", ["a face", "a text"])
def test_an_image_that_is_deleted_while_it_is_classified_gets_no_document(
    data: str, bucket: Bucket, sample: bytes, start_handler: StartHandler, cloud: Cloud
) -> None:
    """Here the event of the deletion is handled before the document is written."""
    name = f"deleted during classification {data}.png"
    content = sample if data == "a face" else b"a text"
    stored = bucket.upload(name, content)
    bucket.await_document(name)
    bucket.upload_without_event("classified meanwhile.png", sample)

    def delete_and_answer(body: bytes) -> Reply:
        delete(bucket, name)
        assert eventually(lambda: bucket.documents(name) == [])
        return even_rows(body)

    fields = {"versionId": stored["VersionId"], "eTag": stored["ETag"].strip('"')}
    events = [
        message(bucket.name, bucket.inbox + name, "FF", name, **fields),
        message(bucket.name, f"{bucket.inbox}classified meanwhile.png", "0A", "other"),
    ]
    with serving(delete_and_answer) as (url, requests):
        assert start_handler(url)({"Records": events}) == DONE
    assert len(requests) == 1
    assert bucket.documents(name) == []
    assert [d["status"] for d in bucket.documents("classified meanwhile.png")] == ["classified"]


def test_a_version_that_is_deleted_for_good_while_it_is_classified_gets_no_document(
    bucket: Bucket, sample: bytes, start_handler: StartHandler
) -> None:
    """The version before it is then current, so there still is an image."""
    name = "version deleted during classification.png"
    bucket.upload(name, sample + b" ")
    stored = bucket.upload(name, sample)
    bucket.await_document(name, stored["VersionId"])

    def delete_and_answer(body: bytes) -> Reply:
        delete(bucket, name, VersionId=stored["VersionId"])
        assert eventually(lambda: bucket.documents(name) == [])
        return even_rows(body)

    fields = {"versionId": stored["VersionId"], "eTag": stored["ETag"].strip('"')}
    with serving(delete_and_answer) as (url, _):
        assert start_handler(url)({"Records": [message(bucket.name, bucket.inbox + name, "FF", **fields)]}) == DONE
    assert bucket.documents(name) == []


def test_a_removal_outside_the_inbox_or_in_another_bucket_deletes_nothing(
    bucket: Bucket, invoke: Invoke, dead_letters: DeadLetters
) -> None:
    forge_document(bucket, "not removed.png", bucket.results)
    outside = removal_message(bucket.name, "results/not removed.png.json", message_id="1")
    elsewhere = removal_message("another-bucket", f"{bucket.inbox}not removed.png", message_id="2")
    assert invoke({"Records": [outside, elsewhere]}) == DONE
    assert bucket.keys(f"{bucket.results}not removed") == ["results/not removed.png.json"]
    [reason] = [
        m["MessageAttributes"]["Reason"]["StringValue"] for m in dead_letters() if m["Body"] == elsewhere["body"]
    ]
    assert reason == f"the message is about an object outside the bucket {bucket.name}"


def test_removals_for_which_no_time_is_left_are_handled_later(bucket: Bucket, start_handler: StartHandler) -> None:
    forge_document(bucket, "no time to remove.png", bucket.results)
    with serving(even_rows) as (url, _):
        event = {"Records": [removal_message(bucket.name, f"{bucket.inbox}no time to remove.png")]}
        assert start_handler(url)(event, seconds=15) == DONE
    assert len(bucket.documents("no time to remove.png")) == 1
    assert eventually(lambda: bucket.documents("no time to remove.png") == [])


def test_a_removal_that_fails_for_three_days_becomes_a_dead_letter_with_its_reason(
    bucket: Bucket, start_handler: StartHandler, dead_letters: DeadLetters
) -> None:
    """Until then, it is retried: the second message is sent again, and the deployed function handles it."""
    names = ["failed for long.png", "failed once.png"]
    for name in names:
        forge_document(bucket, name, bucket.results)
    old, new = (removal_message(bucket.name, bucket.inbox + name, message_id=name) for name in names)
    old["attributes"] = {"SentTimestamp": str(round((time.time() - 4 * 86_400) * 1000))}
    with serving(even_rows) as (url, _):
        handle = start_handler(url, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
        assert handle({"Records": [old, new]}) == DONE
    [letter] = [m for m in dead_letters() if m["Body"] == old["body"]]
    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert reason.endswith("hours; the last error: deleting the document of a removed image: EndpointConnectionError")
    assert eventually(lambda: bucket.documents("failed once.png") == [])
    assert len(bucket.documents("failed for long.png")) == 1


def test_removals_have_metrics_of_their_own(
    bucket: Bucket, start_handler: StartHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    """They do not count as images."""
    forge_document(bucket, "counted.png", bucket.results)
    forge_document(bucket, "counted.png", bucket.rejected)
    removal = removal_message(bucket.name, f"{bucket.inbox}counted.png", message_id="1")
    outdated = message(bucket.name, f"{bucket.inbox}counted too.png", "0A", "2")
    with serving(even_rows) as (url, _):
        assert start_handler(url)({"Records": [removal, outdated]}) == DONE
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    expected = {"RemovalsHandled": [1], "DocumentsDeleted": [1], "ImagesOutdated": [1]}
    nothing = {name: [0] for name in ("ImagesClassified", "ImagesRejected", "MessagesRetried", "MessagesDead")}
    assert {name: metrics[name] for name in expected | nothing} == expected | nothing
