"""The deployed stack that the commands work on."""

import boto3
from botocore.exceptions import ClientError


class OperateError(Exception):
    """A stack or an option that can't be used. The message is for the user."""


def stack_outputs(stack: str) -> dict[str, str]:
    """The outputs of a deployed stack, by name. Raises OperateError if CloudFormation can't describe the stack."""
    try:
        [description] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise OperateError(f"stack {stack}: {error.response['Error']['Message']}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
