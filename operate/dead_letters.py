"""The dead-letter queue: what lies there, why, and back with it."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mien.aws.queue import PER_CALL
from mien.logic.retries import ATTEMPT, REASON, SINCE
from mien.logic.uploads import NotAStorageEvent, uploads

# Seconds for which what is looked at is hidden from others. It is shown again at once when the look is over.
LOOK = 120
# What the queue moves there by itself has no reason: whoever would have written it had ended.
ENDED = "each function that had it ended before it had answered: it crashed, or ran out of memory or time"

Sqs = Any


@dataclass(frozen=True)
class Letter:
    """since, sent: seconds since 1970, of the image's first message and of this one. receives: of the dead-letter
    queue's own, whoever looked."""

    id: str
    receipt: str
    body: str
    reason: str
    attempts: int
    since: float
    sent: float

    @property
    def images(self) -> list[str]:
        """The object keys that it is about; none if it is no storage event."""
        try:
            return [upload.key for upload in uploads(json.loads(self.body))]
        except (json.JSONDecodeError, NotAStorageEvent):
            return []


def letter(message: dict[str, Any]) -> Letter:
    own = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        reason=own.get(REASON) or ENDED,
        attempts=int(float(own.get(ATTEMPT) or 0)) + 1,
        since=float(own.get(SINCE) or sent),
        sent=sent,
    )


@contextlib.contextmanager
def letters(sqs: Sqs, url: str) -> Iterator[Iterator[Letter]]:
    """Those in the queue, each once. Those that were not deleted are shown to others again when the block ends."""
    seen: dict[str, Letter] = {}

    def each() -> Iterator[Letter]:
        while messages := sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=PER_CALL,
            VisibilityTimeout=LOOK,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
            WaitTimeSeconds=1,
        ).get("Messages"):
            found = [letter(message) for message in messages]
            yield from (one for one in found if one.id not in seen)
            seen.update({one.id: one for one in found})

    try:
        yield each()
    finally:
        ids = list(seen)
        for start in range(0, len(ids), PER_CALL):
            part = [seen[one] for one in ids[start : start + PER_CALL]]
            hidden = [
                {"Id": str(n), "ReceiptHandle": one.receipt, "VisibilityTimeout": 0} for n, one in enumerate(part)
            ]
            # It fails for those that were deleted, which is as it should be.
            sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)


def count(sqs: Sqs, url: str) -> int:
    """About how many lie there."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def redrive(
    sqs: Sqs, source: str, target: str, wanted: Callable[[Letter], bool], advance: Callable[[int], None]
) -> int:
    """Sends letters back to the queue, as new as if their images had just come. Returns how many.

    What is sent back and dies again meanwhile is left where it is. An interruption leaves every letter in one queue or
    in both; an image that is classified twice has one result.
    """
    began, moved = time.time(), 0
    with letters(sqs, source) as found:
        batch: list[Letter] = []

        def move() -> int:
            sent = sqs.send_message_batch(
                QueueUrl=target, Entries=[{"Id": str(n), "MessageBody": one.body} for n, one in enumerate(batch)]
            )
            gone = [batch[int(entry["Id"])] for entry in sent.get("Successful", [])]
            if gone:
                receipts = [{"Id": str(n), "ReceiptHandle": one.receipt} for n, one in enumerate(gone)]
                sqs.delete_message_batch(QueueUrl=source, Entries=receipts)
            batch.clear()
            advance(len(gone))
            return len(gone)

        for one in found:
            if one.sent <= began and wanted(one):
                batch.append(one)
            if len(batch) == PER_CALL:
                moved += move()
        if batch:
            moved += move()
    return moved
