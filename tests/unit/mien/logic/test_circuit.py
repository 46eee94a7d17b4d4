"""When the circuit breaker opens, for how long, and when it closes."""

from mien.logic.circuit import FAILURE_THRESHOLD, Circuit
from tests.support.clock import Clock


def test_a_circuit_opens_after_four_failures_in_a_row_for_longer_each_time() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(FAILURE_THRESHOLD - 1):
        circuit.record_failure()
        assert not circuit.is_open()
    pauses = []
    for _ in range(7):
        circuit.record_failure()
        began = clock.now
        while circuit.is_open():
            clock.now += 0.5
        pauses.append(clock.now - began)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_an_answer_closes_the_circuit_and_resets_its_failures() -> None:
    circuit = Circuit(Clock())
    for _ in range(FAILURE_THRESHOLD):
        circuit.record_failure()
    assert circuit.is_open()
    circuit.record_success()
    assert not circuit.is_open()
    circuit.record_failure()
    assert not circuit.is_open()


def test_calls_that_fail_at_the_same_time_count_as_one_failure() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(20):
        circuit.record_failure()
    clock.now += 1
    assert not circuit.is_open()
