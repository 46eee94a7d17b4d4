"""Which bucket the application uses: one that its stack creates, one of the user's, or one that was kept before."""

from typing import Any

from deployment.artifacts import bucket_exists
from deployment.errors import DeploymentError
from deployment.inventory import is_kept_bucket
from deployment.names import Names
from deployment.stacks import Stack
from operate.versions import list_contents


def choose_bucket(s3: Any, names: Names, stack: Stack | None, given: str | None) -> str | None:
    """Returns the template's ExistingBucket; None if the stack creates its bucket, or has created it.

    stack: the application's stack, if it exists.
    given: the bucket that the user names.

    A bucket that was kept when an earlier stack of this name was deleted is used again, unless it is empty: then it is
    deleted, because the new stack creates it with all settings.

    Raises DeploymentError if the bucket can't be used, or if the bucket with the name of the stack's own belongs to
    something else: its objects would be taken for images, and `undeploy` would delete them.
    """
    if stack:
        used = stack.parameters.get("ExistingBucket") or None
        if given and given != used:
            raise DeploymentError(
                f"stack {stack.name} uses bucket {used or names.bucket} and can't change to {given}: deploy another "
                "stack with --stack NAME, or remove this one first with make undeploy"
            )
        return used
    wanted = given or names.bucket
    if not bucket_exists(s3, wanted, names.account):
        if given:
            raise DeploymentError(f"there is no bucket {given} in this account: create it, or leave --bucket out")
        return None
    if wanted == names.bucket and not is_kept_bucket(s3, names):
        raise DeploymentError(
            f"bucket {names.bucket} has the name of the stack's own, and nothing shows that it is of a stack "
            f"{names.stack}: choose another name with --stack NAME, or delete that bucket"
        )
    return wanted


def delete_if_empty(s3: Any, bucket: str) -> bool:
    """Deletes a bucket without objects and old versions. Returns whether it was deleted."""
    if any(page for page in list_contents(s3, bucket)):
        return False
    s3.delete_bucket(Bucket=bucket)
    return True
