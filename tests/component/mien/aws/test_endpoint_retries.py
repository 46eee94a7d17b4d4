"""The endpoint's client: which calls it repeats, how long it waits, and when it gives up."""

import math

import pytest

from mien.errors import Starting, TimedOut
from mien.logic.deadline import Deadline
from mien.logic.pictures import Face
from mien.logic.waking import PAUSE, Waking
from tests.support.answers import answer, probabilities, reasons
from tests.support.clock import Clock
from tests.support.endpoints import endpoint_that
from tests.support.sagemaker_runtime import EVEN, SILENCE, always, in_turn, model_error, reply

WITHOUT_WAITING = Deadline(math.inf, sleep=lambda seconds: None)


def test_an_endpoint_that_cannot_be_reached_raises_try_again(faces: list[Face]) -> None:
    with endpoint_that(always(200, [])) as (endpoint, _):
        pass
    assert reasons(endpoint.classify(faces, WITHOUT_WAITING))


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, "ModelNotReadyException"), (400, "ThrottlingException"), (400, ""), (503, "ServiceUnavailable")],
)
def test_a_short_failure_is_retried_after_a_pause(status: int, error: str, faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, jitter=lambda: 1.0)
    with endpoint_that(in_turn(reply(status, b"", error), reply(200, answer(faces)))) as (endpoint, requests):
        assert probabilities(endpoint.classify(faces, deadline)) == [EVEN] * 3
    assert (len(requests), waits) == (2, [0.2])


def test_a_longer_failure_is_given_up_after_four_calls(faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, jitter=lambda: 1.0)
    with endpoint_that(always(503, b"", "ServiceUnavailable")) as (endpoint, requests):
        assert reasons(endpoint.classify(faces, deadline))
    assert (len(requests), waits) == (4, [0.2, 0.4, 0.8])


def test_a_thousand_images_cost_four_calls_of_an_endpoint_that_is_down(faces: list[Face]) -> None:
    with endpoint_that(always(503, b"", "ServiceUnavailable"), kind="image") as (endpoint, requests):
        whys = [why for _ in range(1000) for why in reasons(endpoint.classify(faces[:1], WITHOUT_WAITING))]
    assert whys[0] == "endpoint faces: 503"
    assert whys[-1] == "endpoint faces is down; no call was made"
    assert len(requests) == 4


def test_no_call_starts_that_could_not_end_before_the_deadline(faces: list[Face]) -> None:
    with endpoint_that(always(200, answer(faces))) as (endpoint, requests):
        late = Deadline(endpoint.longest_call - 0.1, clock=lambda: 0)
        assert "no time left" in reasons(endpoint.classify(faces, late))[0]
        assert probabilities(endpoint.classify(faces, Deadline(endpoint.longest_call, clock=lambda: 0)))
    assert len(requests) == 1


def test_no_pause_starts_after_which_a_call_could_not_end_in_time(faces: list[Face]) -> None:
    with endpoint_that(always(503, b"", "ServiceUnavailable")) as (endpoint, requests):
        short = Deadline(endpoint.longest_call + 0.5, clock=lambda: 0, sleep=lambda seconds: None, jitter=lambda: 1.0)
        assert "503" in reasons(endpoint.classify(faces, short))[0]
    # The clock does not move. Pauses of 0.2 s and 0.4 s fit into the 0.5 s that are left, one of 0.8 s does not.
    assert len(requests) == 3


def test_the_first_call_after_a_pause_that_gets_no_answer_is_no_failure_of_the_endpoint(faces: list[Face]) -> None:
    with endpoint_that(always(424, {"OriginalStatusCode": 0}, "ModelError")) as (endpoint, requests):
        assert "may be starting" in reasons(endpoint.classify(faces, WITHOUT_WAITING), Starting)[0]
        assert "no call was made" in reasons(endpoint.classify(faces, WITHOUT_WAITING), Starting)[0]
    assert len(requests) == 1
    assert endpoint.circuit.failures == 0


@pytest.mark.parametrize(("pause", "kind"), [(PAUSE - 10, TimedOut), (PAUSE + 10, Starting)])
def test_a_call_that_timed_out_is_a_failure_only_if_the_model_has_answered_lately(
    pause: float, kind: type[Exception], faces: list[Face]
) -> None:
    clock = Clock()
    with endpoint_that(in_turn(reply(200, answer(faces)), model_error(0))) as (endpoint, _):
        endpoint.waking = Waking(clock)
        assert probabilities(endpoint.classify(faces, WITHOUT_WAITING))
        clock.now += pause
        assert reasons(endpoint.classify(faces, WITHOUT_WAITING), kind)
    assert endpoint.circuit.failures == (kind is TimedOut)


def test_a_model_that_is_not_ready_never_opens_the_circuit(faces: list[Face]) -> None:
    with endpoint_that(always(429, b"", "ModelNotReadyException")) as (endpoint, requests):
        for _ in range(3):
            assert reasons(endpoint.classify(faces, WITHOUT_WAITING), Starting)
    assert (len(requests), endpoint.circuit.failures) == (12, 0)


def test_a_call_that_timed_out_is_not_repeated(faces: list[Face]) -> None:
    with endpoint_that(in_turn(reply(200, answer(faces)), SILENCE)) as (endpoint, requests):
        endpoint.classify(faces, WITHOUT_WAITING)
        assert "ReadTimeoutError" in reasons(endpoint.classify(faces, WITHOUT_WAITING))[0]
    assert len(requests) == 2
