"""A stack is deleted with everything in its bucket, and can be deployed again under the same name."""

import json
from collections.abc import Iterator

import pytest

from local.cloud import STACK, Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.operating import Operate, operate_at_terminal


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A cloud of its own for each test, because the other tests need their stack."""
    with start_cloud() as empty:
        yield empty


def deploy(cloud: Cloud, **parameters: str) -> Bucket:
    create_stack(cloud, **parameters)
    return Bucket.in_cloud(finish_deployment(cloud))


def versions(bucket: Bucket) -> int:
    """The number of all versions and delete markers."""
    pages = bucket.s3.get_paginator("list_object_versions").paginate(Bucket=bucket.name)
    return sum(len(page.get(kind, [])) for page in pages for kind in ("Versions", "DeleteMarkers"))


def stack_exists(cloud: Cloud) -> bool:
    """CloudFormation also lists stacks that were deleted."""
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return any(stack["StackName"] == STACK and stack["StackStatus"] != "DELETE_COMPLETE" for stack in stacks)


def test_a_stack_whose_bucket_has_old_versions_is_deleted_and_deployed_again(
    cloud: Cloud, sample: bytes, operate: Operate
) -> None:
    bucket = deploy(cloud)
    for _ in range(2):
        stored = bucket.upload("twice.png", sample)
        bucket.await_document("twice.png", stored["VersionId"])
    bucket.upload_without_event("deleted.png", sample)
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + "deleted.png")
    bucket.s3.put_object(Bucket=bucket.name, Key="notes outside the prefixes.txt", Body=b"")
    before = versions(bucket)

    shown = operate("delete-stack", "--dry-run")
    assert "stack mien in us-east-1, account 000000000000" in shown.stdout
    assert "delete markers" in shown.stdout
    assert "there is no terminal; add --yes" in operate("delete-stack").stderr
    assert "that is not mien: nothing was deleted" in operate_at_terminal(cloud, "mine", "delete-stack").stderr
    assert versions(bucket) == before
    assert stack_exists(cloud)

    done = operate_at_terminal(cloud, "mien", "delete-stack")
    assert done.returncode == 0, done.stderr
    assert "Type the name of the stack to delete all of this for good" in done.stdout
    assert "Deleted stack mien and" in done.stdout
    assert not stack_exists(cloud)
    assert bucket.name not in [each["Name"] for each in bucket.s3.list_buckets()["Buckets"]]

    again = deploy(cloud)
    assert again.name == bucket.name
    assert versions(again) == 0
    assert again.await_document("new.png", again.upload("new.png", sample)["VersionId"])["label"] == "happy"


def test_images_survive_a_deleted_stack_and_the_next_one_adopts_their_bucket(
    cloud: Cloud, sample: bytes, operate: Operate
) -> None:
    bucket = deploy(cloud)
    bucket.await_document("old.png", bucket.upload("old.png", sample)["VersionId"])
    cloudformation = cloud.client("cloudformation")
    # `sam delete` does this.
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    assert bucket.keys() == ["inbox/old.png", "results/old.png.json"]
    assert bucket.s3.get_bucket_policy(Bucket=bucket.name)

    adopted = deploy(cloud, ExistingBucket=bucket.name)
    assert f"Bucket {bucket.name} now tells stack mien" in operate("connect").stdout
    assert adopted.await_document("new.png", adopted.upload("new.png", sample)["VersionId"])["label"] == "happy"
    # The notification of the deleted stack is gone.
    assert len(bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)["QueueConfigurations"]) == 1


def test_an_existing_bucket_is_kept_and_disconnected(cloud: Cloud, sample: bytes, operate: Operate) -> None:
    cloud.client("s3").create_bucket(Bucket="photos")
    bucket = deploy(cloud, ExistingBucket="photos")
    assert "Bucket photos keeps no old versions" in operate("connect").stdout
    bucket.await_document("face.png", bucket.upload("face.png", sample).get("VersionId"))
    done = operate("delete-stack", "--yes")
    assert "bucket photos is kept with everything in it" in done.stdout
    assert "Disconnected bucket photos." in done.stdout
    assert not stack_exists(cloud)
    assert bucket.keys() == ["inbox/face.png", "results/face.png.json"]
    assert "QueueConfigurations" not in bucket.s3.get_bucket_notification_configuration(Bucket="photos")


def test_a_stack_of_another_application_and_its_bucket_are_left_alone(cloud: Cloud, operate: Operate) -> None:
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "letters"}}}}
    cloud.client("cloudformation").create_stack(StackName="letters", TemplateBody=json.dumps(template))
    cloud.client("s3").put_object(Bucket="letters", Key="a", Body=b"")
    failed = operate("delete-stack", "--stack", "letters", "--yes")
    assert failed.returncode == 1
    assert failed.stderr.startswith("stack letters is not a stack of Mien")
    assert cloud.client("s3").head_object(Bucket="letters", Key="a")
