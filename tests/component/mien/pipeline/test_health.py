"""How often the health check calls the endpoint."""

import math

from mien.errors import TryAgain
from mien.logic.circuit import Circuit
from mien.logic.deadline import Deadline
from mien.pipeline.health import INTERVAL, Health
from tests.support.clock import Clock
from tests.support.endpoints import endpoint_at
from tests.support.sagemaker_runtime import EVEN, answer_of, in_turn, reply, serving


def failure_of(health: Health) -> TryAgain | None:
    try:
        health.check(Deadline(math.inf))
    except TryAgain as failure:
        return failure
    return None


def test_a_result_is_used_for_five_seconds_and_then_the_endpoint_is_called_again() -> None:
    clock = Clock()
    with serving(in_turn(reply(503, b"", "ServiceUnavailable"), reply(200, answer_of([EVEN])))) as (url, requests):
        endpoint = endpoint_at(url)
        endpoint.circuit = Circuit(clock)
        health = Health(endpoint, clock=clock)
        assert failure_of(health)
        clock.now = INTERVAL - 0.1
        assert failure_of(health)
        clock.now = INTERVAL
        assert failure_of(health) is None
    assert len(requests) == 2
