"""Deletes stacks and buckets. Each function can be interrupted and called again, and then does the rest."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from deployment.errors import DeploymentError
from deployment.inventory import list_resources, stuck_resources
from deployment.removal import plural
from deployment.stacks import Progress, Stack, read_progress, read_stack
from operate.versions import delete_versions, list_contents

BUCKET_TYPE = "AWS::S3::Bucket"
# A deletion can fail because a resource is still in use for some time. So it is tried a second time.
ATTEMPTS = 2
# Somebody can write to a bucket after it was emptied and before it is deleted. It is then emptied again.
MAX_ROUNDS = 5


def delete_stack(
    cloudformation: Any, stack: Stack, pause: Callable[[], None], on_progress: Callable[[Progress], None]
) -> None:
    """Deletes a stack, and waits until it is gone. Buckets that CloudFormation can't delete are left.

    pause: is called between two looks.
    on_progress: is called at each look.

    Raises DeploymentError if CloudFormation can't delete the stack. It names the resources, each with the reason.
    """
    # CloudFormation can't delete a bucket that holds objects. The template keeps its bucket, but a stack from before
    # that gets stuck. CloudFormation accepts such a list only after a deletion has failed.
    left_out: list[str] = []
    stuck: dict[str, str] = {}
    for _ in range(ATTEMPTS):
        cloudformation.delete_stack(StackName=stack.id, **({"RetainResources": left_out} if left_out else {}))
        if wait_for_deletion(cloudformation, stack, pause, on_progress):
            return
        resources = list_resources(cloudformation, stack)
        stuck = stuck_resources(resources)
        left_out = [r["LogicalResourceId"] for r in resources if r["ResourceType"] == BUCKET_TYPE and is_stuck(r)]
    reasons = "; ".join(f"{name}: {reason}" for name, reason in stuck.items()) or "no reason is given"
    command = f"aws cloudformation delete-stack --stack-name {stack.name} --retain-resources {' '.join(stuck)}"
    raise DeploymentError(
        f"CloudFormation can't delete stack {stack.name}: {reasons}. Remove the cause and run this again. Or delete "
        f"the stack without these resources, which stay then: {command}"
    )


def is_stuck(resource: dict[str, Any]) -> bool:
    return bool(resource["ResourceStatus"] == "DELETE_FAILED")


def wait_for_deletion(
    cloudformation: Any, stack: Stack, pause: Callable[[], None], on_progress: Callable[[Progress], None]
) -> bool:
    """Waits until a deletion that was requested has ended. Returns whether the stack is gone.

    Right after the request, CloudFormation may still report the status from before.
    """
    while True:
        pause()
        found = read_stack(cloudformation, stack.id)
        on_progress(read_progress(cloudformation, found) if found else Progress("DELETE_COMPLETE"))
        if found is None or found.status == "DELETE_FAILED":
            return found is None


def delete_bucket(s3: Any, bucket: str, on_deleted: Callable[[int], None]) -> None:
    """Deletes a bucket with everything in it. It is no error if there is no such bucket.

    on_deleted: is called with the number of deleted versions and delete markers of each request.

    Raises DeploymentError if S3 refuses to delete an object, or if somebody goes on writing to the bucket.
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
    raise DeploymentError(f"somebody still writes to bucket {bucket}: stop the uploads, and run this again")


def empty_bucket(s3: Any, bucket: str, on_deleted: Callable[[int], None]) -> None:
    """Deletes all versions of all objects, and all delete markers.

    on_deleted: is called with the number of deleted entries of each request.

    Raises DeploymentError if S3 refuses to delete an entry. It names the first one.
    """
    for page in list_contents(s3, bucket):
        failures = delete_versions(s3, bucket, page)
        on_deleted(len(page) - len(failures))
        if failures:
            raise DeploymentError(
                f"{plural(len(failures), 'version')} in bucket {bucket} can't be deleted, for example one of "
                f"{failures[0].key}: {failures[0].reason}"
            )


def delete_logs(logs: Any, name: str) -> None:
    """Deletes a log group. It is no error if there is none."""
    try:
        logs.delete_log_group(logGroupName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
