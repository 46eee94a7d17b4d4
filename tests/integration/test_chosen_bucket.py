"""Which bucket a deployment uses."""

from collections.abc import Iterator
from typing import Any

import pytest

from deployment.bucket import choose_bucket
from deployment.deletion import delete_bucket
from deployment.errors import DeploymentError
from deployment.names import Names
from local.cloud import ACCOUNT, REGION, Cloud

NAMES = Names("choosing", ACCOUNT, REGION)


@pytest.fixture
def s3(cloud: Cloud) -> Any:
    return cloud.client("s3")


@pytest.fixture
def taken(s3: Any) -> Iterator[str]:
    """A bucket with the name that the stack would give its own."""
    s3.create_bucket(Bucket=NAMES.bucket)
    yield NAMES.bucket
    delete_bucket(s3, NAMES.bucket, lambda number: None)


def test_a_new_stack_creates_its_bucket(s3: Any) -> None:
    assert choose_bucket(s3, NAMES, None, None) is None


def test_a_bucket_that_was_kept_is_used_again(s3: Any, taken: str) -> None:
    s3.put_bucket_tagging(Bucket=taken, Tagging={"TagSet": [{"Key": "mien:stack", "Value": NAMES.stack}]})
    assert choose_bucket(s3, NAMES, None, None) == taken


@pytest.mark.parametrize("given", [None, NAMES.bucket])
def test_a_bucket_of_another_application_is_not_taken_over_because_of_its_name(
    s3: Any, taken: str, given: str | None
) -> None:
    """`undeploy` would delete it."""
    with pytest.raises(DeploymentError, match=r"nothing shows that it is of a stack choosing: .* --stack NAME"):
        choose_bucket(s3, NAMES, None, given)


def test_a_bucket_that_the_user_names_must_exist(s3: Any, cloud: Cloud) -> None:
    bucket = cloud.outputs["BucketName"]
    assert choose_bucket(s3, NAMES, None, bucket) == bucket
    with pytest.raises(DeploymentError, match="there is no bucket photos-of-nobody in this account"):
        choose_bucket(s3, NAMES, None, "photos-of-nobody")
