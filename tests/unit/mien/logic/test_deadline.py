"""How much time an invocation has left, and how long it pauses between attempts."""

import pytest

from mien.logic.deadline import RESPONSE_SECONDS, Deadline
from tests.support.clock import Clock
from tests.support.lambda_context import Context


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


def deadline(clock: Clock, seconds: float, chance: float = 1.0) -> Deadline:
    return Deadline(clock.now + seconds, clock, clock.sleep, lambda: chance)


def test_the_deadline_leaves_time_to_answer() -> None:
    assert 0 <= 30 - RESPONSE_SECONDS - Deadline.from_context(Context(30)).seconds_left() < 1


def test_an_earlier_deadline_leaves_time_for_the_next_step(clock: Clock) -> None:
    assert deadline(clock, 60).earlier(22).seconds_left() == 38


def test_pauses_double_up_to_five_seconds(clock: Clock) -> None:
    long = deadline(clock, 1000)
    for attempt in range(1, 8):
        assert long.back_off(attempt, 1)
    assert clock.waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.99])
def test_a_pause_is_a_random_part_of_its_length(chance: float, clock: Clock) -> None:
    assert deadline(clock, 60, chance).back_off(3, 1)
    assert clock.waits == [0.8 * chance]


def test_no_pause_is_made_if_too_little_time_would_be_left(clock: Clock) -> None:
    assert not deadline(clock, 10).back_off(1, 10)
    assert clock.waits == []
    assert deadline(clock, 10).back_off(1, 9.5)
