"""A stack with a KMS key and a VPC of the user's.

MiniStack does not apply a template's encryption of buckets and networks of functions, and its S3 asks no permission on
a key. So tests ask MiniStack's evaluator of policies what the deployed roles may do.
"""

from collections.abc import Iterator

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from local.cloud import ACCOUNT, REGION, STACK, Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.bucket import Bucket

THROUGH_S3 = {"kms:viaservice": f"s3.{REGION}.amazonaws.com"}


@pytest.fixture(scope="module")
def empty() -> Iterator[Cloud]:
    with start_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def key(empty: Cloud) -> str:
    return str(empty.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def cloud(empty: Cloud, key: str) -> Cloud:
    create_stack(empty, KmsKeyArn=key, SubnetIds="subnet-0a1b2c3d,subnet-12345678", SecurityGroupIds="sg-12345678")
    return finish_deployment(empty)


def test_the_application_can_be_deployed_with_both(cloud: Cloud, sample: bytes) -> None:
    assert Bucket.in_cloud(cloud).classify("face.png", sample)["label"] == "happy"


def is_allowed(cloud: Cloud, role: str, action: str, resource: str, keys: dict[str, str]) -> bool:
    """Whether the policies of a role, as they are deployed, allow a request. keys: the request's condition keys."""
    iam = cloud.client("iam")
    [name] = [r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleName"].startswith(f"{STACK}-{role}-")]
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    request = EvalContext(
        principal_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context=keys,
    )
    return bool(evaluate(request, [parse_policy_document(document) for document in documents]).decision == "Allow")


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_the_key_may_be_used_through_s3_by_the_functions_that_use_the_bucket(
    cloud: Cloud, key: str, action: str
) -> None:
    for role in ("InboxRole", "ApiRole"):
        assert is_allowed(cloud, role, action, key, THROUGH_S3)
        assert not is_allowed(cloud, role, action, key, {})
        assert not is_allowed(cloud, role, action, key, {"kms:viaservice": f"sqs.{REGION}.amazonaws.com"})
        assert not is_allowed(cloud, role, action, key + "0", THROUGH_S3)
        assert not is_allowed(cloud, role, "kms:Encrypt", key, THROUGH_S3)
    assert not is_allowed(cloud, "PageRole", action, key, THROUGH_S3)


def test_the_code_of_a_function_may_not_make_network_interfaces(cloud: Cloud) -> None:
    function = {"lambda:sourcefunctionarn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-InboxFunction"}
    for role in ("InboxRole", "ApiRole", "PageRole"):
        assert is_allowed(cloud, role, "ec2:CreateNetworkInterface", "*", {})
        assert not is_allowed(cloud, role, "ec2:CreateNetworkInterface", "*", function)
