"""Which retried messages the outage alarm sees."""

import pytest

from mien.handlers import inbox
from mien.logic.messages import Message
from mien.logic.retries import Retry
from mien.pipeline.changes import Outcome
from mien.pipeline.deliveries import Decisions


@pytest.mark.parametrize(("attempt", "waits"), [(0, []), (3, [5000.0])])
def test_only_a_message_that_failed_before_counts_as_retried_for_some_time(attempt: int, waits: list[float]) -> None:
    """A message that waited for an hour behind others, and now waits for a starting model, is no outage."""
    message = Message("m", "r", "{}", attempt, receives=1, isolation=0, since=1_000_000.0)
    inbox.metrics.clear_metrics()
    inbox.report(Decisions(Outcome({}, {}, {}), {message: Retry(10, attempt, 0)}, time=1_005_000.0))
    metrics = dict(inbox.metrics.provider.metric_set)
    inbox.metrics.clear_metrics()
    assert metrics.get("SecondsWaited", {"Value": []})["Value"] == waits
    assert metrics["MessagesRetried"]["Value"] == [1.0]
