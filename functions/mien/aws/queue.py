"""The inbox's queue and its dead-letter queue: messages are re-sent, given up and deleted."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mien.aws.clients import Timeouts, error_code, make_client
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.messages import ATTEMPT, ISOLATION, MAX_BATCH, REASON, SINCE, Message
from mien.logic.retries import DeadLetter, Retry
from mien.settings import QueueSettings

# There is one attempt, because a message that could not be sent becomes visible again by itself, only later.
TIMEOUTS = Timeouts(connect=1, read=3, attempts=1)

Entry = dict[str, Any]


class Queue:
    def __init__(self, settings: QueueSettings):
        self.settings = settings

    @cached_property
    def sqs(self) -> Any:
        """The client is made at first use: most processes never need it, and it would add to every cold start."""
        return make_client("sqs", TIMEOUTS, connections=1)

    def resend(self, retries: Mapping[Message, Retry], deadline: Deadline) -> set[Message]:
        """Sends messages again, each with its delay. Returns those that were sent: their originals can be deleted."""

        def entry(message: Message) -> Entry:
            retry = retries[message]
            attributes = own_attributes(message) | {
                ATTEMPT: ("Number", retry.attempt),
                ISOLATION: ("Number", retry.isolation),
            }
            return {
                "MessageBody": message.body,
                "DelaySeconds": retry.delay,
                "MessageAttributes": to_sqs(attributes),
            }

        return self.send(self.settings.queue_url, list(retries), entry, deadline)

    def send_to_dead_letters(self, dead: Mapping[Message, DeadLetter], deadline: Deadline) -> set[Message]:
        """Sends messages to the dead-letter queue, each with its reason. Returns those that were sent."""

        def entry(message: Message) -> Entry:
            attributes = own_attributes(message) | {REASON: ("String", dead[message].reason)}
            return {"MessageBody": message.body, "MessageAttributes": to_sqs(attributes)}

        return self.send(self.settings.dead_letter_queue_url, list(dead), entry, deadline)

    def delete(self, messages: Sequence[Message], deadline: Deadline) -> None:
        """Deletes messages before the handler returns. Lambda does it only afterwards, which a crash prevents."""

        def delete(entries: list[Entry]) -> Any:
            return self.sqs.delete_message_batch(QueueUrl=self.settings.queue_url, Entries=entries)

        send_batches(delete, messages, lambda message: {"ReceiptHandle": message.receipt}, deadline)

    def send(
        self,
        url: str,
        messages: Sequence[Message],
        entry: Callable[[Message], Entry],
        deadline: Deadline,
    ) -> set[Message]:
        def send(entries: list[Entry]) -> Any:
            return self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

        return send_batches(send, messages, entry, deadline)


def send_batches(
    action: Callable[[list[Entry]], Any],
    messages: Sequence[Message],
    entry: Callable[[Message], Entry],
    deadline: Deadline,
) -> set[Message]:
    """Calls a batch operation of SQS for all messages, while there is time. Returns those for which it succeeded.

    A failure is not an error here: SQS shows the message again after its visibility timeout.

    action: sends the entries of one request.
    entry: makes the request's entry for a message, without its Id.
    """
    succeeded: set[Message] = set()
    batches = list(chunks(messages, MAX_BATCH))
    while batches and deadline.seconds_left() >= TIMEOUTS.longest:
        batch = batches.pop()
        try:
            answer = action([{"Id": str(number), **entry(message)} for number, message in enumerate(batch)])
        except ClientError as error:
            if error_code(error).endswith("BatchRequestTooLong") and len(batch) > 1:
                # The size limit counts all messages of a request. Messages of other senders can be so large that only
                # one fits.
                batches += [[message] for message in batch]
        except BotoCoreError:
            continue
        else:
            succeeded |= {batch[int(sent["Id"])] for sent in answer.get("Successful", [])}
    return succeeded


def own_attributes(message: Message) -> dict[str, tuple[str, Any]]:
    """Returns the attributes that a message keeps when it is sent again: type and value by name."""
    return {
        ATTEMPT: ("Number", message.attempt),
        ISOLATION: ("Number", message.isolation),
        SINCE: ("Number", round(message.since, 3)),
    }


def to_sqs(attributes: Mapping[str, tuple[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": str(value)} for name, (kind, value) in attributes.items()}
