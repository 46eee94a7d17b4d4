"""The simulation of the inbox, against cases that can be computed by hand."""

import numpy as np
import pytest

from benchmarks.simulation.arrivals import Burst, all_at_once, random_arrivals
from benchmarks.simulation.endpoint import Endpoint, Instances, Serverless
from benchmarks.simulation.pollers import Pollers
from benchmarks.simulation.run import INVOCATION_SECONDS, Outcome, Simulation
from benchmarks.simulation.work import Work
from local import template
from mien.logic.retries import FIRST_DELAY
from mien.pipeline.batches import READ_TIMEOUT

# A batch of ten images takes 0.1 + 10 x 0.02 + 0.05 + 10 x 0.01 + 0.15 = 0.6 s, of which 0.15 s at the endpoint.
WORK = Work(start=0, before=0.1, after=0.15, image=0.02, call=0.05, face=0.01)
UNLIMITED = 10_000


def simulate(
    arrivals: np.ndarray,
    work: Work = WORK,
    endpoint: Endpoint | None = None,
    concurrency: int = UNLIMITED,
    batch_size: int = 10,
    window: float = 0.0,
    first: int = 5,
    seed: int = 0,
) -> Outcome:
    endpoint = endpoint or Instances(UNLIMITED)
    return Simulation(arrivals, work, endpoint, Pollers(concurrency, first), batch_size, window, seed).run()


def constant_work(seconds: float) -> Work:
    """A batch takes this long, with any number of images and without the endpoint."""
    return Work(start=0, before=seconds, after=0, image=0, call=0, face=0)


def test_a_single_image_waits_for_the_window_the_start_and_the_work() -> None:
    work = Work(start=2, before=0.1, after=0.15, image=0.02, call=0.05, face=0.01, faces=7)
    outcome = simulate(np.array([3.0]), work, window=1)
    assert outcome.oldest == pytest.approx(1 + 2 + 0.1 + 0.02 + 0.05 + 7 * 0.01 + 0.15)
    assert outcome.batches == {1: 1}


def test_a_full_batch_does_not_wait_for_the_window() -> None:
    outcome = simulate(np.linspace(0, 0.9, 10), window=5)
    assert outcome.batches == {10: 1}
    assert outcome.oldest == pytest.approx(0.9 + WORK.of_batch(10))
    assert outcome.ages[9] == pytest.approx(WORK.of_batch(10))


def test_only_the_first_batch_of_a_process_waits_for_its_start() -> None:
    work = Work(start=2, before=1, after=0, image=0, call=0, face=0)
    outcome = simulate(np.array([0.0, 10.0]), work)
    assert list(outcome.ages) == pytest.approx([3, 1])
    assert outcome.functions == 1


def test_two_functions_empty_a_full_queue_in_half_the_time_of_one() -> None:
    one, two = (simulate(all_at_once(1000), concurrency=number) for number in (1, 2))
    assert one.oldest == pytest.approx(100 * 0.6)
    assert two.oldest == pytest.approx(50 * 0.6)
    assert two.batches == {10: 100}
    assert two.most_in_flight == 20


def test_a_slow_endpoint_is_what_limits_two_functions() -> None:
    # 100 calls of 0.15 s, one after the other; before the first and after the last there is the function's work.
    outcome = simulate(all_at_once(1000), endpoint=Instances(1), concurrency=20, first=20)
    assert outcome.oldest == pytest.approx(0.3 + 100 * 0.15 + 0.15)
    assert outcome.late == outcome.retried == 0


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_function_with_random_arrivals_waits_as_long_as_queueing_theory_says(load: float) -> None:
    """M/D/1: the mean wait is load / (2 x (1 - load)) x the time of one service (Pollaczek-Khinchine)."""
    outcome = simulate(random_arrivals(load, 100_000, seed=1), constant_work(1), concurrency=1, batch_size=1)
    assert outcome.ages.mean() - 1 == pytest.approx(load / (2 * (1 - load)), rel=0.05)


