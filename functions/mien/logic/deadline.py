"""When an invocation must have answered. Who waits, or begins what may take long, asks first whether there is time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

# Seconds. What it takes to write the logs and to answer, once the work is done.
ANSWERING = 2.0
# Seconds. A throttled endpoint has room again within a few; a longer first pause would cost the others their turn.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class Invocation(Protocol):
    """What Lambda's context tells of the time."""

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True)
class Deadline:
    """ends: seconds, on the clock. Clock, sleep and chance (from 0 to 1) come in, so that tests move the time."""

    ends: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    @staticmethod
    def of(invocation: Invocation) -> "Deadline":
        """Of an invocation that Lambda ends with all of its work, if it has not answered in time."""
        return Deadline(time.monotonic() + invocation.get_remaining_time_in_millis() / 1000 - ANSWERING)

    def left(self) -> float:
        """Seconds; below 0 once it has passed."""
        return self.ends - self.clock()

    def before(self, seconds: float) -> "Deadline":
        """The one by which a step must have ended, for the next steps to have so many seconds."""
        return replace(self, ends=self.ends - seconds)

    def pause(self, attempt: int, needed: float) -> bool:
        """Waits for the next attempt, after the `attempt`th, counted from 1. False, and at once, if after that there
        would be less time left than is needed.

        Full jitter: functions that were throttled together must not come again together (AWS Architecture Blog,
        "Exponential Backoff And Jitter").
        """
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) * self.chance()
        if self.left() - pause < needed:
            return False
        self.sleep(pause)
        return True
