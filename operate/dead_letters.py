"""Reads the dead-letter queue, with the reason of each message, and sends messages back or deletes them."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mien.errors import NotAStorageEvent
from mien.logic.chunks import chunks
from mien.logic.messages import ATTEMPT, MAX_BATCH, REASON, SINCE, parse_number
from mien.logic.uploads import parse_body

# Seconds for which a message that was read is invisible to other readers. It is made visible again as soon as the
# reading ends, so this only matters for a process that was killed.
VISIBILITY_TIMEOUT = 120
# The functions write a reason into each message that they move here. SQS moves the others by itself, after they were
# received maxReceiveCount times.
REASON_OF_SQS = (
    "received again and again without reaching the function's code: the function can't start, Lambda throttled it for "
    "hours, or somebody received the message by hand"
)

# boto3 clients have no types.
Sqs = Any


@dataclass(frozen=True)
class DeadLetter:
    """A message in the dead-letter queue.

    id, receipt: SQS's message id and receipt handle.
    attempts: how often the message was processed, as far as the functions recorded it.
    since: when the first message about these images was sent, in seconds since 1970.
    sent: when this message was sent to the dead-letter queue, in seconds since 1970.
    """

    id: str
    receipt: str
    body: str
    reason: str
    attempts: int
    since: float
    sent: float

    @property
    def images(self) -> list[str]:
        """Object keys of the new or removed images that the message is about. Empty if its body is not an S3 event."""
        try:
            return [change.key for change in parse_body(self.body)]
        except NotAStorageEvent:
            return []


def parse_message(message: dict[str, Any]) -> DeadLetter:
    """Returns a received message. As in the functions, an attribute that can't be parsed counts as missing.

    message: an entry of `Messages` in the answer of SQS's ReceiveMessage.
    """
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000
    return DeadLetter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        reason=attributes.get(REASON) or REASON_OF_SQS,
        attempts=int(parse_number(attributes.get(ATTEMPT), 0)) + 1,
        since=min(sent, parse_number(attributes.get(SINCE), sent)),
        sent=sent,
    )


@contextlib.contextmanager
def read_dead_letters(sqs: Sqs, url: str) -> Iterator[Iterator[DeadLetter]]:
    """Reads the messages of a dead-letter queue, each once, and leaves them there.

        with read_dead_letters(sqs, url) as letters:
            for letter in letters:
                print(letter.images, letter.reason)

    Messages are invisible to other readers until the block ends.
    """
    with read_batches(sqs, url) as batches:
        yield (letter for batch in batches for letter in batch)


@contextlib.contextmanager
def read_batches(sqs: Sqs, url: str) -> Iterator[Iterator[list[DeadLetter]]]:
    """Reads as read_dead_letters does, and yields lists of the messages that were received together.

    A message comes back after VISIBILITY_TIMEOUT, so a queue that takes longer to read is never empty. Therefore the
    reading also ends when a message comes back a second time, and nothing new has come in the meantime.
    """
    began = time.time()
    seen: dict[str, DeadLetter] = {}

    def receive() -> Iterator[list[DeadLetter]]:
        came_back: set[str] = set()
        while messages := sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=MAX_BATCH,
            VisibilityTimeout=VISIBILITY_TIMEOUT,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
            WaitTimeSeconds=1,
        ).get("Messages"):
            letters = [parse_message(message) for message in messages]
            new = [letter for letter in letters if letter.id not in seen]
            repeated = {letter.id for letter in letters} & seen.keys()
            # Before the yield: the caller may stop within this batch, and then all of it must become visible again.
            seen.update({letter.id: letter for letter in letters})
            yield new
            # A message that arrived after the start doesn't prolong the reading: a stack that keeps failing would
            # prolong it forever.
            if any(letter.sent <= began for letter in new):
                came_back.clear()
            elif repeated & came_back:
                return
            came_back |= repeated

    try:
        yield receive()
    finally:
        for letters in chunks(seen.values(), MAX_BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for index, letter in enumerate(letters)
            ]
            # SQS reports failures for messages that were deleted meanwhile. That is expected.
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def count_messages(sqs: Sqs, url: str) -> int:
    """The approximate number of messages in a queue, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def redrive(
    sqs: Sqs,
    source: str,
    target: str,
    should_redrive: Callable[[DeadLetter], bool],
    on_moved: Callable[[int], None],
) -> int:
    """Sends messages from the dead-letter queue back to the inbox's queue. Returns their number.

    source: URL of the dead-letter queue.
    target: URL of the inbox's queue.
    should_redrive: selects the messages to send back.
    on_moved: is called with the number of messages of each batch that was sent back, to show progress.

    The messages lose their attributes, so their images are retried as if they were just uploaded. Messages that arrive
    in the dead-letter queue after the start stay there, so a message that fails again is not sent back forever.

    After an interruption, every message is in one of the queues or in both. An image that is classified twice still
    has one result.
    """
    began = time.time()
    moved = 0
    with read_batches(sqs, source) as batches:
        for letters in batches:
            if selected := [letter for letter in letters if letter.sent <= began and should_redrive(letter)]:
                count = move_batch(sqs, source, target, selected)
                on_moved(count)
                moved += count
    return moved


def move_batch(sqs: Sqs, source: str, target: str, batch: list[DeadLetter]) -> int:
    """Sends at most MAX_BATCH messages to `target`, then deletes them from `source`. Returns how many were sent."""
    entries = [{"Id": str(index), "MessageBody": letter.body} for index, letter in enumerate(batch)]
    try:
        answer = sqs.send_message_batch(QueueUrl=target, Entries=entries)
    except ClientError as error:
        # The size limit counts all messages of a request. Messages of strangers can be so large that only one fits.
        if not error.response["Error"]["Code"].endswith("BatchRequestTooLong") or len(batch) == 1:
            raise
        return sum(move_batch(sqs, source, target, [letter]) for letter in batch)
    sent = [batch[int(entry["Id"])] for entry in answer.get("Successful", [])]
    if sent:
        receipts = [{"Id": str(index), "ReceiptHandle": letter.receipt} for index, letter in enumerate(sent)]
        sqs.delete_message_batch(QueueUrl=source, Entries=receipts)
    return len(sent)


def delete(sqs: Sqs, url: str, should_delete: Callable[[DeadLetter], bool]) -> Iterator[tuple[int, list[str]]]:
    """Deletes messages from the dead-letter queue, whose URL is `url`.

    Yields for each request how many messages were deleted, and an error code of SQS for each that was not.
    """
    with read_batches(sqs, url) as batches:
        for letters in batches:
            if selected := [letter for letter in letters if should_delete(letter)]:
                entries = [{"Id": str(index), "ReceiptHandle": letter.receipt} for index, letter in enumerate(selected)]
                failed = sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
                yield len(selected) - len(failed), [entry["Code"] for entry in failed]
