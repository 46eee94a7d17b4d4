"""The function of the inbox's queue: storage events → documents, written and deleted."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien.errors import NeedsOperator, TryAgain
from mien.handlers.unexpected import count_unexpected
from mien.logic.deadline import Deadline
from mien.logic.messages import Message
from mien.logic.results import count_results, is_rejected
from mien.logic.retries import isolate_crashes
from mien.logic.uploads import Delivery, Removal, Upload, parse_deliveries
from mien.pipeline.deliveries import Decisions, DeliveryPipeline
from mien.settings import read_bucket_settings, read_queue_settings, read_settings

logger = Logger(service="inbox")
metrics = Metrics(service="inbox")
pipeline = DeliveryPipeline(read_settings(), read_bucket_settings(), read_queue_settings())


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Returns the messages that the queue must show again. An event that came directly from S3 raises its error."""
    deadline = Deadline.from_context(context)
    isolation = isolate_crashes(parse_deliveries(event, time.time()))
    unsent = handle(isolation.together, deadline)
    if isolation.postponed or isolation.apart:
        unsent = pipeline.clear_batch(isolation, unsent, deadline)
    if isolation.apart:
        unsent |= handle(isolation.apart, deadline)
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in unsent]}


def handle(deliveries: Sequence[Delivery], deadline: Deadline) -> set[Message]:
    """Handles deliveries and settles the failed ones. Returns the messages that could not be sent anywhere."""
    decisions = pipeline.handle(deliveries, deadline)
    report(decisions)
    if decisions.direct_error:
        raise decisions.direct_error
    return pipeline.settle(decisions, deadline)


def report(decisions: Decisions) -> None:
    """Writes metrics and logs. Object keys can contain names of people, so they are not logged.

    An outage has one reason and thousands of messages. So temporary failures are one log line per reason.
    """
    outcome = decisions.outcome
    results = [document for document in outcome.written.values() if not is_rejected(document)]
    metrics.add_metric("ImagesRejected", MetricUnit.Count, len(outcome.written) - len(results))
    for metric, number in count_results(results).items():
        metrics.add_metric(metric, MetricUnit.Count, number)
    removals = sum(isinstance(change, Removal) for change in outcome.cleared)
    metrics.add_metric("RemovalsHandled", MetricUnit.Count, removals)
    metrics.add_metric("ImagesOutdated", MetricUnit.Count, len(outcome.cleared) - removals)
    metrics.add_metric("DocumentsDeleted", MetricUnit.Count, sum(outcome.cleared.values()))
    metrics.add_metric("MessagesRetried", MetricUnit.Count, len(decisions.retried))
    metrics.add_metric("MessagesDead", MetricUnit.Count, len(decisions.dead))
    # A message that fails for the first time was not retried yet, however long it waited in the queue. Waiting for a
    # starting model is no attempt.
    for message in (message for message in decisions.retried if message.attempt):
        metrics.add_metric("SecondsWaited", MetricUnit.Seconds, decisions.time - message.since)
    temporary = Counter(str(error) for error in outcome.failures.values() if isinstance(error, TryAgain))
    for reason, count in temporary.items():
        logger.warning(reason, images=count)
    count_unexpected("inbox", outcome.failures.values())
    for change, error in outcome.failures.items():
        version_id = change.version_id if isinstance(change, Upload) else None
        if isinstance(error, NeedsOperator):
            logger.error(str(error), version_id=version_id)
        elif not isinstance(error, TryAgain):
            logger.error("unexpected error", exc_info=error, version_id=version_id)
    for message in decisions.dead:
        logger.error("sent to the dead-letter queue", message_id=message.id)
