"""Whether the endpoint answers: asked with one gray face, and seldom, whoever asks us how often."""

import time
from collections.abc import Callable

from mien.aws.endpoint import Endpoint
from mien.errors import Hopeless, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.images import FACE_SIZE, MID_GRAY, Face, png

# Seconds for which an answer is remembered. A process makes at most one call in so many.
INTERVAL = 5.0


class Health:
    """What one process knows of its endpoint. The clock, in seconds, comes in, so that tests move the time."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = time.monotonic):
        self.endpoint, self.clock = endpoint, clock
        self.face = endpoint.face(png(Face(bytes([MID_GRAY]) * FACE_SIZE**2, FACE_SIZE, "L", FACE_SIZE, FACE_SIZE)))
        self.until = clock()
        self.failure: Exception | None = None

    def check(self, deadline: Deadline) -> None:
        """Raises TryAgain where the endpoint does not classify a face, or did not when it was asked last.

        Whether it is silent, throttles or refuses the face is one to those who want to know whether it is healthy. What
        failed is not tried again, and while the circuit is open it is not tried at all.
        """
        if self.clock() >= self.until and not self.endpoint.circuit.open():
            self.failure = self.ask(deadline)
            self.until = self.clock() + INTERVAL
        if self.failure or self.endpoint.circuit.open():
            raise TryAgain(f"endpoint {self.endpoint.name} is not healthy: {self.failure or 'its circuit is open'}")

    def ask(self, deadline: Deadline) -> Exception | None:
        try:
            [answer] = self.endpoint.call([self.face], deadline)
        except (TryAgain, Hopeless) as failure:
            return failure
        return answer if isinstance(answer, Exception) else None
