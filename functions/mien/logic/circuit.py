"""A circuit breaker: while a service is down, one process calls it rarely instead of once per request."""

import time
from collections.abc import Callable
from threading import Lock

# Consecutive failed calls that open the circuit. Fewer may be caused by the requests themselves.
FAILURE_THRESHOLD = 4
# Seconds for which the circuit stays open. With the longest pause, ten functions make twenty calls a minute between
# them, no matter how many messages wait.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0


class Circuit:
    """The state of one service, as one process sees it. Safe to use from several threads.

    clock: returns seconds. Tests pass their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.lock = Lock()
        self.close()

    def close(self) -> None:
        self.failures = 0
        self.pause = 0.0
        self.open_until = self.clock()

    def is_open(self) -> bool:
        """Returns whether the service must not be called now."""
        return self.seconds_open() > 0

    def seconds_open(self) -> float:
        """Returns the seconds until the service may be called again; 0 or less if it may be called now."""
        return self.open_until - self.clock()

    def record_failure(self) -> None:
        """Counts a failed call. Calls that were in flight when the circuit opened do not extend the pause."""
        with self.lock:
            self.failures += 1
            if self.failures >= FAILURE_THRESHOLD and not self.is_open():
                self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self.pause * 2))
                self.open_until = self.clock() + self.pause

    def record_success(self) -> None:
        with self.lock:
            self.close()
