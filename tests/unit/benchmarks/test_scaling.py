"""Target tracking in the simulation: when instances are added, and how many."""

import numpy as np
import pytest

from benchmarks.simulation.endpoint import Instances
from benchmarks.simulation.scaling import START_SECONDS, TargetTracking


def calls_per_minute(endpoint: Instances, calls: int, minutes: range) -> None:
    for minute in minutes:
        for second in np.linspace(0, 59, calls):
            endpoint.call(minute * 60 + float(second), 0.001)


def test_three_minutes_above_the_target_add_the_instances_that_the_load_needs() -> None:
    endpoint = Instances(1, TargetTracking(calls_per_minute=100, most=10))
    calls_per_minute(endpoint, 350, range(3))
    assert len(endpoint.free_at) == 1
    endpoint.call(180, 0.001)
    assert len(endpoint.free_at) == 4
    assert sorted(endpoint.free_at)[-3:] == [180 + START_SECONDS] * 3


def test_a_burst_of_two_minutes_adds_nothing() -> None:
    endpoint = Instances(1, TargetTracking(calls_per_minute=100, most=10))
    calls_per_minute(endpoint, 350, range(2))
    calls_per_minute(endpoint, 50, range(2, 10))
    assert len(endpoint.free_at) == 1


def test_there_are_never_more_instances_than_the_maximum() -> None:
    endpoint = Instances(1, TargetTracking(calls_per_minute=100, most=3))
    calls_per_minute(endpoint, 2000, range(8))
    assert len(endpoint.free_at) == 3


def test_calls_wait_for_the_first_instance_that_is_free() -> None:
    endpoint = Instances(2)
    assert [endpoint.call(0, 1), endpoint.call(0, 2), endpoint.call(0, 1), endpoint.call(1.5, 1)] == pytest.approx(
        [1, 2, 2, 3]
    )
