"""Look after a deployed stack, on AWS or in the embedded cloud.

When the alarm for dead letters is on: `dead-letters` shows why the messages failed, and `redrive` sends them back when
the cause is fixed. When a person wants to be forgotten: `forget` erases images with all that there is about them.
`reviews` shows how often the results are right that people have reviewed. `connect` connects a bucket that existed
before the stack. `variables` prints what `sam local` needs to use a stack. Credentials, region and AWS_ENDPOINT_URL are
those of the AWS CLI.
"""

import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli import VersionOption, exit_with_error, explain_aws_error, follow_aws_region, literal, printable_json
from operate import connect, dead_letters, reviews, variables
from operate.dead_letters import DeadLetter
from operate.forget import forget as forget_images
from operate.forget import select
from operate.options import StackOption
from operate.selection import Stack
from operate.stack import OperateError, stack_outputs

# Longer tables would scroll the summary by reason off the screen.
MAX_TABLE_ROWS = 40
# Characters of a message body that the table shows if the message is not about an image.
MAX_BODY_LENGTH = 60

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()

ReasonOption = Annotated[str, typer.Option(help="Only messages whose reason contains this text.")]


@app.callback()
def options(version: VersionOption = False) -> None:
    """Options of `python -m operate` itself, before the name of a command."""


@app.command(name="dead-letters")
def show_dead_letters(
    stack: StackOption = "mien",
    reason: ReasonOption = "",
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of messages to show.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines with all fields.")] = False,
) -> None:
    """Show the dead-letter queue and the reasons.

    Prints the images of each message, its age, the number of attempts and the reason of the last failure. The
    messages stay in the queue.
    """
    sqs = boto3.client("sqs")
    url = stack_outputs(stack)["DeadLetterQueueUrl"]
    total = dead_letters.count_messages(sqs, url)
    found: list[DeadLetter] = []
    with dead_letters.read_dead_letters(sqs, url) as letters:
        for letter in letters:
            if reason in letter.reason:
                found.append(letter)
            if len(found) == limit:
                break
    if as_json:
        print_json(found)
    else:
        print_report(found, total, stack, reason)


def print_json(letters: list[DeadLetter]) -> None:
    for letter in letters:
        # The receipt handle is only valid for this read of the queue.
        fields = {name: value for name, value in asdict(letter).items() if name != "receipt"}
        print(printable_json(json.dumps({**fields, "images": letter.images}, ensure_ascii=False)))


def print_report(letters: list[DeadLetter], total: int, stack: str, reason: str) -> None:
    """Prints a table of messages, the number of messages for each reason, and the command that sends them back.

    total: approximate number of messages in the queue.
    reason: the text by which the messages were selected.
    """
    if not total and not letters:
        console.print("The dead-letter queue is empty.")
        return
    if not letters:
        no_match = f"The dead-letter queue has about {total:,} messages, but no reason contains {reason!r}."
        console.print(literal(no_match), soft_wrap=True)
        return
    table = Table("image", "age", "attempts", "reason")
    for letter in letters[:MAX_TABLE_ROWS]:
        image = ", ".join(letter.images) or f"not an S3 event: {letter.body[:MAX_BODY_LENGTH]}"
        age = format_age(time.time() - letter.since)
        table.add_row(literal(image), age, str(letter.attempts), literal(letter.reason))
    console.print(table)
    if len(letters) > MAX_TABLE_ROWS:
        console.print(f"and {len(letters) - MAX_TABLE_ROWS:,} more; --json prints all")
    for each_reason, count in Counter(letter.reason for letter in letters).most_common():
        console.print(literal(f"{count:6,}  {each_reason}"), soft_wrap=True)
    command = f"python -m operate redrive --stack {stack} [--reason TEXT]"
    console.print()
    console.print(literal(f"To classify the images again when the cause is fixed: {command}"), soft_wrap=True)


def format_age(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


@app.command()
def redrive(stack: StackOption = "mien", reason: ReasonOption = "") -> None:
    """Send dead letters back to be classified.

    Moves messages from the dead-letter queue to the inbox's queue. Run it when the cause of the failures is fixed. It
    is safe to interrupt it and to run it again.
    """
    sqs = boto3.client("sqs")
    outputs = stack_outputs(stack)
    source, target = outputs["DeadLetterQueueUrl"], outputs["QueueUrl"]
    total = dead_letters.count_messages(sqs, source)
    with Progress(console=console) as progress:
        task = progress.add_task("sending back", total=total)
        moved = dead_letters.redrive(
            sqs,
            source,
            target,
            should_redrive=lambda letter: reason in letter.reason,
            on_moved=lambda count: progress.advance(task, count),
        )
    console.print(f"Sent {moved:,} of about {total:,} messages back to the queue.")


@app.command()
def forget(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Name below the inbox. A folder ends in a slash (people/ann/), every other name is one image.",
            show_default=False,
        ),
    ] = "",
    stack: StackOption = "mien",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what there is, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="New file for a report in JSON, which contains no names.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Forget all images of the stack.")] = False,
) -> None:
    """Erase images: all versions, their documents, lines and reviews, and the dead letters about them.

    Nothing of this can be restored. The command shows what there is and asks first. It is safe to interrupt it and to
    run it again. If results are stored as lines, it reads all of them.

    The exit status is 1 if anything is left, or will come: the deletion of an image makes a line.
    """
    selection = select(Stack.from_outputs(stack_outputs(stack)), name, everything)
    if not forget_images(selection, dry_run, yes, report, console):
        raise typer.Exit(1)


app.command()(connect.connect)
app.command()(connect.disconnect)
app.command(name="reviews")(reviews.show_reviews)
app.command(name="variables")(variables.print_variables)


def main() -> None:
    follow_aws_region()
    try:
        app()
    except OperateError as error:
        exit_with_error(error)
    except (ClientError, BotoCoreError) as error:
        exit_with_error(OperateError(explain_aws_error(error)))


if __name__ == "__main__":
    main()
