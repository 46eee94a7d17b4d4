"""Calls that arrive while the model is busy share its next runs."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from inference import Abandoned
from network import Network
from served_model import share_runs
from shared_runs import SharedRuns, always
from tests.support.slow_models import BAD, CHUNK, SlowModel, images
from tests.support.waiting import eventually


@pytest.fixture
def model(tmp_path: Path) -> SlowModel:
    return SlowModel(tmp_path)


Classify = Callable[..., "Future[np.ndarray]"]


@pytest.fixture
def runs(model: SlowModel) -> SharedRuns:
    return SharedRuns(model.network, model.network, CHUNK, at_once=1)


@pytest.fixture
def classify(runs: SharedRuns) -> Iterator[Classify]:
    """Starts a call with images of these values in a thread of its own, and returns when the call waits or runs."""
    with ThreadPoolExecutor(32) as threads:

        def start(*values: int, is_wanted: Callable[[], bool] = always) -> "Future[np.ndarray]":
            before = len(runs.waiting), runs.running
            future = threads.submit(runs.probabilities, images(*values), is_wanted)
            assert eventually(lambda: future.done() or (len(runs.waiting), runs.running) != before)
            return future

        yield start


def firsts(future: "Future[np.ndarray]") -> list[float]:
    rows = future.result(timeout=20)
    assert (rows == rows[:, :1] + np.arange(3)).all()
    return list(rows[:, 0])


def test_a_call_that_finds_the_model_idle_runs_at_once_and_alone(model: SlowModel, classify: Classify) -> None:
    model.allow(2)
    assert firsts(classify(1)) == [1]
    assert firsts(classify(2)) == [2]
    assert model.sizes == [1, 1]


def test_half_of_the_calls_that_wait_are_computed_together_and_get_their_own_rows(
    model: SlowModel, classify: Classify
) -> None:
    calls = [classify(1), classify(2), classify(3, 4), classify(5), classify(6)]
    model.allow(4)
    assert [firsts(call) for call in calls] == [[1], [2], [3, 4], [5], [6]]
    assert model.sizes == [1, 3, 1, 1]


def test_a_run_has_no_more_images_than_the_model_computes_at_once(model: SlowModel, classify: Classify) -> None:
    calls = [classify(n) for n in range(13)]
    model.allow(13)
    assert [firsts(call) for call in calls] == [[n] for n in range(13)]
    assert model.sizes == [1, CHUNK, CHUNK, 2, 1, 1]


def test_a_large_call_lets_others_have_their_turn_between_its_parts(model: SlowModel, classify: Classify) -> None:
    large, small = classify(*range(10)), classify(20)
    model.allow(2)
    assert firsts(small) == [20]
    assert not large.done()
    model.allow(2)
    assert firsts(large) == list(range(10))


def test_a_bad_call_fails_alone(model: SlowModel, classify: Classify) -> None:
    first, good, bad, *others = (classify(value) for value in (1, 2, BAD, 3, 4))
    model.allow(6)
    with pytest.raises(ValueError, match="a bad image"):
        bad.result(timeout=20)
    assert [firsts(call) for call in (first, good, *others)] == [[1], [2], [3], [4]]
    # The shared run has failed, and its calls were computed again.
    assert model.sizes == [1, 2, 1, 1, 1, 1]


def test_after_a_failure_the_model_is_free_again(model: SlowModel, classify: Classify) -> None:
    model.allow(2)
    with pytest.raises(ValueError, match="a bad image"):
        classify(BAD).result(timeout=20)
    assert firsts(classify(1)) == [1]


def test_a_call_whose_client_has_gone_is_not_computed(model: SlowModel, classify: Classify) -> None:
    clients = {2, 3}
    calls = [classify(1), *(classify(n, is_wanted=lambda n=n: n in clients) for n in (2, 3))]
    clients.remove(2)
    model.allow(2)
    assert [firsts(calls[0]), firsts(calls[2])] == [[1], [3]]
    with pytest.raises(Abandoned):
        calls[1].result(timeout=20)
    assert model.sizes == [1, 1]


def test_a_call_stops_between_its_parts_when_its_client_goes(model: SlowModel, classify: Classify) -> None:
    clients = {1}
    large = classify(*range(10), is_wanted=lambda: 1 in clients)
    clients.clear()
    model.allow(1)
    with pytest.raises(Abandoned):
        large.result(timeout=20)
    assert model.sizes == [CHUNK]


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> SlowModel:
    """The same model, for runs on one core."""
    return SlowModel(tmp_path_factory.mktemp("other"))


class TestWithSeveralRunsAtOnce:
    @pytest.fixture
    def runs(self, model: SlowModel, other: SlowModel) -> SharedRuns:
        return SharedRuns(model.network, other.network, CHUNK, at_once=3)

    def test_a_run_beside_others_is_on_one_core(self, model: SlowModel, other: SlowModel, classify: Classify) -> None:
        calls = [classify(n) for n in range(3)]
        assert eventually(lambda: (model.sizes, other.sizes) == ([1], [1, 1]))
        model.allow(1)
        other.allow(2)
        assert [firsts(call) for call in calls] == [[0], [1], [2]]
        model.allow(1)
        assert firsts(classify(3)) == [3]
        assert (model.sizes, other.sizes) == ([1, 1], [1, 1])

    def test_the_parts_of_a_large_call_run_at_the_same_time(
        self, model: SlowModel, other: SlowModel, classify: Classify
    ) -> None:
        large = classify(*range(10))
        assert eventually(lambda: sorted(model.sizes + other.sizes) == [2, CHUNK, CHUNK])
        model.allow(3)
        other.allow(3)
        assert firsts(large) == list(range(10))


class TestWithoutSharing:
    @pytest.fixture
    def runs(self, model: SlowModel) -> SharedRuns:
        return SharedRuns(model.network, model.network, CHUNK, at_once=2, shares=False)

    def test_each_run_has_one_call(self, model: SlowModel, classify: Classify) -> None:
        calls = [classify(n) for n in range(6)]
        assert eventually(lambda: model.sizes == [1, 1])
        model.allow(6)
        assert [firsts(call) for call in calls] == [[n] for n in range(6)]
        assert model.sizes == [1] * 6


def test_many_threads_get_the_rows_of_their_own_images(model: SlowModel, runs: SharedRuns) -> None:
    model.allow(1000)
    with ThreadPoolExecutor(16) as threads:
        values = [tuple(range(n, n + 1 + n % 6)) for n in range(200)]
        rows = list(threads.map(lambda value: runs.probabilities(images(*value))[:, 0].tolist(), values))
    assert rows == [list(value) for value in values]
    assert max(model.sizes) <= CHUNK


def test_a_model_that_gives_the_same_bits_in_every_run_shares_them(model: SlowModel, other: SlowModel) -> None:
    model.allow(100)
    other.allow(100)
    runs = share_runs(model.network, other.network, CHUNK, threads=4)
    assert (runs.shares, runs.on_one_core, runs.at_once) == (True, other.network, 6)


def test_a_model_whose_answers_depend_on_the_other_images_of_a_run_does_not_share_it(model: SlowModel) -> None:
    model.allow(100)
    whole = Network(model.network.contract, lambda batch: batch[:, 0, :3] - batch.mean(), CHUNK)
    assert not share_runs(whole, whole, CHUNK, threads=4).shares
    # Here only the answers on one core are others.
    runs = share_runs(model.network, whole, CHUNK, threads=4)
    assert (runs.shares, runs.on_one_core) == (False, model.network)
