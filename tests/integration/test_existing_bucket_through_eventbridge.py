"""An existing bucket is connected through EventBridge: one switch, and no change of anybody's notifications."""

from collections.abc import Iterator

import pytest

from local.cloud import Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.operating import Operate
from tests.support.waiting import eventually

NAME = "photos-of-an-archive"
FIVE_MINUTES = "S3 needs about five minutes for this"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A bucket of the user, which tells another application about all uploads to the inbox, and a stack that uses it.

    S3 would refuse a second notification for the same events and prefix.
    """
    with start_cloud() as empty:
        s3, sqs = empty.client("s3"), empty.client("sqs")
        s3.create_bucket(Bucket=NAME)
        s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
        url = sqs.create_queue(QueueName="others")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        prefix = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "inbox/"}]}}
        others = {"Id": "others", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": prefix}
        s3.put_bucket_notification_configuration(
            Bucket=NAME, NotificationConfiguration={"QueueConfigurations": [others]}
        )
        create_stack(empty, ExistingBucket=NAME, Notifications="eventbridge")
        yield finish_deployment(empty)


@pytest.fixture
def archive(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


def notifications(bucket: Bucket) -> dict[str, object]:
    found = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    return {name: entries for name, entries in found.items() if name != "ResponseMetadata"}


def test_images_get_results_once_the_bucket_is_connected(archive: Bucket, sample: bytes, operate: Operate) -> None:
    before = notifications(archive)
    done = operate("connect")
    assert done.returncode == 0, done.stderr
    assert f"Bucket {NAME} now tells stack mien about images in inbox/, through EventBridge." in done.stdout
    assert FIVE_MINUTES in done.stdout
    assert notifications(archive) == before | {"EventBridgeConfiguration": {}}
    name = "a+b 100%25 é.png"
    archive.upload(name, sample)
    document = archive.await_document(name)
    assert (document["label"], document["image"]["bucket"]) == ("happy", NAME)
    archive.s3.delete_object(Bucket=NAME, Key=archive.inbox + name)
    assert eventually(lambda: archive.documents(name) == [])
    again = operate("connect").stdout
    assert "already tells stack mien" in again
    assert FIVE_MINUTES not in again


def test_a_disconnection_says_that_the_switch_and_the_rule_stay(archive: Bucket, operate: Operate) -> None:
    operate("connect")
    connected = notifications(archive)
    said = operate("disconnect").stdout
    assert "The rule of stack mien still tells it about images; delete the stack, or set Notifications=direct." in said
    assert f"Bucket {NAME} still sends its events to EventBridge" in said
    assert notifications(archive) == connected
    with pytest.raises(archive.s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        archive.s3.get_bucket_cors(Bucket=NAME)
