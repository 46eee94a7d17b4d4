"""With Notifications=eventbridge, the events of the stack's own bucket reach the queue through a rule of EventBridge.

MiniStack's bucket, EventBridge and queue are all emulated. Its events lack the version, which those of S3 have.
"""

import json
from collections.abc import Iterator

import pytest

from local.cloud import Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with start_cloud() as empty:
        create_stack(empty, Notifications="eventbridge")
        yield finish_deployment(empty)


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


def test_the_bucket_sends_events_to_eventbridge_and_not_to_the_queue(bucket: Bucket) -> None:
    configuration = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    del configuration["ResponseMetadata"]
    assert configuration == {"EventBridgeConfiguration": {}}


@pytest.mark.parametrize("name", ["face.png", "a+b 100%25.png", "été/🙂.png"])
def test_an_image_gets_its_document_and_loses_it_when_it_is_deleted(name: str, bucket: Bucket, sample: bytes) -> None:
    bucket.upload(name, sample)
    document = bucket.await_document(name)
    assert (document["label"], document["image"]["key"]) == ("happy", bucket.inbox + name)
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name)
    assert eventually(lambda: bucket.documents(name) == [])


def test_an_image_that_is_overwritten_gets_a_new_document(bucket: Bucket, sample: bytes) -> None:
    bucket.upload("twice.png", b"broken")
    assert bucket.await_document("twice.png")["status"] == "rejected"
    bucket.upload("twice.png", sample)
    assert eventually(lambda: [document["status"] for document in bucket.documents("twice.png")] == ["classified"])


def test_an_event_as_s3_writes_it_leads_to_the_document_of_its_version(
    cloud: Cloud, bucket: Bucket, sample: bytes
) -> None:
    """The form of the Amazon S3 User Guide, "EventBridge event message structure", sent to the queue by the test."""
    stored = bucket.upload("version.png", sample)
    assert bucket.await_document("version.png")["image"].get("version_id") is None
    written = {
        "key": bucket.inbox + "version.png",
        "size": len(sample),
        "etag": stored["ETag"].strip('"'),
        "version-id": stored["VersionId"],
        # Later than MiniStack's own, so its document replaces the first one.
        "sequencer": "FF6AC86AD272D3836D",
    }
    event = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2021-11-12T00:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket.name}"],
        "detail": {
            "version": "0",
            "event-version": "1.1",
            "bucket": {"name": bucket.name},
            "object": written,
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    }
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs["QueueUrl"], MessageBody=json.dumps(event))
    document = bucket.await_document("version.png", stored["VersionId"])
    assert (document["label"], document["image"]["sequencer"]) == ("happy", written["sequencer"])
