"""When a message is retried, and when it becomes a dead letter."""

import random
from dataclasses import replace

from mien.errors import NeedsOperator, TryAgain
from mien.logic.messages import Message
from mien.logic.retries import (
    LONGEST_DELAY,
    MAX_CRASHES,
    MAX_POSTPONE_SECONDS,
    MAX_RETRY_SECONDS,
    DeadLetter,
    Isolation,
    Retry,
    check_crashes,
    decide_retry,
    isolate_crashes,
    postpone,
)
from mien.logic.uploads import Delivery

FRESH = Message("m", "r", "{}", attempt=0, crashes=0, since=1_000_000.0)
DOWN = TryAgain("endpoint mien-faces: 503")


def delay_of(attempt: int, chance: float) -> int:
    decided = decide_retry(replace(FRESH, attempt=attempt), [DOWN], FRESH.since, chance)
    assert isinstance(decided, Retry)
    return decided.delay


def test_the_delay_doubles_with_each_attempt_up_to_fifteen_minutes() -> None:
    assert [delay_of(attempt, 1.0) for attempt in range(9)] == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert delay_of(10_000, 1.0) == LONGEST_DELAY


def test_half_of_the_delay_is_random() -> None:
    assert (delay_of(3, 0.0), delay_of(3, 0.5), delay_of(3, 1.0)) == (40, 60, 80)
    assert len({delay_of(8, random.random()) for _ in range(100)}) > 50


def test_a_temporary_failure_is_retried_for_three_days_and_then_given_up() -> None:
    assert isinstance(decide_retry(FRESH, [DOWN], FRESH.since + MAX_RETRY_SECONDS, 0.5), Retry)
    given_up = decide_retry(FRESH, [DOWN], FRESH.since + MAX_RETRY_SECONDS + 1, 0.5)
    assert given_up == DeadLetter("retried for 72 hours; the last error: endpoint mien-faces: 503")


def test_a_permanent_failure_becomes_a_dead_letter_at_once() -> None:
    assert decide_retry(FRESH, [NeedsOperator("the message's body is not JSON")], 0) == DeadLetter(
        "the message's body is not JSON"
    )
    assert decide_retry(FRESH, [KeyError("x")], 0) == DeadLetter("KeyError: 'x'")


def test_a_message_is_retried_if_one_of_its_images_may_succeed_later() -> None:
    assert isinstance(decide_retry(FRESH, [NeedsOperator("refused"), DOWN], FRESH.since), Retry)


def test_a_reason_has_only_characters_that_sqs_accepts() -> None:
    decided = decide_retry(FRESH, [ValueError("a\x00b\nc" + "x" * 10_000)], 0)
    assert isinstance(decided, DeadLetter)
    assert decided.reason.isprintable()
    assert len(decided.reason) == 500


def test_a_message_that_crashed_five_invocations_is_given_up() -> None:
    assert check_crashes(replace(FRESH, crashes=MAX_CRASHES - 1)) is None
    dead = check_crashes(replace(FRESH, crashes=MAX_CRASHES))
    assert dead == DeadLetter("5 invocations that received this message crashed, timed out or ran out of memory")


def test_postponed_messages_come_back_at_different_times() -> None:
    assert (postpone(0.0).delay, postpone(1.0).delay) == (1, 1 + MAX_POSTPONE_SECONDS)


def crashed(name: str, crashes: int) -> Message:
    return replace(FRESH, id=name, crashes=crashes)


def delivery(name: str, crashes: int) -> Delivery:
    return Delivery(crashed(name, crashes), ())


def test_a_batch_without_crashes_is_handled_together() -> None:
    deliveries = [delivery("a", 0), delivery("b", 0), Delivery(None, ())]
    assert isolate_crashes(deliveries) == Isolation(deliveries, [], None)


def test_the_message_with_the_fewest_crashes_is_handled_alone_and_the_others_are_postponed() -> None:
    good, once, twice, three_times = (delivery(name, crashes) for crashes, name in enumerate("abcd"))
    isolation = isolate_crashes([three_times, good, once, twice])
    assert isolation == Isolation([good], [crashed("d", 3), crashed("c", 2)], once)


def test_no_message_of_a_batch_is_lost_or_handled_twice() -> None:
    deliveries = [delivery(str(number), number % 3) for number in range(32)]
    isolation = isolate_crashes(deliveries)
    handled = [one.message for one in (*isolation.together, isolation.alone) if one]
    assert sorted(m.id for m in (*handled, *isolation.postponed) if m) == sorted(map(str, range(32)))
