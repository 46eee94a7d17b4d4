"""Storage events → result documents: the function behind the inbox's queue."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien.aws.queue import LONGEST, Queue
from mien.errors import Hopeless, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.retries import Again, Dead, Message, aside, given_up, messages, verdict
from mien.logic.uploads import Delivery, Upload, deliveries
from mien.pipeline.batches import Batches, Outcome
from mien.settings import queues, settings

logger = Logger(service="inbox")
metrics = Metrics(service="inbox")

SETTINGS = settings()
batches, queue = Batches(SETTINGS), Queue(queues())

Deliveries = list[Delivery]


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the messages that the queue is to show again. A direct event that failed raises instead."""
    deadline = Deadline.of(context)
    arrived, known = deliveries(event), messages(event, time.time())
    suspects = suspected(known.values())
    left = settle([d for d in arrived if known.get(d.message_id or "") not in suspects], known, deadline)
    if suspects:
        suspect, *others = suspects
        left |= put_aside(others, deadline)
        # It ended a function before, and may end this one: nothing else shall come again with it.
        queue.done([m for m in known.values() if m != suspect and m not in left], deadline)
        left |= settle([d for d in arrived if d.message_id == suspect.id], known, deadline)
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in left]}


def suspected(arrived: Iterable[Message]) -> list[Message]:
    """What comes again because the function that had it ended before it had answered: one of these did that. Those that
    saw the fewest ends are the first, because they are most likely the others."""
    return sorted((message for message in arrived if message.ended), key=lambda message: message.ended)


def put_aside(others: Iterable[Message], deadline: Deadline) -> set[Message]:
    """Messages are sent anew, to be handled by another invocation. Returns those that could not be sent."""
    again = {message: aside() for message in others}
    return again.keys() - queue.again(again, deadline)


def settle(group: Deliveries, known: Mapping[str, Message], deadline: Deadline) -> set[Message]:
    """Deliveries → documents. Messages that failed are sent anew, or to the dead letters; returns those that could not
    be sent either, for the queue to show again. Raises what failed a direct event."""
    dead = {m: buried for d in group if d.message_id and (buried := given_up(m := known[d.message_id]))}
    group = [d for d in group if known.get(d.message_id or "") not in dead]
    wanted = [upload for delivery in group for upload in delivery.uploads if ours(upload)]
    # Twice in one batch is a duplicate like any other; once is enough.
    outcome = batches.classify(list(dict.fromkeys(wanted)), deadline.before(LONGEST))
    again: dict[Message, Again] = {}
    direct: list[Exception] = []
    for delivery in group:
        errors = [outcome.failures[upload] for upload in delivery.uploads if upload in outcome.failures]
        if delivery.fault:
            errors.append(Hopeless(delivery.fault))
        if errors and delivery.message_id is None:
            direct.append(errors[0])
        elif errors and delivery.message_id:
            failed, now = known[delivery.message_id], time.time()
            match verdict(failed, errors, now):
                case Again() as later:
                    again[failed] = later
                    metrics.add_metric("SecondsWaited", MetricUnit.Seconds, now - failed.since)
                case Dead() as buried:
                    dead[failed] = buried
    report(outcome, again, dead)
    if direct:
        raise direct[0]
    sent = queue.again(again, deadline) | queue.bury(dead, deadline)
    return (again.keys() | dead.keys()) - sent


def ours(upload: Upload) -> bool:
    """The notification's filter keeps other prefixes out; a wrong one must not make a loop of results of results."""
    return upload.key.startswith(SETTINGS.inbox_prefix)


def report(outcome: Outcome, again: Mapping[Message, Again], dead: Mapping[Message, Dead]) -> None:
    """Metrics, and logs of what failed: object keys can hold names of people, and are not logged. What may pass is a
    line for each reason, because an outage has one reason and thousands of messages."""
    statuses = Counter(document["status"] for document in outcome.written.values())
    for status in ("classified", "rejected"):
        metrics.add_metric(f"Images{status.capitalize()}", MetricUnit.Count, statuses[status])
    metrics.add_metric("MessagesRetried", MetricUnit.Count, len(again))
    metrics.add_metric("MessagesDead", MetricUnit.Count, len(dead))
    waiting = [str(error) for error in outcome.failures.values() if isinstance(error, TryAgain)]
    for why, count in Counter(waiting).items():
        logger.warning(why, images=count)
    for upload, error in outcome.failures.items():
        if not isinstance(error, TryAgain):
            known = isinstance(error, Hopeless)
            logger.error(
                str(error) if known else "a bug", exc_info=None if known else error, version_id=upload.version_id
            )
    for message in dead:
        logger.error("sent to the dead-letter queue", message_id=message.id)
