"""Deleting a stack never deletes images, and a new stack can adopt the bucket that is left."""

from collections.abc import Iterator

import pytest

from local.cloud import STACK, Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket
from tests.support.operating import Operate


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A cloud of its own, because the other tests need their stack."""
    with start_cloud() as empty:
        yield empty


def deploy(cloud: Cloud, **parameters: str) -> Bucket:
    create_stack(cloud, **parameters)
    return Bucket.in_cloud(finish_deployment(cloud))


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
