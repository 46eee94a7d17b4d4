"""When a message is retried, and when it becomes a dead letter."""

import random
from dataclasses import replace

import pytest

from mien.errors import Hopeless, TryAgain
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


def delay_of(attempt: int, chance: float) -> int:
    decided = verdict(replace(FRESH, attempt=attempt), [DOWN], FRESH.since, chance)
    assert isinstance(decided, Again)
    return decided.delay


def test_the_delay_doubles_with_each_attempt_up_to_fifteen_minutes() -> None:
    assert [delay_of(attempt, 1.0) for attempt in range(9)] == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert delay_of(10_000, 1.0) == LONGEST_DELAY


def test_half_of_the_delay_is_random() -> None:
    assert (delay_of(3, 0.0), delay_of(3, 0.5), delay_of(3, 1.0)) == (40, 60, 80)
    assert len({delay_of(8, random.random()) for _ in range(100)}) > 50


def test_a_temporary_failure_is_retried_for_three_days_and_then_given_up() -> None:
    assert isinstance(verdict(FRESH, [DOWN], FRESH.since + PATIENCE, 0.5), Again)
    given_up = verdict(FRESH, [DOWN], FRESH.since + PATIENCE + 1, 0.5)
    assert given_up == Dead("it was tried for 72 hours, the last time: endpoint mien-faces: 503")


def test_a_permanent_failure_becomes_a_dead_letter_at_once() -> None:
    assert verdict(FRESH, [Hopeless("the message's body is not JSON")], 0) == Dead("the message's body is not JSON")
    assert verdict(FRESH, [KeyError("x")], 0) == Dead("KeyError: 'x'")


def test_a_message_is_retried_if_one_of_its_images_may_succeed_later() -> None:
    assert isinstance(verdict(FRESH, [Hopeless("refused"), DOWN], FRESH.since), Again)


def test_a_reason_has_only_characters_that_sqs_accepts() -> None:
    decided = verdict(FRESH, [ValueError("a\x00b\nc" + "x" * 10_000)], 0)
    assert isinstance(decided, Dead)
    assert decided.reason.isprintable()
    assert len(decided.reason) == 500


def test_a_messages_history_is_read_from_its_attributes() -> None:
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


@pytest.mark.parametrize("value", ["", "soon", "nan", "-1", "1e300", None, [], {"stringValue": "x"}])
def test_invalid_attributes_count_as_missing(value: object) -> None:
    record = {
        "messageId": "m",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": value, "SentTimestamp": value},
        "messageAttributes": {"Attempt": {"stringValue": value}, "Since": value},
    }
    assert message(record, 5.0) == Message("m", "", "{}", attempt=0, ended=0, since=5.0)


def test_a_message_cannot_claim_to_be_younger_than_it_is() -> None:
    """Otherwise it would be retried forever."""
    record = {"messageId": "m", "body": "", "attributes": {"SentTimestamp": "5000"}}
    assert message({**record, "messageAttributes": {"Since": {"stringValue": "9999"}}}, 0).since == 5.0


def test_a_message_that_crashed_five_invocations_is_given_up() -> None:
    assert given_up(replace(FRESH, ended=MAX_ENDED - 1)) is None
    dead = given_up(replace(FRESH, ended=MAX_ENDED))
    assert dead == Dead("5 functions that had it ended before they had answered: crashed, or out of memory or time")


def test_suspect_messages_come_back_at_different_times() -> None:
    assert (aside(0.0).delay, aside(1.0).delay) == (1, 1 + ASIDE)


def test_an_event_that_is_not_from_a_queue_has_no_messages() -> None:
    assert messages({"Records": [{"eventSource": "aws:s3"}]}, 0) == {}
    assert messages({"Event": "s3:TestEvent"}, 0) == {}
