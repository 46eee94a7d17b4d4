"""Time that is left, on a clock that the tests move."""

import pytest

from mien.logic.deadline import ANSWERING, Deadline


class Clock:
    def __init__(self) -> None:
        self.now, self.waits = 100.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def deadline(clock: Clock, seconds: float, chance: float = 1.0) -> Deadline:
    return Deadline(clock.now + seconds, clock, clock.sleep, lambda: chance)


def test_an_invocation_keeps_time_to_answer() -> None:
    class Invocation:
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    assert 0 <= 30 - ANSWERING - Deadline.of(Invocation()).left() < 1


def test_a_step_ends_before_the_next_ones_time(clock: Clock) -> None:
    assert deadline(clock, 60).before(22).left() == 38


def test_pauses_grow_to_a_limit(clock: Clock) -> None:
    long = deadline(clock, 1000)
    for attempt in range(1, 8):
        assert long.pause(attempt, 1)
    assert clock.waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.99])
def test_chance_keeps_those_apart_that_were_throttled_together(chance: float, clock: Clock) -> None:
    assert deadline(clock, 60, chance).pause(3, 1)
    assert clock.waits == [0.8 * chance]


def test_nobody_waits_where_no_time_is_left_after_it(clock: Clock) -> None:
    assert not deadline(clock, 10).pause(1, 10)
    assert clock.waits == []
    assert deadline(clock, 10).pause(1, 9.5)
