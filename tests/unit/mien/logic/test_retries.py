"""When a message is retried, and when it becomes a dead letter."""

import random
from dataclasses import replace

import pytest

from mien.errors import NeedsOperator, Starting, TryAgain
from mien.logic.messages import Message
from mien.logic.retries import (
    LAST_ISOLATION,
    LONGEST_DELAY,
    MAX_POSTPONE_SECONDS,
    MAX_RETRY_SECONDS,
    MAX_START_SECONDS,
    DeadLetter,
    Isolation,
    Retry,
    check_crashes,
    decide_retry,
    isolate_crashes,
    postpone,
)
from mien.logic.uploads import Delivery

FRESH = Message("m", "r", "{}", attempt=0, receives=1, isolation=0, since=1_000_000.0)
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


def test_waiting_for_a_starting_model_is_short_and_counts_as_no_attempt() -> None:
    tried = replace(FRESH, attempt=5)
    starting = Starting("endpoint mien-faces may be starting")
    assert decide_retry(tried, [starting], FRESH.since + 60, 1.0) == Retry(10, attempt=5, isolation=0)
    assert decide_retry(tried, [starting, DOWN], FRESH.since + 60, 1.0) == Retry(320, attempt=6, isolation=0)
    assert decide_retry(tried, [starting], FRESH.since + MAX_START_SECONDS, 1.0) == Retry(320, attempt=6, isolation=0)


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


def test_a_message_is_given_up_after_five_crashes_and_the_last_two_were_of_it_alone() -> None:
    assert check_crashes(replace(FRESH, isolation=LAST_ISOLATION)) is None
    assert check_crashes(replace(FRESH, isolation=LAST_ISOLATION, receives=2)) == DeadLetter(
        "received at least 5 times and never finished, the last 2 times alone in an invocation: "
        "the function crashed, timed out or ran out of memory, or it was throttled for a long time"
    )


@pytest.mark.parametrize("receives", [2, 6, 20, 1000])
def test_a_receive_count_alone_makes_no_message_a_dead_letter(receives: int) -> None:
    """Lambda also receives messages while the function is throttled, and people receive them in the console."""
    assert check_crashes(replace(FRESH, receives=receives)) is None


def test_postponed_messages_come_back_at_different_times_and_it_is_not_an_attempt() -> None:
    message = replace(FRESH, attempt=4)
    assert postpone(message, 1, 0.0) == Retry(1, attempt=4, isolation=1)
    assert postpone(message, 1, 1.0) == Retry(1 + MAX_POSTPONE_SECONDS, attempt=4, isolation=1)


def test_a_message_that_an_invocation_finished_with_is_not_suspicious_any_more() -> None:
    decided = decide_retry(replace(FRESH, attempt=4, isolation=2), [DOWN], FRESH.since)
    assert isinstance(decided, Retry)
    assert (decided.attempt, decided.isolation) == (5, 0)


def delivery(name: str, receives: int, isolation: int = 0) -> Delivery:
    return Delivery(replace(FRESH, id=name, receives=receives, isolation=isolation), ())


def ids(isolation: Isolation) -> tuple[list[str], dict[str, int], list[str]]:
    """IDs of the messages that are handled together, of the postponed ones with their levels, and of those apart."""
    return (
        [d.message.id for d in isolation.together if d.message],
        {message.id: retry.isolation for message, retry in isolation.postponed.items()},
        [d.message.id for d in isolation.apart if d.message],
    )


def test_a_batch_that_was_received_twice_is_still_handled_together() -> None:
    deliveries = [delivery("a", 1), delivery("b", 2), Delivery(None, ())]
    assert isolate_crashes(deliveries) == Isolation(deliveries, {}, [])


def test_messages_that_were_received_too_often_are_sent_again_at_the_next_level() -> None:
    batch = [delivery("new", 1), delivery("a", 3), delivery("b", 9), delivery("c", 2, 1), delivery("d", 2, 2)]
    assert ids(isolate_crashes(batch)) == (["new"], {"a": 1, "b": 1, "c": 2, "d": 3}, [])


