"""Checks whether the endpoint classifies, with one gray face, and remembers the answer for some seconds."""

import time
from collections.abc import Callable

from mien.aws.endpoint import Endpoint
from mien.errors import NeedsOperator, Starting, TryAgain, WrongModel
from mien.logic.contract import Contract
from mien.logic.deadline import Deadline
from mien.logic.pictures import gray_face

# Seconds for which an answer is remembered. A process asks for at most one description and one face in this time.
INTERVAL = 5.0


class Health:
    """The health of one endpoint, as one process sees it.

    clock: returns seconds. Tests pass their own.
    """

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = time.monotonic):
        self.endpoint = endpoint
        self.clock = clock
        self.checked_until = clock()
        self.result: Contract | Exception = TryAgain("the endpoint was not checked yet")

    def check(self, deadline: Deadline) -> Contract:
        """Returns what the model reads and answers.

        Raises TryAgain if the endpoint does not classify a face, or did not at the last check. Every failure counts: no
        answer, throttling, a refused face. While the circuit is open, no call is made. Raises Starting if the model may
        be starting, and WrongModel if its labels are not known, or do not fit its answers.
        """
        circuit = self.endpoint.circuit
        if self.clock() >= self.checked_until and not circuit.is_open():
            self.result = self.call_endpoint(deadline)
            self.checked_until = self.clock() + INTERVAL
        if isinstance(self.result, WrongModel):
            raise self.result
        if isinstance(self.result, Exception) or circuit.is_open():
            reason = self.result if isinstance(self.result, Exception) else "its circuit is open"
            message = f"endpoint {self.endpoint.name} is not healthy: {reason}"
            kind = Starting if isinstance(self.result, Starting) else TryAgain
            raise kind(message, retry_after=max(0, circuit.seconds_open()))
        return self.result

    def call_endpoint(self, deadline: Deadline) -> Contract | Exception:
        """Returns what the model reads and answers, or why it did not classify a face."""
        try:
            contract = self.endpoint.describe(deadline)
            [outcome] = self.endpoint.invoke([gray_face(contract.target)], deadline)
        except (TryAgain, NeedsOperator) as failure:
            return failure
        return outcome if isinstance(outcome, Exception) else contract
