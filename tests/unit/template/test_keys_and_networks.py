"""With KmsKeyArn the bucket has a key of the user's, and with SubnetIds the functions are in a VPC of the user's."""

import re
from typing import Any

import pytest

from local import template
from tests.support.stack import IN_VPC_WITH_KEY, TEMPLATE, Template, permissions, properties_of

PARAMETERS: dict[str, Any] = template.load_template()["Parameters"]
KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
DEFAULTS = template.default_parameters() | {"EndpointName": "faces"}
WITH_KEY = DEFAULTS | {"KmsKeyArn": KEY, "AWS::Region": "eu-central-1"}
IN_VPC = DEFAULTS | {
    "SubnetIds": "subnet-0a1b2c3d,subnet-12345678",
    "SecurityGroupIds": "sg-87654321",
}
INTERFACES = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def statements(expanded: Template, sid: str) -> dict[str, Any]:
    """The statements with this Sid, by the roles that have one."""
    return {
        name: statement
        for name, role in properties_of(expanded, "AWS::IAM::Role").items()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == sid
    }


def encryption(parameters: dict[str, str]) -> Any:
    bucket = template.resolve(template.load_template()["Resources"]["Bucket"]["Properties"], parameters)
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return rule


def test_the_bucket_is_encrypted_with_the_key_and_calls_kms_once_for_many_objects() -> None:
    assert encryption(WITH_KEY) == {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
        "BucketKeyEnabled": True,
    }
    assert encryption(DEFAULTS) == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_the_functions_that_use_the_bucket_may_use_the_key_through_s3_only() -> None:
    found = statements(IN_VPC_WITH_KEY, "UseKeyThroughS3")
    assert found.keys() == {"InboxRole", "ApiRole"}
    for statement in found.values():
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert statement["Resource"] == {"Ref": "KmsKeyArn"}
        values = WITH_KEY | {"AWS::URLSuffix": "amazonaws.com"}
        assert template.resolve(statement["Condition"], values) == {
            "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
        }


def test_queues_and_logs_keep_the_keys_of_their_services() -> None:
    """S3 and EventBridge can't send to a queue whose key has no policy for them, and so it is with logs."""
    queues = properties_of(IN_VPC_WITH_KEY, "AWS::SQS::Queue").values()
    assert all(queue["SqsManagedSseEnabled"] and "KmsMasterKeyId" not in queue for queue in queues)
    assert not [
        group for group in properties_of(IN_VPC_WITH_KEY, "AWS::Logs::LogGroup").values() if "KmsKeyId" in group
    ]


def test_all_functions_are_in_the_subnets_or_in_no_vpc() -> None:
    for function in properties_of(template.expand_template(**IN_VPC), "AWS::Lambda::Function").values():
        network = template.resolve(function, IN_VPC)["VpcConfig"]
        assert network == {
            "SubnetIds": {"Fn::Split": [",", "subnet-0a1b2c3d,subnet-12345678"]},
            "SecurityGroupIds": {"Fn::Split": [",", "sg-87654321"]},
        }
        assert "VpcConfig" not in template.resolve(function, DEFAULTS)


def test_lambda_may_make_network_interfaces_with_the_roles_and_the_functions_own_code_may_not() -> None:
    found = statements(IN_VPC_WITH_KEY, "JoinNetwork")
    assert found.keys() == {"InboxRole", "ApiRole", "PageRole"}
    for statement in found.values():
        assert set(statement["Action"]) == INTERFACES
        # The key is present in the requests of a function's code.
        assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": True}}


def test_without_a_key_and_a_network_the_roles_have_none_of_these_permissions() -> None:
    more = set(permissions(IN_VPC_WITH_KEY)) - set(permissions(TEMPLATE))
    assert set(permissions(TEMPLATE)) < set(permissions(IN_VPC_WITH_KEY))
    assert {action for _, action, _ in more} == INTERFACES | {"kms:Decrypt", "kms:GenerateDataKey"}
    assert not [action for _, action, _ in permissions(TEMPLATE) if action.startswith(("kms:", "ec2:"))]


@pytest.mark.parametrize(
    ("subnets", "groups", "accepted"),
    [
        ("", "", True),
        ("subnet-12345678", "sg-12345678", True),
        ("subnet-12345678", "", False),
        ("", "sg-12345678", False),
    ],
)
def test_subnets_and_security_groups_belong_together(subnets: str, groups: str, accepted: bool) -> None:
    parameters = DEFAULTS | {"SubnetIds": subnets, "SecurityGroupIds": groups}
    rules = [template.load_template()["Rules"][n] for n in ("SubnetsHaveSecurityGroups", "SecurityGroupsHaveSubnets")]
    kept = [
        template.evaluate_condition(assertion["Assert"], parameters)
        for rule in rules
        if template.evaluate_condition(rule["RuleCondition"], parameters)
        for assertion in rule["Assertions"]
    ]
    assert all(kept) is accepted


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("KmsKeyArn", KEY, True),
        ("KmsKeyArn", "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0123456789abcdef", True),
        # Policies compare the key's own ARN, and an alias can be given to another key.
        ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:alias/faces", False),
        ("KmsKeyArn", "11111111-2222-3333-4444-555555555555", False),
        ("SubnetIds", "subnet-0a1b2c3d,subnet-0123456789abcdef0", True),
        ("SubnetIds", "subnet-0a1b2c3d, subnet-12345678", False),
        ("SecurityGroupIds", "sg-0a1b2c3d", True),
        ("SecurityGroupIds", "default", False),
    ],
)
def test_names_that_aws_would_refuse_are_refused_at_once(name: str, value: str, accepted: bool) -> None:
    assert bool(re.search(PARAMETERS[name]["AllowedPattern"], value)) is accepted
