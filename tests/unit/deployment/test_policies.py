"""The policies of those who deploy allow what the commands and CloudFormation call, and nothing else.

CloudFormation calls services in the name of the person who deploys. What it calls for a resource is in the schema of
the resource's type.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import template
from local.paths import ROOT
from tests.support.iam_actions import action_exists, arn_patterns, handler_permissions

BASE, APPLICATION, ENDPOINT = "deploy", "deploy-application", "deploy-endpoint"
POLICIES = (BASE, APPLICATION, ENDPOINT)
# IAM User Guide, "IAM and AWS STS quotas": characters of a managed policy, without white space.
MAX_CHARACTERS = 6144
# SAM makes these for versions of functions and for the template's TrafficShift.
OF_TRAFFIC_SHIFT = {
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
}
# What handlers call for properties that the templates do not have, or that only look like actions.
NOT_NEEDED = {
    "s3tables:*": "no metadata tables",
    "s3:*MetadataTable*": "no metadata tables",
    "s3:UpdateBucketMetadata*": "no metadata tables",
    "s3:PutBucketAbac": "no access by tags",
    "s3:*Analytics*": "no analytics",
    "s3:*Metrics*": "no metrics of requests",
    "s3:PutInventoryConfiguration": "no inventory",
    "s3:*Replication*": "no replication",
    "s3:*Website": "no website",
    "s3:PutAccelerateConfiguration": "no acceleration",
    "s3:PutIntelligentTieringConfiguration": "no tiering",
    "s3:*ObjectLockConfiguration": "no object lock",
    "s3:PutBucketLogging": "no access log",
    "s3:*Acl": "ACLs are off",
    "s3:DeleteBucketCors": "is no action of IAM: PutBucketCORS allows it",
    "s3:DeleteBucketEncryption": "is no action of IAM: PutEncryptionConfiguration allows it",
    "s3:DeleteBucketLifecycle": "is no action of IAM: PutLifecycleConfiguration allows it",
    "s3:REST.PUT.OBJECT": "is no action of IAM",
    "lambda:*FunctionConcurrency": "no reserved concurrency",
    "lambda:*ProvisionedConcurrencyConfig": "no provisioned concurrency",
    "lambda:PutRuntimeManagementConfig": "the runtime is updated by Lambda",
    "lambda:PutFunctionRecursionConfig": "Lambda's own detection of loops",
    "lambda:PutFunctionScalingConfig": "no instances of Lambda",
    "lambda:PassCapacityProvider": "no instances of Lambda",
    "lambda:AssociateRuntimeAlias": "no alias of a runtime",
    "lambda:*CodeSigningConfig": "no code signing",
    "elasticfilesystem:*": "no file systems",
    "s3files:*": "no file systems",
    "logs:*DataProtectionPolicy": "no data protection policy",
    "logs:*IndexPolicy": "no indexes",
    "logs:*ResourcePolicy": "no resource policy",
    "logs:CreateLogDelivery": "logs are delivered nowhere",
    "logs:DeleteRetentionPolicy": "logs always have a retention",
    "logs:PutLogGroupDeletionProtection": "no protection from deletion",
    "logs:PutBearerTokenAuthentication": "no access by tokens",
    "firehose:*": "logs are delivered nowhere",
    "iam:AttachRolePolicy": "roles have no managed policies",
    "iam:DetachRolePolicy": "roles have no managed policies",
    "iam:DeleteRolePermissionsBoundary": "who deploys may not remove a boundary",
    "apigateway:UpdateRestApiPolicy": "the API has no resource policy",
    "codedeploy:RegisterOnPremisesInstance": "only functions are deployed",
    "application-autoscaling:*ScheduledAction": "nothing is scaled by the clock",
}
# What the commands themselves call, and sam deploy, beside what CloudFormation calls.
DIRECT = {
    BASE: {
        *("cloudformation:ContinueUpdateRollback", "cloudformation:CreateChangeSet", "cloudformation:CreateStack"),
        *("cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:DescribeChangeSet"),
        *("cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources"),
        *("cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate"),
        *("cloudformation:GetTemplateSummary", "cloudformation:ListChangeSets", "cloudformation:UpdateStack"),
        *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"),
        *("s3:GetObjectVersion", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"),
        *("lambda:GetAccountSettings", "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
        *("sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint", "sts:GetCallerIdentity"),
        # A parameter of the templates: CloudFormation and S3 use the key in the name of the person who deploys.
        *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        # Which boundary a role has. The schema lists only its removal.
        "iam:PutRolePermissionsBoundary",
    },
    APPLICATION: {"apigateway:GET"},
    ENDPOINT: {
        "logs:DeleteLogGroup",
        # Target tracking makes alarms in the name of the person who sets it up.
        *("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
    },
}


def statements(*policies: str) -> list[dict[str, Any]]:
    read = (json.loads((ROOT / "policies" / f"{policy}.json").read_text()) for policy in policies)
    return [statement for policy in read for statement in policy["Statement"]]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(*policies: str) -> set[str]:
    found = statements(*policies)
    assert {statement["Effect"] for statement in found} == {"Allow"}
    return {action for statement in found for action in listed(statement["Action"])}


def application_types() -> set[str]:
    return {each["Type"] for each in template.expand_template()["Resources"].values()} | OF_TRAFFIC_SHIFT


def endpoint_types() -> set[str]:
    return {each["Type"] for each in yaml_parse((ROOT / "hosting.yaml").read_text())["Resources"].values()}


def needed(types: set[str]) -> set[str]:
    """What CloudFormation calls for resources of these types. It reads everything, and writes what a template has."""
    calls = {call for resource_type in types for call in handler_permissions(resource_type)}
    return {
        action
        for handler, action in calls
        if (handler == "read" or not any(fnmatchcase(action, pattern) for pattern in NOT_NEEDED))
    }


@pytest.mark.parametrize(
    ("policies", "types"),
    [((BASE, APPLICATION), application_types), ((BASE, ENDPOINT), endpoint_types)],
    ids=["template.yaml", "hosting.yaml"],
)
def test_the_policies_allow_what_cloudformation_calls_for_each_resource(
    policies: tuple[str, ...], types: Callable[[], set[str]]
) -> None:
    assert needed(types()) - allowed(*policies) == set()


@pytest.mark.parametrize("policy", POLICIES)
def test_the_policies_allow_nothing_that_neither_cloudformation_nor_the_commands_call(policy: str) -> None:
    types = {BASE: application_types() | endpoint_types(), APPLICATION: application_types(), ENDPOINT: endpoint_types()}
    assert allowed(policy) - needed(types[policy]) == DIRECT[policy] - needed(types[policy])
    assert allowed(policy) >= DIRECT[policy]


def test_each_reason_is_about_something_that_cloudformation_could_call() -> None:
    types = application_types() | endpoint_types()
    calls = {action for resource_type in types for _, action in handler_permissions(resource_type)}
    assert [pattern for pattern in NOT_NEEDED if not any(fnmatchcase(action, pattern) for action in calls)] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_each_action_exists_and_none_is_a_wildcard(policy: str) -> None:
    assert [action for action in allowed(policy) if "*" in action or not action_exists(action)] == []


@pytest.mark.parametrize("policy", POLICIES)
def test_each_action_is_limited_to_names_of_mien_where_iam_can_limit_it(policy: str) -> None:
    for statement in statements(policy):
        if statement["Resource"] == "*":
            limited = {action for action in listed(statement["Action"]) if arn_patterns(action)}
            assert limited <= ALLOWED_EVERYWHERE or "Condition" in statement, statement["Sid"]
            continue
        for action in listed(statement["Action"]):
            patterns = arn_patterns(action)
            resources = [concrete(resource) for resource in listed(statement["Resource"])]
            matches = any(re.fullmatch(pattern, resource) for pattern in patterns for resource in resources)
            assert matches or statement["Sid"] in WITHOUT_REFERENCE, action
        for resource in listed(statement["Resource"]):
            assert re.search(NAMED, resource), resource


# ReadTheAccount and ScaleInstances: `DescribeAlarms` is asked by prefix, and scalable targets have generated IDs.
ALLOWED_EVERYWHERE = {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    *(f"application-autoscaling:{name}" for name in ("DeleteScalingPolicy", "DeregisterScalableTarget")),
    *(f"application-autoscaling:{name}" for name in ("ListTagsForResource", "PutScalingPolicy")),
    *(f"application-autoscaling:{name}" for name in ("RegisterScalableTarget", "TagResource", "UntagResource")),
}
# AWS CloudFormation User Guide, "Control CloudFormation access with IAM": the ARN of a transform, which the reference
# does not list.
WITHOUT_REFERENCE = {"ExpandSamTemplates"}
# Resources without a name of Mien: API Gateway has only generated IDs, event source mappings have a UUID,
# CloudFormation generates the names of models and endpoint configurations, and three belong to AWS.
NAMED = (
    r"[/:]mien(-\*|/)|^arn:aws:apigateway:\*::/(apikeys|restapis|usageplans|tags/)|event-source-mapping:\*$"
    r"|(model/[Mm]odel|endpoint-config/[Ee]ndpoint[Cc]onfig)-\*$|^KEY_ARN$|^ROLE_ARN$|:aws:transform/Serverless"
    r"|deploymentconfig:CodeDeployDefault|aws-service-role/sagemaker\.application-autoscaling"
)


def concrete(resource: str) -> str:
    """An ARN that a resource of a policy matches."""
    placeholders = {"KEY_ARN": "arn:aws:kms:eu-central-1:1:key/1", "ROLE_ARN": "arn:aws:iam::1:role/mien"}
    return placeholders.get(resource, resource.replace("ACCOUNT", "1").replace("*", "x"))


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_fits_into_a_managed_policy(policy: str) -> None:
    content = json.loads((ROOT / "policies" / f"{policy}.json").read_text())
    assert len(json.dumps(content, separators=(",", ":"))) < MAX_CHARACTERS - 1000


def test_roles_have_names_of_mien_and_are_given_to_three_services_only() -> None:
    services = set()
    for statement in statements(*POLICIES):
        actions = listed(statement["Action"])
        if "iam:PassRole" in actions:
            assert actions == ["iam:PassRole"]
            [(_, condition)] = statement["Condition"]["StringEquals"].items()
            services |= set(listed(condition))
        if any(action.startswith("iam:") and "ServiceLinked" not in action for action in actions):
            assert set(listed(statement["Resource"])) <= {"arn:aws:iam::ACCOUNT:role/mien-*", "ROLE_ARN"}
    assert services == {"codedeploy.amazonaws.com", "lambda.amazonaws.com", "sagemaker.amazonaws.com"}
