"""Looks after a deployed stack, on AWS or in the embedded cloud: credentials, region and AWS_ENDPOINT_URL as for the
AWS CLI."""

import json
import time
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from operate import dead_letters
from operate.dead_letters import Letter

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()

Stack = Annotated[str, typer.Option(help="The stack's name, as in samconfig.toml.")]
Reason = Annotated[str, typer.Option(help="Only those whose reason holds these words.")]


class OperateError(Exception):
    """A sentence for the user."""


@app.command(name="dead-letters")
def dead_letters_(
    stack: Stack = "mien",
    reason: Reason = "",
    limit: Annotated[int, typer.Option(min=1, help="How many to look at.")] = 1000,
    lines: Annotated[bool, typer.Option("--json", help="As JSON Lines, with all fields.")] = False,
) -> None:
    """Show what lies in the dead-letter queue, and why. Nothing is taken out."""
    sqs = boto3.client("sqs")
    url = outputs(stack)["DeadLetterQueueUrl"]
    total = dead_letters.count(sqs, url)
    with dead_letters.letters(sqs, url) as found:
        shown: list[Letter] = []
        for one in found:
            if reason in one.reason:
                shown.append(one)
            if len(shown) == limit:
                break
    if lines:
        for one in shown:
            fields = {name: value for name, value in asdict(one).items() if name != "receipt"}
            print(json.dumps({**fields, "images": one.images}, ensure_ascii=False))
        return
    report(shown, total, stack)


def report(shown: list[Letter], total: int, stack: str) -> None:
    if not shown:
        console.print("nothing lies there" if not total else f"none of about {total:,} messages has such a reason")
        return
    table = Table("image", "waited", "tries", "reason")
    for one in shown[:40]:
        what = ", ".join(one.images) or f"no image: {one.body[:60]}"
        table.add_row(what, hours(time.time() - one.since), str(one.attempts), one.reason)
    console.print(table)
    if len(shown) > 40:
        console.print(f"and {len(shown) - 40:,} more; --json has all")
    for why, times in Counter(one.reason for one in shown).most_common():
        console.print(f"{times:6,}  {why}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"\nWhen the cause is mended: python -m operate redrive --stack {stack} [--reason WORDS]",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


@app.command()
def redrive(stack: Stack = "mien", reason: Reason = "") -> None:
    """Send what lies in the dead-letter queue back to be classified. It may be run again, or broken off."""
    sqs, named = boto3.client("sqs"), outputs(stack)
    source, target = named["DeadLetterQueueUrl"], named["QueueUrl"]
    total = dead_letters.count(sqs, source)
    with Progress(console=console) as progress:
        bar = progress.add_task("sending back", total=total)
        moved = dead_letters.redrive(
            sqs, source, target, lambda one: reason in one.reason, lambda count: progress.advance(bar, count)
        )
    console.print(f"{moved:,} of about {total:,} messages are in the queue again")


def outputs(stack: str) -> dict[str, str]:
    """Raises OperateError."""
    try:
        [described] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise OperateError(f"stack {stack}: {error.response['Error']['Message']}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def main() -> None:
    try:
        app()
    except (OperateError, ClientError, BotoCoreError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
