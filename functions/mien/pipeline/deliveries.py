"""Deliveries → changes of documents in the bucket. Messages that failed are sent again, or to the dead-letter queue."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mien.aws.queue import TIMEOUTS, Queue
from mien.errors import NeedsOperator
from mien.logic.deadline import Deadline
from mien.logic.messages import Message
from mien.logic.retries import DeadLetter, Isolation, Retry, check_crashes, decide_retry
from mien.logic.uploads import Delivery
from mien.pipeline.changes import Changes, Outcome
from mien.pipeline.lines import Lines
from mien.pipeline.single_documents import SingleDocuments
from mien.settings import BucketSettings, QueueSettings, Settings


@dataclass(frozen=True)
class Decisions:
    """What happened to a group of deliveries, and what happens to those that failed.

    retried, dead: failed messages, and what was decided about each.
    direct_error: the first failure of an event that came directly from S3. It has no message to send again.
    time: seconds since 1970, when the decisions were made.
    """

    outcome: Outcome
    retried: dict[Message, Retry] = field(default_factory=dict)
    dead: dict[Message, DeadLetter] = field(default_factory=dict)
    direct_error: Exception | None = None
    time: float = 0


class DeliveryPipeline:
    """The steps from deliveries to documents and decisions, over the bucket, the endpoint and the queue."""

    def __init__(self, settings: Settings, bucket: BucketSettings, queues: QueueSettings):
        self.inbox_prefix = settings.inbox_prefix
        self.bucket = bucket.bucket
        self.changes: Changes = Lines(settings) if settings.result_format == "lines" else SingleDocuments(settings)
        self.queue = Queue(queues)

    def handle(self, deliveries: Sequence[Delivery], deadline: Deadline) -> Decisions:
        """Handles the changes of a group of deliveries, and decides what happens to the messages that failed."""
        dead: dict[Message, DeadLetter] = {}
        accepted: list[Delivery] = []
        for delivery in (refuse_other_buckets(delivery, self.bucket) for delivery in deliveries):
            if delivery.message and (dead_letter := check_crashes(delivery.message)):
                dead[delivery.message] = dead_letter
            else:
                accepted.append(delivery)
        # The bucket's notification only covers the inbox. If its filter were wrong, results of results would loop.
        changes = [c for delivery in accepted for c in delivery.changes if c.key.startswith(self.inbox_prefix)]
        # The same change twice in one batch is a duplicate delivery.
        unique = list(dict.fromkeys(changes))
        outcome = self.changes.handle(unique, deadline.earlier(TIMEOUTS.longest))
        now = time.time()
        decisions = Decisions(outcome, {}, dead, find_direct_error(accepted, outcome), now)
        for delivery in accepted:
            errors = find_errors(delivery, outcome)
            if errors and delivery.message:
                match decide_retry(delivery.message, errors, now):
                    case Retry() as retry:
                        decisions.retried[delivery.message] = retry
                    case DeadLetter() as dead_letter:
                        decisions.dead[delivery.message] = dead_letter
        return decisions

    def settle(self, decisions: Decisions, deadline: Deadline) -> set[Message]:
        """Sends failed messages where they belong. Returns those that could not be sent: the queue shows them again."""
        sent = self.queue.resend(decisions.retried, deadline)
        sent |= self.queue.send_to_dead_letters(decisions.dead, deadline)
        return (decisions.retried.keys() | decisions.dead.keys()) - sent

    def clear_batch(self, isolation: Isolation, unsent: set[Message], deadline: Deadline) -> set[Message]:
        """Takes all other messages out of the queue, before the suspicious ones are handled and may crash the function.

        unsent: messages that must stay in the queue, because they could not be sent.

        Returns the messages that stay in the queue.
        """
        unsent = unsent | (isolation.postponed.keys() - self.queue.resend(isolation.postponed, deadline))
        messages = [*(d.message for d in isolation.together if d.message), *isolation.postponed]
        self.queue.delete([message for message in messages if message not in unsent], deadline)
        return unsent


def refuse_other_buckets(delivery: Delivery, bucket: str) -> Delivery:
    """Returns the delivery, or one with a fault if a change is in another bucket than `bucket`.

    Only a forged message names another bucket. The role's policy is not the only protection: the other bucket's own
    policy could allow the function to read and write there.
    """
    if all(change.bucket == bucket for change in delivery.changes):
        return delivery
    return Delivery(delivery.message, (), f"the message is about an object outside the bucket {bucket}")


def find_errors(delivery: Delivery, outcome: Outcome) -> list[Exception]:
    """Returns why a delivery is not done: the errors of its changes, or that it could not be read."""
    errors = [outcome.failures[change] for change in delivery.changes if change in outcome.failures]
    if delivery.fault:
        errors.append(NeedsOperator(delivery.fault))
    return errors


def find_direct_error(deliveries: Sequence[Delivery], outcome: Outcome) -> Exception | None:
    for delivery in deliveries:
        if delivery.message is None and (errors := find_errors(delivery, outcome)):
            return errors[0]
    return None
