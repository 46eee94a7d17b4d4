"""What an endpoint does with a call: it answers at some time, or refuses it at once."""

import heapq
from typing import Protocol

from benchmarks.simulation.scaling import TargetTracking


class Endpoint(Protocol):
    def call(self, now: float, seconds: float) -> float | None:
        """Returns when a call that needs `seconds` of work is answered; None if it is refused."""


class Serverless:
    """A serverless endpoint: each call has a processor of its own, and calls above the concurrency are refused."""

    def __init__(self, concurrency: int):
        self.concurrency = concurrency
        self.running: list[float] = []

    def call(self, now: float, seconds: float) -> float | None:
        while self.running and self.running[0] <= now:
            heapq.heappop(self.running)
        if len(self.running) >= self.concurrency:
            return None
        heapq.heappush(self.running, now + seconds)
        return now + seconds


class Instances:
    """Instances with one core each. A call waits for the first core that is free; none is refused.

    SageMaker sends a call to a random instance unless it is told otherwise, so real queues are a little longer.
    """

    def __init__(self, count: int, scaling: TargetTracking | None = None):
        self.free_at = [0.0] * count
        self.scaling = scaling

    def call(self, now: float, seconds: float) -> float | None:
        if self.scaling:
            for started in self.scaling.record_call(now, len(self.free_at)):
                heapq.heappush(self.free_at, started)
        begin = max(now, heapq.heappop(self.free_at))
        heapq.heappush(self.free_at, begin + seconds)
        return begin + seconds
