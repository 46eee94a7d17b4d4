"""The deployed stack that the commands work on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

# Parameters that only Mien's template has. A command never works on another application's stack.
OWN_PARAMETERS = frozenset({"EndpointName", "InboxPrefix", "ResultsPrefix", "RejectedPrefix"})
# The logical ID of the bucket in the template.
BUCKET = "Bucket"
BUCKET_TYPE = "AWS::S3::Bucket"


class OperateError(Exception):
    """A stack, a bucket or an option that can't be used. The message is for the user."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack of Mien, as CloudFormation describes it.

    id: the stack's ARN, which CloudFormation still knows after the deletion.
    status: CloudFormation's StackStatus.
    is_protected: whether CloudFormation refuses to delete it (termination protection).
    parameters, outputs: by name.
    own_bucket: the bucket that the stack has created; None if it uses an existing one, or if it is deleted already.
    """

    name: str
    id: str
    status: str
    is_protected: bool
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    own_bucket: str | None

    @property
    def existing_bucket(self) -> str | None:
        """The bucket that the stack uses but has not created; None if there is none."""
        return self.parameters.get("ExistingBucket") or None

    @property
    def uses_eventbridge(self) -> bool:
        """Whether the stack has a rule of EventBridge that tells its queue about images. Older stacks have none."""
        return self.parameters.get("Notifications") == "eventbridge"

    @property
    def region(self) -> str:
        return self.id.split(":")[3]

    @property
    def account(self) -> str:
        return self.id.split(":")[4]


def describe_stack(cloudformation: Any, name: str) -> DeployedStack:
    """Describes a stack. cloudformation: boto3's client. name: the stack's name or its ARN.

    Raises OperateError if there is no such stack, or if it is not a stack of Mien.
    """
    found = read_description(cloudformation, name)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    if missing := OWN_PARAMETERS - parameters.keys():
        raise OperateError(f"stack {name} is not a stack of Mien: it has no parameter {min(missing)}")
    buckets = [
        resource.get("PhysicalResourceId")
        for resource in cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        if (resource["LogicalResourceId"], resource["ResourceType"]) == (BUCKET, BUCKET_TYPE)
        and resource["ResourceStatus"] != "DELETE_COMPLETE"
    ]
    return DeployedStack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        is_protected=bool(found.get("EnableTerminationProtection")),
        parameters=parameters,
        outputs=outputs_of(found),
        own_bucket=buckets[0] if buckets else None,
    )


def stack_outputs(stack: str) -> dict[str, str]:
    """The outputs of a deployed stack, by name. Raises OperateError if CloudFormation can't describe the stack."""
    return outputs_of(read_description(boto3.client("cloudformation"), stack))


def outputs_of(description: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def read_description(cloudformation: Any, name: str) -> dict[str, Any]:
    """CloudFormation's description of a stack. Raises OperateError if it can't describe the stack."""
    try:
        [description] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        raise OperateError(f"stack {name}: {error.response['Error']['Message']}") from error
    return dict(description)
