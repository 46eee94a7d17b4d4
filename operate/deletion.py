"""Deletes a stack together with its bucket and everything in it.

CloudFormation keeps the bucket when it deletes the stack, because the template says so (DeletionPolicy). The bucket's
fixed name would block the next deployment.
"""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from operate.stack import DeployedStack, OperateError
from operate.versions import Version, delete_versions, list_versions

# Somebody can write to the bucket after it was emptied and before it is deleted. It is then emptied again.
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
    """Empties the stack's own bucket, deletes the stack, and deletes the bucket. An existing bucket is not touched.

    on_deleted: is called with the number of deleted objects of each request, to show progress.
    on_deleting: is called when the bucket is empty and CloudFormation begins to delete the stack.
    poll_seconds: time between two questions about the stack.

    After an interruption, a second call does the rest. Only if the stack is deleted already, the bucket is left.

    Raises OperateError if CloudFormation can't delete the stack. It names the resources. Raises it too if the bucket
    can't be deleted.
    """
    if stack.own_bucket:
        empty_bucket(s3, stack.own_bucket, on_deleted)
    on_deleting()
    cloudformation.delete_stack(StackName=stack.id)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    try:
        waiter.wait(StackName=stack.id, WaiterConfig={"Delay": poll_seconds, "MaxAttempts": POLLS})
    except WaiterError as error:
        reasons = "; ".join(deletion_failures(cloudformation, stack)) or str(error)
        raise OperateError(f"stack {stack.name} was not deleted: {reasons}") from error
    if stack.own_bucket:
        delete_bucket(s3, stack.own_bucket, on_deleted)


def deletion_failures(cloudformation: Any, stack: DeployedStack) -> list[str]:
    """The resources that CloudFormation could not delete: their logical IDs, each with the reason."""
    resources = cloudformation.describe_stack_resources(StackName=stack.id)["StackResources"]
    return [
        f"{resource['LogicalResourceId']}: {resource.get('ResourceStatusReason', '')}"
        for resource in resources
        if resource["ResourceStatus"] == "DELETE_FAILED"
    ]


def delete_bucket(s3: Any, bucket: str, on_deleted: Callable[[int], None]) -> None:
    """Deletes a bucket with everything in it. It is no error if there is no such bucket.

    on_deleted: is called with the number of deleted objects of each request.

    Raises OperateError if S3 refuses to delete an object, or if somebody goes on writing to the bucket.
    """
    for _ in range(MAX_ROUNDS):
        empty_bucket(s3, bucket, on_deleted)
        try:
            s3.delete_bucket(Bucket=bucket)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                return
            if code != "BucketNotEmpty":
                raise
    raise OperateError(
        f"the stack is deleted, but not its bucket {bucket}, because somebody still writes to it; stop the uploads, "
        "and empty and delete the bucket in the S3 console"
    )


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
