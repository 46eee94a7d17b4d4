"""CloudFormation: reads a stack, waits for it, and says what failed and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deployment.errors import DeploymentError

# A stack with one of these was created or updated as it should be.
GOOD_STATUSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
# What an earlier attempt left. CloudFormation can't update such a stack, it can only delete it. REVIEW_IN_PROGRESS is a
# stack that has only a change set (AWS CloudFormation User Guide, "Understand CloudFormation stack creation events").
USELESS_STATUSES = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
# CloudFormation gives these reasons to resources that were stopped because another one failed.
CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled", "The following resource(s) failed")


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it.

    id: its ARN, by which CloudFormation still knows it after the deletion.
    status, reason: StackStatus and StackStatusReason.
    is_protected: whether CloudFormation refuses to delete it (termination protection).
    """

    name: str
    id: str
    status: str
    reason: str
    is_protected: bool
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def is_changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def is_good(self) -> bool:
        return self.status in GOOD_STATUSES

    @property
    def is_useless(self) -> bool:
        """Whether it has to be deleted before it can be made again."""
        return self.status in USELESS_STATUSES


@dataclass(frozen=True)
class Progress:
    """How far CloudFormation is.

    status: the stack's status; DELETE_COMPLETE if it no longer exists.
    changing: logical IDs of the resources that are being created, updated or deleted.
    done: how many resources are in a final state.
    """

    status: str
    changing: tuple[str, ...] = ()
    done: int = 0


def read_stack(cloudformation: Any, name: str) -> Stack | None:
    """Describes a stack; None if there is none, or if it has been deleted.

    cloudformation: boto3's client.
    name: the stack's name or its ARN.
    Raises botocore's ClientError if the caller may not describe stacks.
    """
    try:
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "ValidationError" and "does not exist" in details["Message"]:
            return None
        raise
    if found["StackStatus"] == "DELETE_COMPLETE":
        return None
    return Stack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        is_protected=bool(found.get("EnableTerminationProtection")),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
    )


def wait_until_settled(
    cloudformation: Any, name: str, pause: Callable[[], None], on_progress: Callable[[Progress], None]
) -> Stack | None:
    """Waits until CloudFormation is not changing the stack, and describes it; None if it does not exist.

    name: the stack's name or its ARN; only the ARN shows the end of a deletion.
    pause: is called between two looks.
    on_progress: is called at each look.
    """
    while True:
        stack = read_stack(cloudformation, name)
        on_progress(read_progress(cloudformation, stack) if stack else Progress("DELETE_COMPLETE"))
        if stack is None or not stack.is_changing:
            return stack
        pause()


def read_progress(cloudformation: Any, stack: Stack) -> Progress:
    resources = cloudformation.describe_stack_resources(StackName=stack.id)["StackResources"]
    changing = tuple(r["LogicalResourceId"] for r in resources if r["ResourceStatus"].endswith("_IN_PROGRESS"))
    return Progress(stack.status, changing, len(resources) - len(changing))


def read_failures(cloudformation: Any, stack: str) -> dict[str, str]:
    """The resources that failed in the stack's last operation, by their logical IDs, each with CloudFormation's reason.

    stack: its name or its ARN.
    Resources that were only stopped because another one failed are left out.
    """
    failures: dict[str, str] = {}
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    for event in (event for page in pages for event in page["StackEvents"]):
        # Events come newest first. An operation begins with an event of the stack itself that has this reason.
        if event.get("ResourceStatusReason") == "User Initiated":
            break
        reason = event.get("ResourceStatusReason", "no reason is given")
        if event["ResourceStatus"].endswith("FAILED") and not reason.startswith(CONSEQUENCES):
            failures[event["LogicalResourceId"]] = reason
    return failures


def explain_failure(cloudformation: Any, stack: Stack) -> str:
    """Returns what a stack's last operation ended with, in one line: its status, and the resources that failed."""
    failures = read_failures(cloudformation, stack.id)
    reasons = (
        "; ".join(f"{name}: {reason}" for name, reason in failures.items()) or stack.reason or "no reason is given"
    )
    return f"stack {stack.name} is {stack.status}: {reasons or stack.reason or 'no reason is given'}"


def require_updatable(stack: Stack) -> None:
    """Raises DeploymentError if CloudFormation can neither update the stack nor delete it and make it again."""
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        raise DeploymentError(
            f"stack {stack.name} is UPDATE_ROLLBACK_FAILED ({stack.reason or 'no reason is given'}): repair the cause, "
            f"run aws cloudformation continue-update-rollback --stack-name {stack.name}, and then this again"
        )
    if stack.is_useless and stack.is_protected:
        raise DeploymentError(
            f"stack {stack.name} is {stack.status} and has to be made again, but it has termination protection; to "
            "switch it off: aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {stack.name}"
        )