def test_more_images_than_can_be_handled_wait_longer_and_longer() -> None:
    # 20 images a second for 100 s, and one function that handles 10: the last image waits for 1,000 others.
    outcome = simulate(np.arange(0, 100, 0.05), constant_work(1), concurrency=1)
    assert outcome.oldest == pytest.approx(100, rel=0.02)
    assert outcome.ages[1000] == pytest.approx(50, rel=0.03)


def test_a_simulation_ends_once_an_image_is_too_old_and_says_which_were_not_done() -> None:
    pollers = Pollers(1)
    overloaded = Simulation(all_at_once(100), constant_work(10), Instances(1), pollers, 10, window=0, longest=35)
    ages = overloaded.run().ages
    assert list(ages[:30]) == [10] * 10 + [20] * 10 + [30] * 10
    assert np.isinf(ages[30:]).all()


def test_lambda_begins_with_five_batches_and_adds_five_a_second_up_to_the_maximum() -> None:
    def run(batches: int, concurrency: int) -> Outcome:
        return simulate(all_at_once(10 * batches), constant_work(9.9), concurrency=concurrency)

    # Five at once, and 49 more within 9.8 s.
    assert run(54, UNLIMITED).functions == 54
    assert run(54, UNLIMITED).oldest == pytest.approx(9.8 + 9.9)
    assert run(54, 30).functions == 30
    assert run(54, 3).oldest == pytest.approx(54 / 3 * 9.9)


def test_calls_above_the_concurrency_of_a_serverless_endpoint_are_repeated_and_none_is_lost() -> None:
    outcome = simulate(all_at_once(200), endpoint=Serverless(1), concurrency=5)
    assert outcome.refused > 0
    assert (outcome.ages > 0).all()
    enough = simulate(all_at_once(200), endpoint=Serverless(5), concurrency=5)
    assert (enough.refused, enough.retried) == (0, 0)
    assert enough.oldest == pytest.approx(4 * 0.6)


class Down:
    """An endpoint that refuses all calls until some time."""

    def __init__(self, until: float):
        self.until = until
        self.calls = 0

    def call(self, now: float, seconds: float) -> float | None:
        self.calls += 1
        return None if now < self.until else now + seconds


def test_an_endpoint_that_is_down_is_called_seldom_and_its_images_are_sent_again() -> None:
    down = Down(until=120)
    outcome = simulate(all_at_once(100), endpoint=down, concurrency=5)
    # Each of the five functions makes four calls, and then at most one after each pause of its circuit.
    assert outcome.refused <= 5 * (4 + 120 / 8)
    assert outcome.retried >= 100
    assert FIRST_DELAY < outcome.oldest < 120 + 2 * 160


def test_a_call_that_waits_too_long_at_the_endpoint_is_given_up() -> None:
    slow = Work(start=0, before=0, after=0, image=0, call=15, face=0)
    outcome = simulate(all_at_once(20), slow, Instances(1), concurrency=2)
    assert outcome.late >= 1
    assert outcome.retried >= 10
    assert outcome.ages.min() == 15 < READ_TIMEOUT < outcome.oldest


def test_the_same_seed_gives_the_same_ages() -> None:
    def ages(seed: int) -> list[float]:
        arrivals = random_arrivals(20, 60, [Burst(20, 10, 3)], seed)
        return list(simulate(arrivals, endpoint=Serverless(2), concurrency=5, seed=seed).ages)

    assert ages(1) == ages(1) != ages(2)


def test_a_burst_brings_as_many_images_as_its_factor_says() -> None:
    arrivals = random_arrivals(100, 600, [Burst(240, 60, 3)])
    inside = int(((arrivals >= 240) & (arrivals < 300)).sum())
    assert inside == pytest.approx(60 * 300, rel=0.05)
    assert len(arrivals) - inside == pytest.approx(540 * 100, rel=0.05)
    assert (np.diff(arrivals) >= 0).all()


def test_an_invocation_takes_as_long_as_the_template_allows() -> None:
    assert template.load_template()["Mappings"]["Seconds"]["Inbox"]["Timeout"] == INVOCATION_SECONDS
