"""A stack uses a bucket that existed before: it is connected with one command, and otherwise stays as it is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.operating import Operate
from tests.support.waiting import eventually

NAME = "photos-of-an-archive"
RULE_OF_OTHERS = {"ID": "others", "AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A bucket of the user, which tells another application about reports, and a stack that uses it."""
    with start_cloud() as empty:
        s3, sqs = empty.client("s3"), empty.client("sqs")
        s3.create_bucket(Bucket=NAME)
        s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_cors(Bucket=NAME, CORSConfiguration={"CORSRules": [RULE_OF_OTHERS]})
        url = sqs.create_queue(QueueName="reports")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        prefix = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "reports/"}]}}
        reports = {"Id": "reports", "QueueArn": arn, "Events": ["s3:ObjectCreated:Put"], "Filter": prefix}
        s3.put_bucket_notification_configuration(
            Bucket=NAME, NotificationConfiguration={"QueueConfigurations": [reports], "EventBridgeConfiguration": {}}
        )
        create_stack(empty, ExistingBucket=NAME)
        yield finish_deployment(empty)


@pytest.fixture
def archive(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


def settings(bucket: Bucket) -> Any:
    """The notifications and the CORS rules of a bucket."""
    notifications = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    del notifications["ResponseMetadata"]
    return notifications, bucket.s3.get_bucket_cors(Bucket=bucket.name)["CORSRules"]


def test_images_in_an_existing_bucket_get_results_once_it_is_connected(
    cloud: Cloud, archive: Bucket, sample: bytes, operate: Operate
) -> None:
    assert cloud.outputs["ConnectCommand"] == "python -m operate connect --stack mien"
    archive.upload("too early.png", sample)
    done = operate("connect")
    assert done.returncode == 0, done.stderr
    assert "Bucket photos-of-an-archive now tells stack mien about images in inbox/." in done.stdout
    assert "are not classified: upload them again" in done.stdout
    stored = archive.upload("face.png", sample)
    document = archive.await_document("face.png", stored["VersionId"])
    assert (document["label"], document["image"]["bucket"]) == ("happy", NAME)
    assert archive.documents("too early.png") == []
    archive.s3.delete_object(Bucket=NAME, Key=archive.inbox + "face.png")
    assert eventually(lambda: archive.documents("face.png") == [])
    # The page uploads into this bucket too.
    origin = cloud.outputs["PageUrl"].removesuffix("/v1/")
    [rule] = [rule for rule in settings(archive)[1] if rule["ID"] == "mien-uploads"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == ([origin], ["POST"])


def test_the_settings_of_other_applications_stay_as_they_are(archive: Bucket, operate: Operate) -> None:
    operate("disconnect")
    before = settings(archive)
    shown = operate("connect", "--dry-run")
    assert settings(archive) == before
    operate("connect")
    connected = settings(archive)
    assert connected[0]["QueueConfigurations"][0] == before[0]["QueueConfigurations"][0]
    assert len(connected[0]["QueueConfigurations"]) == 2
    assert connected[0]["EventBridgeConfiguration"] == {}
    assert connected[1][0] == RULE_OF_OTHERS
    assert json.loads(shown.stdout)["cors_rules"] == connected[1]
    assert "already tells stack mien" in operate("connect").stdout
    assert settings(archive) == connected
    assert "no longer tells stack mien" in operate("disconnect", "--bucket", NAME).stdout
    assert settings(archive) == before
    assert "did not tell stack mien" in operate("disconnect").stdout


def test_a_bucket_that_does_not_exist_is_one_clear_line(operate: Operate) -> None:
    failed = operate("disconnect", "--bucket", "no-such-bucket")
    assert (failed.returncode, failed.stderr) == (1, "bucket no-such-bucket does not exist\n")
