"""Deletes a stack together with everything in its bucket.

CloudFormation can't delete a bucket that holds objects. It then deletes the rest of the stack, and the bucket's fixed
name blocks the next deployment.
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from operate.stack import BUCKET, DeployedStack, OperateError
from operate.versions import Version, delete_versions, list_versions

# The functions and other people can write to the bucket after it was emptied, until the first round has deleted the
# functions.
MAX_ROUNDS = 3
# Seconds between two questions about the stack, and how many of them are asked: half an hour.
POLL_SECONDS = 2
POLLS = 900


def validate_deletion(stack: DeployedStack) -> None:
    """Raises OperateError if CloudFormation would not delete the stack. Its bucket must not be emptied then."""
    if stack.is_protected:
        raise OperateError(
            f"stack {stack.name} has termination protection; to switch it off: aws cloudformation "
            f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
        )
    if stack.status.endswith("_IN_PROGRESS"):
        raise OperateError(f"stack {stack.name} is {stack.status}; try again when that has ended")


def delete_stack(
    cloudformation: Any,
    s3: Any,
    stack: DeployedStack,
    on_deleted: Callable[[int], None],
    on_deleting: Callable[[], None],
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Empties the stack's own bucket and deletes the stack. An existing bucket is not touched.

    on_deleted: is called with the number of deleted objects of each request, to show progress.
    on_deleting: is called when the bucket is empty and CloudFormation begins to delete the stack.
    poll_seconds: time between two questions about the stack.

    After an interruption, a second call does the rest.

    Raises OperateError if CloudFormation can't delete the stack. It names the resources.
    """
    for _ in range(MAX_ROUNDS):
        if stack.own_bucket:
            empty_bucket(s3, stack.own_bucket, on_deleted)
        on_deleting()
        cloudformation.delete_stack(StackName=stack.id)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        try:
            waiter.wait(StackName=stack.id, WaiterConfig={"Delay": poll_seconds, "MaxAttempts": POLLS})
            return
        except WaiterError as error:
            failures = deletion_failures(cloudformation, stack)
            is_written_to = stack.own_bucket and any(list_contents(s3, stack.own_bucket))
            if failures.keys() != {BUCKET} or not is_written_to:
                reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items()) or str(error)
                raise OperateError(f"stack {stack.name} was not deleted: {reasons}") from error
    raise OperateError(
        f"stack {stack.name} was not deleted: somebody still writes to the bucket {stack.own_bucket}; stop the "
        "uploads, and run this again"
    )


def deletion_failures(cloudformation: Any, stack: DeployedStack) -> dict[str, str]:
    """The resources that CloudFormation could not delete, by their logical IDs, each with the reason."""
    resources = cloudformation.describe_stack_resources(StackName=stack.id)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource.get("ResourceStatusReason", "")
        for resource in resources
        if resource["ResourceStatus"] == "DELETE_FAILED"
    }


def list_contents(s3: Any, bucket: str) -> Iterator[list[Version]]:
    """Yields all versions and delete markers. There are none if somebody has deleted the bucket by hand."""
    try:
        yield from list_versions(s3, bucket, "")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def empty_bucket(s3: Any, bucket: str, on_deleted: Callable[[int], None]) -> None:
    """Deletes all versions of all objects, and all delete markers, also those that are written meanwhile.

    on_deleted: is called with the number of deleted entries of each request.

    Raises OperateError if S3 refuses to delete an entry. It names the first one.
    """
    emptied = False
    while not emptied:
        emptied = True
        for page in list_contents(s3, bucket):
            failures = delete_versions(s3, bucket, page)
            on_deleted(len(page) - len(failures))
            if failures:
                raise OperateError(
                    f"bucket {bucket}: {len(failures):,} versions can't be deleted, for example one of "
                    f"{failures[0].key}: {failures[0].reason}"
                )
            emptied = emptied and not page
