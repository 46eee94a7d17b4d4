"""Spares a service that is down: while it is, one call asks for all, and ever more seldom."""

import time
from collections.abc import Callable
from threading import Lock

# Calls that fail in a row: fewer may be the fault of what was asked.
THRESHOLD = 4
# Seconds. Ten functions that wait for the longest ask twenty times a minute between them, however much is waiting.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class Circuit:
    """What one process remembers of a service. The clock, in seconds, comes in, so that tests move the time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock, self.lock = clock, Lock()
        self.failures, self.pause, self.until = 0, 0.0, clock()

    def open(self) -> bool:
        """Whether the service is to be left alone now."""
        return self.left() > 0

    def left(self) -> float:
        """Seconds for which it is to be left alone; 0 or less where it may be asked."""
        return self.until - self.clock()

    def failed(self) -> None:
        """A call failed. Those that were under way when the circuit opened don't count again."""
        with self.lock:
            self.failures += 1
            if self.failures >= THRESHOLD and not self.open():
                self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self.pause * 2))
                self.until = self.clock() + self.pause

    def answered(self) -> None:
        with self.lock:
            self.failures, self.pause, self.until = 0, 0.0, self.clock()
