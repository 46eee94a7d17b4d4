"""The deployed stack that the commands work on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

# Parameters that only Mien's template has. A command never works on another application's stack.
OWN_PARAMETERS = frozenset({"EndpointName", "InboxPrefix", "ResultsPrefix", "RejectedPrefix"})


class OperateError(Exception):
    """A stack, a bucket or an option that can't be used. The message is for the user."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack of Mien, as CloudFormation describes it.

    parameters, outputs: by name.
    """

    name: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def existing_bucket(self) -> str | None:
        """The bucket that the stack uses but has not created; None if there is none."""
        return self.parameters.get("ExistingBucket") or None

    @property
    def uses_eventbridge(self) -> bool:
        """Whether the stack has a rule of EventBridge that tells its queue about images. Older stacks have none."""
        return self.parameters.get("Notifications") == "eventbridge"


def describe_stack(cloudformation: Any, name: str) -> DeployedStack:
    """Describes a stack. cloudformation: boto3's client. name: the stack's name or its ARN.

    Raises OperateError if there is no such stack, or if it is not a stack of Mien.
    """
    found = read_description(cloudformation, name)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    if missing := OWN_PARAMETERS - parameters.keys():
        raise OperateError(f"stack {name} is not a stack of Mien: it has no parameter {min(missing)}")
    return DeployedStack(found["StackName"], parameters, outputs_of(found))


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
