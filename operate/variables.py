"""The command `variables`: the environment variables of a stack's functions, for `sam local`."""

import json

import boto3

from cli import printable_json
from operate.options import StackOption
from operate.stack import describe_stack


def print_variables(stack: StackOption = "mien") -> None:
    """Print the environment variables of the stack's functions.

    The output is JSON as the option --env-vars of `sam local` reads it, so that a function on this machine uses the
    bucket, the queues and the endpoint of the stack.
    """
    cloudformation, functions = boto3.client("cloudformation"), boto3.client("lambda")
    described = describe_stack(cloudformation, stack)
    resources = cloudformation.describe_stack_resources(StackName=described.name)["StackResources"]
    names = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    variables = {
        name: functions.get_function_configuration(FunctionName=names[name])["Environment"]["Variables"]
        for name in sorted(names)
    }
    print(printable_json(json.dumps(variables, indent=2, ensure_ascii=False)))
