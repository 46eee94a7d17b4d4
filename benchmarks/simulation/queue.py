"""A standard queue: new messages are visible when they arrive, and those that are sent again after their delay."""

import heapq

import numpy as np

from benchmarks.simulation.arrivals import Times


class Queue:
    """Messages are numbered by the arrival of their image. arrivals: sorted, in seconds."""

    def __init__(self, arrivals: Times):
        self.arrivals = arrivals
        self.taken = 0
        self.delayed: list[tuple[float, int]] = []
        self.ready: list[int] = []

    def visible(self, now: float) -> int:
        """Returns how many messages can be received."""
        while self.delayed and self.delayed[0][0] <= now:
            self.ready.append(heapq.heappop(self.delayed)[1])
        return len(self.ready) + int(np.searchsorted(self.arrivals, now, side="right")) - self.taken

    def receive(self, now: float, most: int) -> list[int]:
        """Takes up to `most` visible messages, those that were sent again first."""
        count = min(most, self.visible(now))
        again = self.ready[:count]
        del self.ready[:count]
        begin, self.taken = self.taken, self.taken + count - len(again)
        return [*again, *range(begin, self.taken)]

    def send_again(self, message: int, visible_at: float) -> None:
        heapq.heappush(self.delayed, (visible_at, message))

    def next_change(self, now: float, wanted: int) -> float | None:
        """Returns when the queue must be looked at again: when `wanted` messages are visible, or a delay ends.

        wanted: more than are visible now. None: no message comes any more.
        """
        new = self.taken + wanted - len(self.ready) - 1
        last = len(self.arrivals) - 1
        times = [float(self.arrivals[min(new, last)])] if self.taken <= last else []
        times += [self.delayed[0][0]] if self.delayed else []
        later = [time for time in times if time > now]
        return min(later) if later else None
