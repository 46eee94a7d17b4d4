"""Creates and updates the stack of a template, and deletes what an earlier attempt left of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.errors import DeploymentError
from deployment.stacks import (
    Progress,
    Stack,
    explain_failure,
    read_stack,
    require_updatable,
    wait_until_settled,
)

# CloudFormation's answer to an update that would change nothing.
NO_CHANGES = "No updates are to be performed"
CAPABILITIES = ["CAPABILITY_IAM"]


@dataclass(frozen=True)
class Waiting:
    """How to wait for a stack.

    pause: is called between two looks at the stack.
    on_progress: is called at each look.
    """

    pause: Callable[[], None]
    on_progress: Callable[[Progress], None]


def find_updatable(cloudformation: Any, name: str, waiting: Waiting) -> Stack | None:
    """Returns the stack if it can be updated; None if it has to be created.

    Waits until nobody is changing the stack. Deletes what a failed creation or deletion left of it, because
    CloudFormation can't continue from there.

    Raises DeploymentError if the stack can't be updated, and can't be deleted either.
    """
    stack = wait_until_settled(cloudformation, name, waiting.pause, waiting.on_progress)
    if stack is None:
        return None
    require_updatable(stack)
    if not stack.is_useless:
        return stack
    cloudformation.delete_stack(StackName=stack.id)
    left = wait_until_settled(cloudformation, stack.id, waiting.pause, waiting.on_progress)
    if left:
        raise DeploymentError(
            f"{explain_failure(cloudformation, left)}; what is left of an earlier attempt could not be deleted: remove "
            "the cause, and run this again"
        )
    return None


def deploy_stack(
    cloudformation: Any, name: str, template: str, parameters: Mapping[str, str], waiting: Waiting
) -> Stack:
    """Creates or updates a stack, and waits until it is ready.

    template: the text of a CloudFormation template.
    parameters: values by name; others keep their values if the stack exists, and have their defaults if not.

    Raises DeploymentError with CloudFormation's reasons if the stack was not created or updated. CloudFormation has
    rolled it back then.
    """
    before = find_updatable(cloudformation, name, waiting)
    request = {
        "StackName": name,
        "TemplateBody": template,
        "Parameters": request_parameters(parameters, before),
        "Capabilities": CAPABILITIES,
    }
    if before is None:
        cloudformation.create_stack(**request)
    else:
        try:
            cloudformation.update_stack(**request)
        except ClientError as error:
            if NO_CHANGES not in error.response["Error"]["Message"]:
                raise
            return before
    return require_good(cloudformation, name, waiting)


def roll_back(cloudformation: Any, before: Stack, template: str, waiting: Waiting) -> Stack:
    """Updates a stack to what it was. before, template: of the stack before it was changed."""
    return deploy_stack(cloudformation, before.name, template, before.parameters, waiting)


def request_parameters(parameters: Mapping[str, str], before: Stack | None) -> list[dict[str, Any]]:
    """The parameters as CreateStack and UpdateStack take them. before: the stack that is updated, if it exists."""
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    kept = (before.parameters.keys() if before else set()) - parameters.keys()
    return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)]


def require_good(cloudformation: Any, name: str, waiting: Waiting) -> Stack:
    """Waits for a stack that is being created or updated. Raises DeploymentError if it does not get ready."""
    stack = wait_until_settled(cloudformation, name, waiting.pause, waiting.on_progress)
    if stack is None:
        raise DeploymentError(f"stack {name} was deleted by someone else during the deployment")
    if not stack.is_good:
        raise DeploymentError(explain_failure(cloudformation, stack))
    return stack


def read_template(cloudformation: Any, name: str) -> str:
    """The text of a deployed stack's template. boto3 parses it if it is JSON."""
    body = cloudformation.get_template(StackName=name)["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def previous(cloudformation: Any, name: str) -> tuple[Stack, str] | None:
    """A stack with its template, to return to later; None if there is none that can be updated."""
    stack = read_stack(cloudformation, name)
    return (stack, read_template(cloudformation, name)) if stack and not stack.is_useless else None
