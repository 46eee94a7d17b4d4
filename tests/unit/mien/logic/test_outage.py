"""A simulated outage of the endpoint: how many calls it costs, and how late the images are classified."""

import heapq
import itertools
import random
from dataclasses import replace

import pytest

from mien.errors import TryAgain
from mien.logic.circuit import FAILURE_THRESHOLD, LONGEST_PAUSE, Circuit
from mien.logic.messages import Message
from mien.logic.retries import LONGEST_DELAY, Retry, decide_retry
from tests.support.clock import Clock

FUNCTIONS = 10
BATCH_SIZE = 32
OUTAGE = 3600  # seconds
FRESH = Message("m", "r", "{}", attempt=0, receives=1, isolation=0, since=1_000_000.0)
DOWN = TryAgain("endpoint mien-faces: 503")


@pytest.mark.parametrize("images", [1, 1000])
def test_an_outage_of_an_hour_loses_no_image_and_costs_few_calls(images: int) -> None:
    """Ten functions receive messages in batches of 32 from one queue, and the endpoint is down for an hour.

    The queue is a model: a message is visible when its delay is over. The functions' own code makes the decisions.
    """
    clock = Clock(1_000_000.0)
    generator = random.Random(0)
    began = clock.now
    circuits = itertools.cycle([Circuit(clock) for _ in range(FUNCTIONS)])
    order = itertools.count()
    visible = [(began, next(order), replace(FRESH, id=str(n), since=began)) for n in range(images)]
    done: dict[str, float] = {}
    attempts: dict[str, int] = {}
    failed_calls = 0
    while visible:
        clock.now = max(clock.now, visible[0][0])
        batch = [
            heapq.heappop(visible)[2]
            for _ in range(min(BATCH_SIZE, len(visible)))
            if visible and visible[0][0] <= clock.now
        ]
        circuit = next(circuits)
        up = clock.now >= began + OUTAGE
        failed = circuit.is_open()
        for _ in range(FAILURE_THRESHOLD):
            if failed or circuit.is_open():
                break
            if up:
                circuit.record_success()
                break
            failed_calls += 1
            circuit.record_failure()
        if not failed and up:
            done |= {message.id: clock.now for message in batch}
            continue
        for message in batch:
            decided = decide_retry(message, [DOWN], clock.now, generator.random())
            assert isinstance(decided, Retry), decided
            attempts[message.id] = message.attempt + 1
            retry = replace(message, attempt=decided.attempt)
            heapq.heappush(visible, (clock.now + decided.delay, next(order), retry))
    assert len(done) == images
    assert max(done.values()) <= began + OUTAGE + LONGEST_DELAY + LONGEST_PAUSE
    assert max(attempts.values()) <= 15
    # Once a function has seen four failures, it calls at most every 30 s, however many messages there are.
    assert failed_calls <= FUNCTIONS * (OUTAGE / LONGEST_PAUSE + 10)
