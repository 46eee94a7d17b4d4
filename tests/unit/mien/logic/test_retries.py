"""When a message comes again, and why it never does: on a clock that the tests move."""

import heapq
import itertools
import random
from dataclasses import replace

import pytest

from mien.errors import Hopeless, TryAgain
from mien.logic.circuit import LONGEST_PAUSE, THRESHOLD, Circuit
from mien.logic.retries import (
    ASIDE,
    LONGEST_DELAY,
    MAX_ENDED,
    PATIENCE,
    Again,
    Dead,
    Message,
    aside,
    given_up,
    message,
    messages,
    verdict,
)

FRESH = Message("m", "r", "{}", attempt=0, ended=0, since=1_000_000.0)
DOWN = TryAgain("endpoint mien-faces: 503")


def again(attempt: int, chance: float) -> int:
    decided = verdict(replace(FRESH, attempt=attempt), [DOWN], FRESH.since, chance)
    assert isinstance(decided, Again)
    return decided.delay


def test_the_delay_grows_with_each_attempt_to_a_quarter_of_an_hour() -> None:
    assert [again(attempt, 1.0) for attempt in range(9)] == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert again(10_000, 1.0) == LONGEST_DELAY


def test_half_of_the_delay_is_by_chance() -> None:
    assert (again(3, 0.0), again(3, 0.5), again(3, 1.0)) == (40, 60, 80)
    assert len({again(8, random.random()) for _ in range(100)}) > 50


def test_what_may_succeed_later_waits_three_days_and_not_longer() -> None:
    assert isinstance(verdict(FRESH, [DOWN], FRESH.since + PATIENCE, 0.5), Again)
    given_up = verdict(FRESH, [DOWN], FRESH.since + PATIENCE + 1, 0.5)
    assert given_up == Dead("it was tried for 72 hours, the last time: endpoint mien-faces: 503")


def test_what_cannot_succeed_is_dead_at_once_with_its_reason() -> None:
    assert verdict(FRESH, [Hopeless("the message's body is not JSON")], 0) == Dead("the message's body is not JSON")
    assert verdict(FRESH, [KeyError("x")], 0) == Dead("KeyError: 'x'")


def test_a_message_with_hope_for_one_of_its_images_comes_again() -> None:
    assert isinstance(verdict(FRESH, [Hopeless("refused"), DOWN], FRESH.since), Again)


def test_a_reason_holds_nothing_that_sqs_refuses() -> None:
    decided = verdict(FRESH, [ValueError("a\x00b\nc" + "x" * 10_000)], 0)
    assert isinstance(decided, Dead)
    assert decided.reason.isprintable()
    assert len(decided.reason) == 500


def test_what_a_message_says_of_itself_is_read_from_its_attributes() -> None:
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "2000000"},
        "messageAttributes": {
            "Attempt": {"stringValue": "4"},
            "Ended": {"stringValue": "1"},
            "Since": {"stringValue": "1000.5"},
        },
        "eventSource": "aws:sqs",
    }
    assert messages({"Records": [record]}, 9.0) == {"m": Message("m", "r", "{}", attempt=4, ended=3, since=1000.5)}


@pytest.mark.parametrize("said", ["", "soon", "nan", "-1", "1e300", None, [], {"stringValue": "x"}])
def test_attributes_that_make_no_sense_count_as_missing(said: object) -> None:
    record = {
        "messageId": "m",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": said, "SentTimestamp": said},
        "messageAttributes": {"Attempt": {"stringValue": said}, "Since": said},
    }
    assert message(record, 5.0) == Message("m", "", "{}", attempt=0, ended=0, since=5.0)


def test_a_message_cannot_claim_to_be_younger_than_it_is() -> None:
    """Or it would never be given up."""
    record = {"messageId": "m", "body": "", "attributes": {"SentTimestamp": "5000"}}
    assert message({**record, "messageAttributes": {"Since": {"stringValue": "9999"}}}, 0).since == 5.0


def test_a_message_over_which_five_functions_ended_is_given_up() -> None:
    assert given_up(replace(FRESH, ended=MAX_ENDED - 1)) is None
    buried = given_up(replace(FRESH, ended=MAX_ENDED))
    assert buried == Dead("5 functions that had it ended before they had answered: crashed, or out of memory or time")


def test_what_is_put_aside_does_not_come_again_together() -> None:
    assert (aside(0.0).delay, aside(1.0).delay) == (1, 1 + ASIDE)


def test_an_event_that_is_of_no_queue_has_no_messages() -> None:
    assert messages({"Records": [{"eventSource": "aws:s3"}]}, 0) == {}
    assert messages({"Event": "s3:TestEvent"}, 0) == {}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("images", [1, 1000])
def test_an_outage_of_an_hour_costs_no_image_and_few_calls(images: int) -> None:
    """Ten functions that share a queue of messages in batches of 32, with an endpoint that is down for an hour.

    The queue is modelled: a message shows once its delay is over, and whoever takes it decides with the code that the
    function decides with.
    """
    clock, chance = Clock(), random.Random(0)
    began = clock.now
    circuits = itertools.cycle([Circuit(clock) for _ in range(10)])
    order = itertools.count()
    shown = [(began, next(order), replace(FRESH, id=str(n), since=began)) for n in range(images)]
    done: dict[str, float] = {}
    attempts: dict[str, int] = {}
    in_vain = 0
    while shown:
        clock.now = max(clock.now, shown[0][0])
        batch = [heapq.heappop(shown)[2] for _ in range(min(32, len(shown))) if shown and shown[0][0] <= clock.now]
        circuit = next(circuits)
        up = clock.now >= began + 3600
        failed = circuit.open()
        for _ in range(THRESHOLD):
            if failed or circuit.open():
                break
            if up:
                circuit.answered()
                break
            in_vain += 1
            circuit.failed()
        if not failed and up:
            done |= {taken.id: clock.now for taken in batch}
            continue
        for taken in batch:
            decided = verdict(taken, [DOWN], clock.now, chance.random())
            assert isinstance(decided, Again), decided
            attempts[taken.id] = taken.attempt + 1
            anew = replace(taken, attempt=taken.attempt + 1)
            heapq.heappush(shown, (clock.now + decided.delay, next(order), anew))
    assert len(done) == images
    assert max(done.values()) <= began + 3600 + LONGEST_DELAY + LONGEST_PAUSE
    assert max(attempts.values()) <= 15
    # Ten functions, each at most every 30 s once it has seen four failures; not a thousand messages' ten attempts.
    assert in_vain <= 10 * (3600 / LONGEST_PAUSE + 10)


def test_a_circuit_opens_after_four_failures_in_a_row_and_ever_longer() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(THRESHOLD - 1):
        circuit.failed()
        assert not circuit.open()
    pauses = []
    for _ in range(7):
        circuit.failed()
        began = clock.now
        while circuit.open():
            clock.now += 0.5
        pauses.append(clock.now - began)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_an_answer_closes_a_circuit_and_forgets_what_failed() -> None:
    circuit = Circuit(Clock())
    for _ in range(THRESHOLD):
        circuit.failed()
    assert circuit.open()
    circuit.answered()
    assert not circuit.open()
    circuit.failed()
    assert not circuit.open()


def test_calls_that_failed_at_once_are_one_failure() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(20):
        circuit.failed()
    clock.now += 1
    assert not circuit.open()
