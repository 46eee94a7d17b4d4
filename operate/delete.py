"""The command `delete-stack`: shows what will be deleted, asks, deletes it, and reports."""

import sys
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress

from cli import literal
from operate.connection import disconnect_bucket, eventbridge_remark
from operate.deletion import delete_stack as delete_deployed
from operate.deletion import list_contents, validate_deletion
from operate.options import DryRunOption, StackOption
from operate.stack import DeployedStack, OperateError, describe_stack
from operate.versions import Count

console = Console()


def delete_stack(
    stack: StackOption = "mien",
    dry_run: DryRunOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a stack and everything in its bucket.

    Deletes all versions of all images and documents, and then the stack. Nothing of it can be restored. A bucket that
    existed before the stack (ExistingBucket) is kept with everything in it, and disconnected.

    The command shows what it will delete, and you have to type the stack's name. It is safe to interrupt it and to run
    it again.
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise OperateError("delete-stack asks before it deletes, but there is no terminal; add --yes, or --dry-run")
    cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
    found = describe_stack(cloudformation, stack)
    validate_deletion(found)
    count = count_contents(s3, found.own_bucket)
    print_plan(found, count)
    if dry_run:
        console.print("This was a dry run: nothing was deleted.")
        return
    if not yes and typer.prompt("Type the name of the stack to delete all of this for good") != found.name:
        raise OperateError(f"that is not {found.name}: nothing was deleted")
    if found.existing_bucket and disconnect_bucket(s3, found.existing_bucket, found.name):
        console.print(literal(f"Disconnected bucket {found.existing_bucket}."), soft_wrap=True)
    if found.existing_bucket and found.uses_eventbridge and (remark := eventbridge_remark(s3, found.existing_bucket)):
        console.print(literal(remark), soft_wrap=True)
    deleted = run(cloudformation, s3, found, count.total)
    print_outcome(found, deleted)


def count_contents(s3: Any, bucket: str | None) -> Count:
    count = Count()
    if bucket:
        with console.status("counting"):
            for page in list_contents(s3, bucket):
                count.add(page)
    return count


def print_plan(stack: DeployedStack, count: Count) -> None:
    lines = [
        f"stack {stack.name} in {stack.region}, account {stack.account}: functions, API, queues with their messages"
    ]
    if stack.own_bucket:
        lines.append(
            f"bucket {stack.own_bucket}: {count.objects:,} objects with {count.versions:,} versions and "
            f"{count.delete_markers:,} delete markers, {decimal(count.size)}"
        )
    for line in lines:
        console.print(literal(line), soft_wrap=True)
    if stack.existing_bucket:
        kept = f"bucket {stack.existing_bucket} is kept with everything in it, because it existed before the stack"
        console.print(literal(kept), soft_wrap=True)


def run(cloudformation: Any, s3: Any, stack: DeployedStack, total: int) -> int:
    """Deletes the stack with a progress bar. Returns how many versions and delete markers were deleted.

    total: how many of them were counted before.
    """
    deleted = 0
    with Progress(console=console) as progress:
        task = progress.add_task("emptying the bucket", total=total)

        def on_deleted(number: int) -> None:
            nonlocal deleted
            deleted += number
            progress.update(task, completed=deleted, total=max(total, deleted))

        def on_deleting() -> None:
            progress.update(task, description="deleting the stack")

        delete_deployed(cloudformation, s3, stack, on_deleted, on_deleting)
    return deleted


def print_outcome(stack: DeployedStack, deleted: int) -> None:
    emptied = f" and {deleted:,} versions and delete markers in its bucket" if stack.own_bucket else ""
    console.print(literal(f"Deleted stack {stack.name}{emptied}."), soft_wrap=True)
    endpoint = stack.parameters["EndpointName"]
    command = f"python -m training deploy --endpoint {endpoint} --delete"
    console.print(
        literal(f"The endpoint {endpoint} is not part of the stack; to delete it too: {command}"), soft_wrap=True
    )
