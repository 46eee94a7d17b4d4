"""The role of the endpoint allows what SageMaker does for the endpoint, and nothing else."""

import copy
import re
from typing import Any

import pytest

from local.cloud import ACCOUNT, ENDPOINT_NAME, REGION
from local.paths import ROOT
from tests.support.hosting_stack import BUCKET
from tests.support.hosting_template import FULL, properties, render
from tests.support.stack import DELETED, Check, Damage, Template, as_list, permissions

LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{ENDPOINT_NAME}"
REPOSITORY = f"arn:aws:ecr:{REGION}:763104351884:repository/pytorch-inference"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
# Each action and what it is allowed for, of every endpoint.
SERVING = {
    "s3:GetObject": {f"arn:aws:s3:::{BUCKET}/models/*"},
    "ecr:GetAuthorizationToken": {"*"},
    "ecr:BatchCheckLayerAvailability": {REPOSITORY, f"{REPOSITORY}/*"},
    "ecr:BatchGetImage": {REPOSITORY, f"{REPOSITORY}/*"},
    "ecr:GetDownloadUrlForLayer": {REPOSITORY, f"{REPOSITORY}/*"},
    "logs:CreateLogGroup": {LOG, f"{LOG}:*"},
    "logs:CreateLogStream": {LOG, f"{LOG}:*"},
    "logs:DescribeLogStreams": {LOG, f"{LOG}:*"},
    "logs:PutLogEvents": {LOG, f"{LOG}:*"},
    "cloudwatch:PutMetricData": {"*"},
}
ALARMS = {"cloudwatch:DescribeAlarms": {f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{ENDPOINT_NAME}-*"}}
DECRYPTION = {"kms:Decrypt": {FULL["KmsKeyArn"]}}
DISKS = {"kms:CreateGrant": {FULL["KmsKeyArn"]}}
INTERFACES = {f"{EC2}:network-interface/*", f"{EC2}:security-group/*", f"arn:aws:ec2:{REGION}:*:subnet/*"}
NETWORK = {
    **{
        f"ec2:{action}": INTERFACES
        for action in (
            *("CreateNetworkInterface", "CreateNetworkInterfacePermission"),
            *("DeleteNetworkInterface", "DeleteNetworkInterfacePermission"),
        )
    },
    **{
        f"ec2:Describe{what}": {"*"}
        for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    },
}
ON_INSTANCES = {"InstanceType": FULL["InstanceType"]}
KEY = {"KmsKeyArn": FULL["KmsKeyArn"]}
# The actions for which AWS has no narrower resource than all (Service Authorization Reference).
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", *(a for a in NETWORK if "Describe" in a)}
RENDERED = (render(), render(**ON_INSTANCES), render(**KEY), render(**FULL))
# The condition that limits each of these actions.
CONDITIONS: dict[str, Any] = {
    "cloudwatch:PutMetricData": {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}},
    "kms:Decrypt": {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}},
    "kms:CreateGrant": {"Bool": {"kms:GrantIsForAWSResource": True}},
}


def allowed(template: Template) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, action, resource in permissions(template):
        found.setdefault(action, set()).add(resource)
    return found


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, SERVING),
        (ON_INSTANCES, {**SERVING, **ALARMS}),
        (KEY, {**SERVING, **DECRYPTION}),
        ({**KEY, **ON_INSTANCES}, {**SERVING, **ALARMS, **DECRYPTION, **DISKS}),
        (FULL, {**SERVING, **ALARMS, **DECRYPTION, **DISKS, **NETWORK}),
    ],
)
def test_the_role_allows_exactly_what_its_endpoint_needs(
    parameters: dict[str, str], expected: dict[str, set[str]]
) -> None:
    assert allowed(render(**parameters)) == expected


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mien:1", f"{ACCOUNT}:repository/mien"),
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mien@sha256:0123", f"{ACCOUNT}:repository/mien"),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/mien:1", f"{ACCOUNT}:repository/team"),
    ],
)
def test_only_the_repository_of_the_image_can_be_read(image: str, repository: str) -> None:
    registry = f"arn:aws:ecr:{REGION}"
    assert allowed(render(Image=image, Container="slim"))["ecr:BatchGetImage"] == {
        f"{registry}:{repository}",
        f"{registry}:{repository}/*",
    }


