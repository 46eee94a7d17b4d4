"""Checks whether the endpoint classifies, with one gray face, and remembers the answer for some seconds."""

import time
from collections.abc import Callable

from mien.aws.endpoint import Endpoint
from mien.errors import NeedsOperator, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.pictures import ModelInput, gray_face

# Seconds for which an answer is remembered. A process makes at most one call in this time.
INTERVAL = 5.0


class Health:
    """The health of one endpoint, as one process sees it.

    target: the input of the endpoint's model.
    clock: returns seconds. Tests pass their own.
    """

    def __init__(self, endpoint: Endpoint, target: ModelInput, clock: Callable[[], float] = time.monotonic):
        self.endpoint = endpoint
        self.clock = clock
        self.face = gray_face(target)
        self.checked_until = clock()
        self.failure: Exception | None = None

    def check(self, deadline: Deadline) -> None:
        """Raises TryAgain if the endpoint does not classify a face, or did not at the last check.

        Every failure counts: no answer, throttling, a refused face. The call is not retried, and while the circuit is
        open, no call is made.
        """
        circuit = self.endpoint.circuit
        if self.clock() >= self.checked_until and not circuit.is_open():
            self.failure = self.call_endpoint(deadline)
            self.checked_until = self.clock() + INTERVAL
        if self.failure or circuit.is_open():
            reason = self.failure or "its circuit is open"
            message = f"endpoint {self.endpoint.name} is not healthy: {reason}"
            raise TryAgain(message, retry_after=max(0, circuit.seconds_open()))

    def call_endpoint(self, deadline: Deadline) -> Exception | None:
        """Returns why the endpoint did not classify the face, or None if it did."""
        try:
            [outcome] = self.endpoint.invoke([self.face], deadline)
        except (TryAgain, NeedsOperator) as failure:
            return failure
        return outcome if isinstance(outcome, Exception) else None
