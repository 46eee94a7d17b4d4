"""With Notifications=eventbridge, the events of the stack's own bucket reach the queue through a rule of EventBridge.

MiniStack's bucket, EventBridge and queue are all emulated. Its events lack the version, which those of S3 have. Its
EventBridge does not ask the queue's policy. So a test asks MiniStack's evaluator of policies about it instead.
"""

import json
from collections.abc import Iterator

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from local.cloud import ACCOUNT, REGION, STACK, Cloud
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


RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/"
RULES_OF_OTHERS = [RULE + "other", RULE.replace(ACCOUNT, "111122223333") + "same-name", ""]


def decide(cloud: Cloud, service: str, source: str, action: str = "sqs:SendMessage", with_tls: bool = True) -> str:
    """Allow, ImplicitDeny or Deny: what the deployed queue's policy says to a service of AWS.

    source: ARN of what the service acts for.
    """
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.outputs["QueueUrl"], AttributeNames=["All"])
    request = EvalContext(
        principal_arn="",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=attributes["Attributes"]["QueueArn"],
        region=REGION,
        secure_transport=with_tls,
        service_context={"aws:sourcearn": source} if source else {},
    )
    return str(evaluate_resource_policy(attributes["Attributes"]["Policy"], request, service).decision)


def rule_of_stack(cloud: Cloud) -> str:
    [rule] = cloud.client("events").list_rules(NamePrefix=STACK)["Rules"]
    return str(rule["Arn"])


def test_the_queue_accepts_messages_of_the_stacks_own_rule_over_tls(cloud: Cloud) -> None:
    rule = rule_of_stack(cloud)
    assert decide(cloud, "events.amazonaws.com", rule) == "Allow"
    assert decide(cloud, "events.amazonaws.com", rule, with_tls=False) == "Deny"


@pytest.mark.parametrize("source", RULES_OF_OTHERS)
def test_the_queue_accepts_no_messages_of_other_rules(cloud: Cloud, source: str) -> None:
    assert decide(cloud, "events.amazonaws.com", source) == "ImplicitDeny"


def test_the_rule_may_only_send_and_the_bucket_may_not_send_past_it(cloud: Cloud, bucket: Bucket) -> None:
    assert decide(cloud, "events.amazonaws.com", rule_of_stack(cloud), "sqs:ReceiveMessage") == "ImplicitDeny"
    assert decide(cloud, "s3.amazonaws.com", f"arn:aws:s3:::{bucket.name}") == "ImplicitDeny"
    assert decide(cloud, "sns.amazonaws.com", rule_of_stack(cloud)) == "ImplicitDeny"


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