def no_action_is_a_wildcard(template: Template) -> list[str]:
    return [action for _, action, _ in permissions(template) if "*" in action or action == "NotAction"]


def only_what_has_no_resource_is_allowed_for_all(template: Template) -> list[str]:
    return [
        action
        for _, action, resource in permissions(template)
        if resource in ("*", "NotResource") and action not in WITHOUT_RESOURCE
    ]


def conditions_limit_what_resources_do_not(template: Template) -> list[str]:
    [policy] = properties(template, "Role")["Policies"]
    return [
        statement["Sid"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Condition") != CONDITIONS.get(str(statement["Action"]))
    ]


def only_sagemaker_of_this_account_assumes_the_role(template: Template) -> list[str]:
    expected = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    }
    statements = properties(template, "Role")["AssumeRolePolicyDocument"]["Statement"]
    return [] if statements == [expected] else [f"the role can be assumed by {statements}"]


CHECKS: list[Check] = [
    no_action_is_a_wildcard,
    only_what_has_no_resource_is_allowed_for_all,
    conditions_limit_what_resources_do_not,
    only_sagemaker_of_this_account_assumes_the_role,
]
FIRST = "Role Policies 0 PolicyDocument Statement"
ASSUMED = "Role AssumeRolePolicyDocument Statement 0"
DAMAGES = [
    Damage(no_action_is_a_wildcard, f"{FIRST} ReadModels", "Action", "s3:*", "s3:*", RENDERED[-1]),
    Damage(only_what_has_no_resource_is_allowed_for_all, f"{FIRST} ReadModels", "Resource", "*", "s3:", RENDERED[-1]),
    Damage(only_what_has_no_resource_is_allowed_for_all, f"{FIRST} DecryptModels", "Resource", "*", "k", RENDERED[-1]),
    Damage(conditions_limit_what_resources_do_not, f"{FIRST} EncryptDisks", "Condition", DELETED, "D", RENDERED[-1]),
    Damage(conditions_limit_what_resources_do_not, f"{FIRST} PublishMetrics", "Condition", {}, "Pub", RENDERED[-1]),
    Damage(only_sagemaker_of_this_account_assumes_the_role, ASSUMED, "Condition", DELETED, "role", RENDERED[-1]),
    Damage(only_sagemaker_of_this_account_assumes_the_role, ASSUMED, "Principal", "*", "role", RENDERED[-1]),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_role_passes_each_check(check: Check) -> None:
    assert [check(copy.deepcopy(template)) for template in RENDERED] == [[]] * len(RENDERED)


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_found(damage: Damage) -> None:
    assert damage.is_found()


def test_each_check_finds_at_least_one_damage() -> None:
    assert {damage.check for damage in DAMAGES} == set(CHECKS)


def test_an_account_can_limit_the_role() -> None:
    assert properties(render(**FULL), "Role")["PermissionsBoundary"] == FULL["PermissionsBoundary"]
    assert "PermissionsBoundary" not in properties(render(), "Role")


def test_the_security_page_has_a_row_for_each_statement() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    statements = properties(render(**FULL), "Role")["Policies"][0]["PolicyDocument"]["Statement"]
    rows = [f"| `{s['Sid']}` | {', '.join(f'`{action}`' for action in as_list(s['Action']))} |" for s in statements]
    assert [row for row in rows if row not in page] == []
    assert len(re.findall(r"^\| `[A-Z]\w+` \| `\w+:", page, re.MULTILINE)) == len(rows)
