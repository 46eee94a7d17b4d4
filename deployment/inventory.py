"""Reads what the account has of a deployment. Nothing is changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from deployment.artifacts import bucket_exists
from deployment.errors import DeploymentError
from deployment.names import Names
from deployment.removal import (
    Bucket,
    Deployment,
    Endpoint,
    endpoint_name,
    is_own_artifacts_bucket,
    is_own_bucket,
    used_bucket,
    was_created,
)
from deployment.stacks import Stack, read_stack
from deployment.tags import STACK_TAG, read_tags
from operate.connection import read_settings
from operate.versions import Count, list_contents
from training.hosting.inventory import describe_config, describe_endpoint
from training.hosting.inventory import read_tags as read_endpoint_tags
from training.hosting.state import OWNER_TAG as TRAINING_TAG

# boto3's clients, by service.
Clients = Mapping[str, Any]
SERVICES = ("cloudformation", "s3", "sagemaker", "logs")
# Logical IDs in template.yaml and in hosting.yaml.
BUCKET, ENDPOINT = "Bucket", "Endpoint"


def read_deployment(clients: Clients, names: Names, on_counted: Callable[[int], None]) -> Deployment:
    """Returns what the account has of a deployment. Counts everything in its buckets, which can take minutes.

    on_counted: is called with the number of versions and delete markers of each page.

    Raises DeploymentError if a bucket with the name of the deployment's belongs to another account.
    """
    cloudformation = clients["cloudformation"]
    application = read_stack_or_change_set(cloudformation, names.stack)
    hosting = read_stack_or_change_set(cloudformation, names.model_stack)
    resources = {stack.name: list_resources(cloudformation, stack) for stack in (application, hosting) if stack}
    artifacts = read_artifacts_bucket(clients["s3"], names, on_counted)
    existing = used_bucket(names, application)
    name = endpoint_name(names, application, hosting)
    is_created = was_created(status_of(resources, names.model_stack, ENDPOINT))
    endpoint = read_endpoint(clients["sagemaker"], names, name, is_created)
    # The logs of an endpoint outlive it. A removal can have been interrupted before it deleted them.
    is_leftover = endpoint is None and name == names.endpoint and (hosting is not None or artifacts is not None)
    return Deployment(
        names,
        application,
        hosting,
        read_bucket(clients["s3"], names, application, status_of(resources, names.stack, BUCKET), on_counted),
        artifacts,
        existing if existing and may_exist(clients["s3"], existing, names.account) else None,
        endpoint,
        {stack: stuck_resources(found) for stack, found in resources.items()},
        find_logs(clients["logs"], name) if is_leftover or (endpoint and endpoint.is_own) else None,
    )


def read_stack_or_change_set(cloudformation: Any, name: str) -> Stack | None:
    """Describes a stack. A stack that has only a change set has the parameters of the change set."""
    stack = read_stack(cloudformation, name)
    if stack is None or stack.status != "REVIEW_IN_PROGRESS":
        return stack
    parameters: dict[str, str] = {}
    for page in cloudformation.get_paginator("list_change_sets").paginate(StackName=name):
        for summary in page["Summaries"]:
            described = cloudformation.describe_change_set(ChangeSetName=summary["ChangeSetId"], StackName=stack.id)
            parameters |= {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    return replace(stack, parameters=parameters)


def list_resources(cloudformation: Any, stack: Stack) -> list[dict[str, Any]]:
    if stack.status == "REVIEW_IN_PROGRESS":
        return []
    return list(cloudformation.describe_stack_resources(StackName=stack.id)["StackResources"])


def status_of(resources: Mapping[str, list[dict[str, Any]]], stack: str, logical_id: str) -> str | None:
    """The status of a stack's resource; None if the stack has none of this logical ID."""
    statuses = [each["ResourceStatus"] for each in resources.get(stack, []) if each["LogicalResourceId"] == logical_id]
    return statuses[0] if statuses else None


def stuck_resources(resources: list[dict[str, Any]]) -> dict[str, str]:
    """The resources that CloudFormation could not delete, by their logical IDs, each with the reason."""
    return {
        resource["LogicalResourceId"]: resource.get("ResourceStatusReason", "no reason is given")
        for resource in resources
        if resource["ResourceStatus"] == "DELETE_FAILED"
    }


def read_bucket(
    s3: Any,
    names: Names,
    application: Stack | None,
    resource_status: str | None,
    on_counted: Callable[[int], None],
) -> Bucket | None:
    """The bucket of images and documents. resource_status: of the stack's bucket; None if the stack has none."""
    if not bucket_exists(s3, names.bucket, names.account):
        return None
    tags, settings = read_tags(s3, names.bucket), read_settings(s3, names.bucket)
    is_own = is_own_bucket(names, application, resource_status, tags, settings)
    return Bucket(names.bucket, count_contents(s3, names.bucket, on_counted) if is_own else Count(), is_own)


def may_exist(s3: Any, bucket: str, account: str) -> bool:
    """Whether the account has this bucket, or S3 does not say."""
    try:
        return bucket_exists(s3, bucket, account)
    except DeploymentError:
        return True


def is_kept_bucket(s3: Any, names: Names) -> bool:
    """Whether the bucket with the name of the stack's own belongs to a stack of this name that has been deleted."""
    return is_own_bucket(names, None, None, read_tags(s3, names.bucket), read_settings(s3, names.bucket))


def read_artifacts_bucket(s3: Any, names: Names, on_counted: Callable[[int], None]) -> Bucket | None:
    bucket = names.artifacts_bucket
    if not bucket_exists(s3, bucket, names.account):
        return None
    count = count_contents(s3, bucket, on_counted)
    return Bucket(bucket, count, is_own_artifacts_bucket(count, names.stack, read_tags(s3, bucket)))


def count_contents(s3: Any, bucket: str, on_counted: Callable[[int], None]) -> Count:
    count = Count()
    for page in list_contents(s3, bucket):
        count.add(page)
        on_counted(len(page))
    return count


def read_endpoint(sagemaker: Any, names: Names, name: str, is_created: bool) -> Endpoint | None:
    """Describes an endpoint; None if it does not exist.

    is_created: whether it is a resource of the hosting stack. If not, the stack may have left it: then a tag says so.

    An endpoint of others is kept, so a person who may not describe it can remove the deployment all the same.
    """
    try:
        description = describe_endpoint(name, sagemaker)
        tags = read_endpoint_tags(description["EndpointArn"], sagemaker) if description and not is_created else {}
    except ClientError as error:
        if is_created or error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return Endpoint(name, "you may not describe it", "other")
    if description is None:
        return None
    status = description["EndpointStatus"]
    if not is_created and tags.get(STACK_TAG) != names.model_stack:
        return Endpoint(name, status, "training" if tags.get(TRAINING_TAG) == name else "other")
    # The description has no variants while the endpoint is created.
    [variant, *_] = describe_config(description["EndpointConfigName"], sagemaker).get("ProductionVariants") or [{}]
    [running, *_] = description.get("ProductionVariants") or [{}]
    count = running.get("CurrentInstanceCount") or variant.get("InitialInstanceCount") or 0
    return Endpoint(name, status, "hosting", variant.get("InstanceType", ""), count)


def find_logs(logs: Any, endpoint: str) -> str | None:
    """The name of the log group of an endpoint; None if there is none. SageMaker makes it, and no stack has it."""
    name = f"/aws/sagemaker/Endpoints/{endpoint}"
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name if any(group["logGroupName"] == name for group in found) else None
