"""When a model that does not answer counts as starting, and when as down."""

import pytest

from mien.logic.waking import LONGEST_START, PAUSE, REST, Waking
from tests.support.clock import Clock


def call_in_silence(waking: Waking, clock: Clock, seconds: float = 20) -> bool:
    """Makes a call that times out after some seconds. Returns whether the model may be starting."""
    began = clock.now
    clock.now += seconds
    return waking.record_silence(began)


def test_a_model_that_this_process_never_called_may_be_starting() -> None:
    clock = Clock()
    assert call_in_silence(Waking(clock), clock)


@pytest.mark.parametrize(("pause", "is_starting"), [(PAUSE - 1, False), (PAUSE + 1, True)])
def test_only_a_model_that_had_not_answered_for_a_minute_may_be_starting(pause: float, is_starting: bool) -> None:
    clock = Clock()
    waking = Waking(clock)
    waking.record_answer()
    clock.now += pause
    assert call_in_silence(waking, clock) is is_starting


def test_a_model_that_is_silent_for_three_minutes_is_down() -> None:
    clock = Clock()
    waking = Waking(clock)
    verdicts = []
    while clock.now < LONGEST_START:
        verdicts.append(call_in_silence(waking, clock))
        clock.now += 10
    assert verdicts == [True] * 6
    assert not call_in_silence(waking, clock)


def test_the_next_pause_begins_a_new_start() -> None:
    clock = Clock()
    waking = Waking(clock)
    assert call_in_silence(waking, clock)
    clock.now += 3600
    assert call_in_silence(waking, clock)


def test_a_starting_model_is_not_called_for_five_seconds_after_a_call_without_an_answer() -> None:
    clock = Clock()
    waking = Waking(clock)
    assert waking.seconds_to_rest() <= 0
    call_in_silence(waking, clock)
    assert waking.seconds_to_rest() == REST
    clock.now += REST
    assert waking.seconds_to_rest() <= 0
    call_in_silence(waking, clock)
    waking.record_answer()
    assert waking.seconds_to_rest() <= 0
