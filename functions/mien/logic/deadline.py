"""The time by which an invocation must answer. Code that waits, or starts slow work, checks first that time is left."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

# Seconds. After the work is done, writing the logs and returning the response takes this long at most.
RESPONSE_SECONDS = 2.0
# Seconds. A throttled endpoint has capacity again within a few seconds. A longer first pause would waste the time that
# other calls of the same invocation need.
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 5.0


class LambdaContext(Protocol):
    """The part of Lambda's context object that is needed here."""

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True)
class Deadline:
    """A point in time. Clock, sleep and jitter can be replaced, so that tests never wait.

    ends: seconds, as `clock` counts them.
    clock: returns seconds.
    sleep: waits for a number of seconds.
    jitter: returns a random number from 0 to 1.
    """

    ends: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    @staticmethod
    def from_context(context: LambdaContext) -> "Deadline":
        """Returns when the handler must be done. Lambda kills an invocation that is late, with all of its work."""
        return Deadline(time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESPONSE_SECONDS)

    def seconds_left(self) -> float:
        """Returns the seconds until the deadline; negative if it has passed."""
        return self.ends - self.clock()

    def earlier(self, seconds: float) -> "Deadline":
        """Returns an earlier deadline, which reserves this many seconds for the steps that follow."""
        return replace(self, ends=self.ends - seconds)

    def back_off(self, attempt: int, needed: float) -> bool:
        """Sleeps before a retry. Returns False, without sleeping, if less than `needed` seconds would be left after it.

        attempt: number of the attempt that failed, counted from 1.
        needed: seconds that the next attempt may take.

        The pause has full jitter, so that functions that were throttled together do not retry together.
        Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
        """
        pause = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (attempt - 1)) * self.jitter()
        if self.seconds_left() - pause < needed:
            return False
        self.sleep(pause)
        return True
