"""Target tracking, which adds instances while each has more calls per minute than its target.

Source: Application Auto Scaling User Guide, "How target tracking scaling for Application Auto Scaling works". Its alarm
rings after three minutes above the target. AWS says that a new SageMaker instance takes several minutes
("Scale an endpoint to zero instances"); the five minutes here are an assumption. Instances are never removed here.
"""

import math

MINUTE = 60.0
MINUTES_ABOVE = 3
START_SECONDS = 300.0


class TargetTracking:
    """calls_per_minute: the target for one instance. most: the largest number of instances."""

    def __init__(self, calls_per_minute: float, most: int):
        self.calls_per_minute = calls_per_minute
        self.most = most
        self.minute = 0
        self.calls = 0
        self.above = 0

    def record_call(self, now: float, instances: int) -> list[float]:
        """Counts a call. Returns when new instances are ready, one time for each that this call makes it request.

        instances: how many there are, with those that are still starting.
        """
        ready: list[float] = []
        while self.minute < int(now // MINUTE):
            self.minute += 1
            self.above = self.above + 1 if self.calls > self.calls_per_minute * instances else 0
            wanted = min(self.most, math.ceil(self.calls / self.calls_per_minute))
            if self.above >= MINUTES_ABOVE and wanted > instances:
                ready += [self.minute * MINUTE + START_SECONDS] * (wanted - instances)
                instances, self.above = wanted, 0
            self.calls = 0
        self.calls += 1
        return ready