def test_suspicious_messages_are_handled_in_small_groups_and_then_alone() -> None:
    group = [delivery(f"group {n}", 1, 1) for n in range(8)]
    alone = [delivery("second", 1, 2), delivery("third", 1, 3)]
    assert ids(isolate_crashes([*alone, *group])) == (
        [],
        {"second": 2, "third": 3, "group 6": 1, "group 7": 1},
        [f"group {n}" for n in range(6)],
    )
    assert ids(isolate_crashes(alone)) == ([], {"third": 3}, ["second"])
    assert ids(isolate_crashes([delivery("forged", 1, 10**15)])) == ([], {}, ["forged"])


def test_a_message_is_not_blamed_for_a_crash_of_the_messages_that_came_with_it() -> None:
    """Alone means alone: the others are sent again, and a message that is given up is not handled in any case."""
    batch = [delivery("new", 1), delivery("twice", 2), delivery("given up", 2, 3), delivery("alone", 1, 3)]
    assert ids(isolate_crashes(batch)) == (["given up"], {"new": 0, "twice": 0}, ["alone"])


def test_a_message_that_is_given_up_is_not_postponed_again() -> None:
    given_up = delivery("given up", 2, LAST_ISOLATION)
    assert isolate_crashes([given_up]) == Isolation([given_up], {}, [])


def test_no_message_of_a_batch_is_lost_or_handled_twice() -> None:
    deliveries = [delivery(str(n), 1 + n % 4, n % 3) for n in range(32)]
    together, postponed, apart = ids(isolate_crashes(deliveries))
    assert sorted([*together, *postponed, *apart]) == sorted(map(str, range(32)))


class Simulation:
    """A queue as a model: a message that crashed its invocation is received again together with its batch.

    crashing: IDs of the messages that crash every invocation that handles them.
    """

    def __init__(self, batch: list[Delivery], crashing: set[str]) -> None:
        self.queue = [delivery.message for delivery in batch if delivery.message]
        self.crashing = crashing
        self.dead: set[str] = set()
        self.done: set[str] = set()
        self.invocations = 0
        self.resent = 0

    def run(self) -> None:
        while self.queue:
            assert self.invocations < 1000
            self.invocations += 1
            batch, self.queue = self.queue[:32], self.queue[32:]
            isolation = isolate_crashes([Delivery(message, ()) for message in batch])
            crashed = self.handle(isolation.together)
            if crashed:
                # The whole batch is still in the queue.
                unfinished = [message for message in batch if message.id not in self.dead | self.done]
                self.queue += [replace(message, receives=message.receives + 1) for message in unfinished]
                continue
            self.resent += len(isolation.postponed)
            self.queue += [
                replace(message, receives=1, isolation=retry.isolation)
                for message, retry in isolation.postponed.items()
            ]
            self.queue += [replace(message, receives=message.receives + 1) for message in self.handle(isolation.apart)]

    def handle(self, deliveries: list[Delivery]) -> list[Message]:
        """Returns the messages that are received again because the invocation crashed."""
        messages = [delivery.message for delivery in deliveries if delivery.message]
        self.dead |= {message.id for message in messages if check_crashes(message)}
        alive = [message for message in messages if message.id not in self.dead]
        if any(message.id in self.crashing for message in alive):
            return alive
        self.done |= {message.id for message in alive}
        return []


@pytest.mark.parametrize("crashing", [{"7"}, {"0", "1", "31"}, {str(n) for n in range(0, 32, 4)}])
def test_only_the_messages_that_crash_functions_become_dead_letters(crashing: set[str]) -> None:
    simulation = Simulation([delivery(str(n), 1) for n in range(32)], crashing)
    simulation.run()
    assert simulation.dead == crashing
    assert simulation.done == {str(n) for n in range(32)} - crashing


@pytest.mark.parametrize("receives", [2, 3, 6, 19])
def test_a_batch_that_was_received_often_while_the_function_was_throttled_is_classified_at_little_cost(
    receives: int,
) -> None:
    simulation = Simulation([delivery(str(n), receives) for n in range(32)], set())
    simulation.run()
    assert (len(simulation.done), simulation.dead) == (32, set())
    assert simulation.invocations <= 7
    assert simulation.resent <= 32 * 4
