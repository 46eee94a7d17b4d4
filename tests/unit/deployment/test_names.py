"""Everything that a deployment makes is named after the application's stack."""

import pytest

from deployment.errors import DeploymentError
from deployment.names import Names
from local import template

ACCOUNT = "123456789012"


def test_all_names_begin_with_the_stacks() -> None:
    names = Names("mien-staging", ACCOUNT, "eu-central-1")
    assert names.model_stack == "mien-staging-model"
    assert names.endpoint == "mien-staging-faces"
    assert names.artifacts_bucket == "mien-staging-artifacts-123456789012-eu-central-1"


def test_the_bucket_is_named_as_the_template_names_it() -> None:
    bucket = template.parse_template()["Resources"]["Bucket"]["Properties"]["BucketName"]
    values = {"AWS::StackName": "mien", "AWS::AccountId": ACCOUNT, "AWS::Region": "eu-central-1"}
    assert Names("mien", ACCOUNT, "eu-central-1").bucket == template.resolve_text(bucket, values)


@pytest.mark.parametrize("stack", ["Mien", "mien_a", "1mien", "mien-", "mien--a", "", "-"])
def test_a_stack_after_which_no_bucket_can_be_named_is_refused(stack: str) -> None:
    with pytest.raises(DeploymentError, match="lower-case letters"):
        Names(stack, ACCOUNT, "eu-central-1")


def test_the_longest_name_of_a_stack_leaves_room_for_the_region() -> None:
    longest = Names("m" * 27, ACCOUNT, "eu-central-1")
    assert len(longest.artifacts_bucket) == 63
    with pytest.raises(DeploymentError, match="too long by 2 characters"):
        Names("m" * 27, ACCOUNT, "ap-southeast-1")
