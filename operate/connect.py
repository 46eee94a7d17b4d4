"""The commands `connect` and `disconnect`, for a bucket that existed before the stack."""

import json
from dataclasses import asdict
from typing import Annotated

import boto3
import typer
from rich.console import Console

from cli import literal, printable_json
from operate.connection import (
    connected,
    disconnect_bucket,
    disconnected,
    eventbridge_remark,
    find_limits,
    read_settings,
    write_settings,
)
from operate.options import DryRunOption, StackOption
from operate.stack import DeployedStack, OperateError, describe_stack

console = Console()


def connect(stack: StackOption = "mien", dry_run: DryRunOption = False) -> None:
    """Connect the stack's existing bucket to the stack.

    Adds a notification about uploads to the inbox, and a rule that lets the web page upload. If the stack has
    Notifications=eventbridge, it switches the bucket's events to EventBridge on instead of adding a notification.
    Everything else of the bucket stays as it is, also the notifications of other applications. It is safe to run it
    again, and necessary after Notifications, InboxPrefix, CorsOrigin or ApiAuth have changed.
    """
    s3 = boto3.client("s3")
    found = describe_stack(boto3.client("cloudformation"), stack)
    bucket = found.existing_bucket
    if not bucket:
        raise OperateError(f"stack {stack} has created its bucket and has connected it; ExistingBucket is not set")
    before = read_settings(s3, bucket)
    after = connected(before, found, queue_arn(found))
    if dry_run:
        print(printable_json(json.dumps(asdict(after), indent=2, ensure_ascii=False)))
        return
    inbox = found.parameters["InboxPrefix"]
    for limit in find_limits(s3, bucket, inbox):
        console.print(literal(limit), soft_wrap=True)
    changed = write_settings(s3, bucket, before, after, validate=True)
    state = "now tells" if changed else "already tells"
    way = ", through EventBridge" if found.uses_eventbridge else ""
    console.print(literal(f"Bucket {bucket} {state} stack {stack} about images in {inbox}{way}."), soft_wrap=True)
    if after.send_to_eventbridge and not before.send_to_eventbridge:
        # Source: Amazon S3 User Guide, "Enabling Amazon EventBridge".
        console.print("S3 needs about five minutes for this: images that are uploaded sooner may not be classified.")


def queue_arn(stack: DeployedStack) -> str:
    url = stack.outputs["QueueUrl"]
    answer = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn: str = answer["Attributes"]["QueueArn"]
    return arn


def disconnect(
    stack: StackOption = "mien",
    bucket: Annotated[
        str,
        typer.Option(help="The bucket, if the stack no longer exists.", show_default="the stack's ExistingBucket"),
    ] = "",
    dry_run: DryRunOption = False,
) -> None:
    """Disconnect an existing bucket from a stack.

    Removes what `connect` has added. Images that are uploaded afterwards are not classified. `make undeploy` does this
    by itself; after `sam delete`, run it with --bucket.

    The bucket goes on sending its events to EventBridge if it did so, because other applications may need them. The
    rule of a stack with Notifications=eventbridge ends with the stack.
    """
    found = None if bucket else describe_stack(boto3.client("cloudformation"), stack)
    name = found.existing_bucket if found else bucket
    if not name:
        raise OperateError(f"stack {stack} has created its bucket, which can't be disconnected; see make undeploy")
    s3 = boto3.client("s3")
    if dry_run:
        after = disconnected(read_settings(s3, name), stack)
        print(printable_json(json.dumps(asdict(after), indent=2, ensure_ascii=False)))
        return
    changed = disconnect_bucket(s3, name, stack)
    if found and found.uses_eventbridge:
        rule = f"The rule of stack {stack} still tells it about images; delete the stack, or set Notifications=direct."
        console.print(literal(rule), soft_wrap=True)
    else:
        state = "no longer tells" if changed else "did not tell"
        console.print(literal(f"Bucket {name} {state} stack {stack} about images."), soft_wrap=True)
    if remark := eventbridge_remark(s3, name):
        console.print(literal(remark), soft_wrap=True)
