"""The inbox's queue and its dead letters, where the function itself speaks to them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mien.logic.deadline import Deadline
from mien.logic.retries import ATTEMPT, ENDED, REASON, SINCE, Again, Dead, Message
from mien.settings import Queues

# Seconds. One attempt: a message that could not be sent comes again by itself, only later.
CONNECT_TIMEOUT, READ_TIMEOUT = 1, 3
LONGEST = CONNECT_TIMEOUT + READ_TIMEOUT
# Amazon SQS Developer Guide, "Message quotas".
PER_CALL = 10

Entry = dict[str, Any]


class Queue:
    def __init__(self, queues: Queues):
        self.queues = queues

    @cached_property
    def sqs(self) -> Any:
        """Made when it is needed: most processes never do, and it would add to the cold start of all."""
        return boto3.client(
            "sqs",
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )

    def again(self, messages: Mapping[Message, Again], deadline: Deadline) -> set[Message]:
        """Sends messages anew, each after its delay. Returns those that were sent: the old ones are done with."""

        def entry(message: Message) -> Entry:
            attributes = known(message) | {ATTEMPT: ("Number", message.attempt + 1)}
            return {
                "MessageBody": message.body,
                "DelaySeconds": messages[message].delay,
                "MessageAttributes": typed(attributes),
            }

        return self.send(self.queues.queue_url, list(messages), entry, deadline)

    def bury(self, messages: Mapping[Message, Dead], deadline: Deadline) -> set[Message]:
        """Sends messages to the dead-letter queue, each with its reason. Returns those that were sent."""

        def entry(message: Message) -> Entry:
            attributes = known(message) | {REASON: ("String", messages[message].reason)}
            return {"MessageBody": message.body, "MessageAttributes": typed(attributes)}

        return self.send(self.queues.dead_letter_queue_url, list(messages), entry, deadline)

    def done(self, messages: Sequence[Message], deadline: Deadline) -> None:
        """Deletes messages before the function has answered, in case that it never does."""

        def delete(entries: list[Entry]) -> Any:
            return self.sqs.delete_message_batch(QueueUrl=self.queues.queue_url, Entries=entries)

        act(delete, messages, lambda message: {"ReceiptHandle": message.receipt}, deadline)

    def send(
        self, url: str, messages: Sequence[Message], entry: Callable[[Message], Entry], deadline: Deadline
    ) -> set[Message]:
        def send(entries: list[Entry]) -> Any:
            return self.sqs.send_message_batch(QueueUrl=url, Entries=entries)

        return act(send, messages, entry, deadline)


def act(
    action: Callable[[list[Entry]], Any],
    messages: Sequence[Message],
    entry: Callable[[Message], Entry],
    deadline: Deadline,
) -> set[Message]:
    """Acts on messages, in tens, while there is time. Returns those for which it succeeded."""
    succeeded: set[Message] = set()
    parts = [messages[start : start + PER_CALL] for start in range(0, len(messages), PER_CALL)]
    while parts and deadline.left() >= LONGEST:
        part = parts.pop()
        try:
            answer = action([{"Id": str(number), **entry(message)} for number, message in enumerate(part)])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code", "").endswith("BatchRequestTooLong") and len(part) > 1:
                # The limit on bytes is of all in a call: foreign messages may be so large that only one fits.
                parts += [[message] for message in part]
        except BotoCoreError:
            # Those come again by themselves, once the queue shows them again.
            pass
        else:
            succeeded |= {part[int(one["Id"])] for one in answer.get("Successful", [])}
    return succeeded


def known(message: Message) -> dict[str, tuple[str, Any]]:
    """What a message takes with it."""
    return {
        ATTEMPT: ("Number", message.attempt),
        ENDED: ("Number", message.ended),
        SINCE: ("Number", round(message.since, 3)),
    }


def typed(attributes: Mapping[str, tuple[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": str(value)} for name, (kind, value) in attributes.items()}
