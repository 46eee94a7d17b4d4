"""What the proxies do with each request: they let S3 and the endpoint answer when AWS would, and count."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.latencies import GET_MS, HEAD_MS, INVOKE_MS, PUT_MS
from tests.support.proxy import Exchange, Forward, Reply

INVOKE = "InvokeEndpoint"
# AWS's names of the proxy's operations.
NAMES = {"read": "GetObject", "look": "HeadObject", "write": "PutObject", "delete": "DeleteObject", "invoke": INVOKE}
S3_MS = {"GetObject": GET_MS, "HeadObject": HEAD_MS, "PutObject": PUT_MS}


@dataclass(frozen=True)
class Request:
    """seconds: until the answer left. late: how much of it is more than S3's latency. size: bytes, with the answer."""

    operation: str
    seconds: float
    late: float
    size: int


@dataclass(frozen=True)
class Traffic:
    """All requests of some time."""

    requests: Sequence[Request]

    @property
    def seconds(self) -> float:
        """Of all requests together, as if none were sent at the same time."""
        return sum(request.seconds for request in self.requests)

    @property
    def waiting(self) -> float:
        """Seconds until the endpoint's answers."""
        return sum(request.seconds for request in self.requests if request.operation == INVOKE)

    @property
    def size(self) -> int:
        return sum(request.size for request in self.requests)

    @property
    def counts(self) -> Mapping[str, int]:
        """By operation."""
        return Counter(request.operation for request in self.requests)


class Delays:
    """S3's answer leaves when its latency is over, counted from the request: the embedded cloud's own time is in it.
    It is late if the embedded cloud or this process was not fast enough.

    The latency of the endpoint comes before its own work, which takes as long as it takes.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.requests: list[Request] = []

    def take(self) -> Traffic:
        """Returns the requests since the last call of this method."""
        taken, self.requests = self.requests, []
        return Traffic(taken)

    def __call__(self, exchange: Exchange, forward: Forward) -> Reply:
        operation, began, late = NAMES.get(exchange.operation, "other"), self.clock(), 0.0
        if operation == INVOKE:
            self.sleep(INVOKE_MS / 1000)
            reply = forward()
        else:
            reply = forward()
            left = S3_MS.get(operation, 0) / 1000 - (self.clock() - began)
            self.sleep(max(0, left))
            late = max(0, -left)
        size = len(exchange.body) + len(reply.body)
        self.requests.append(Request(operation, self.clock() - began, late, size))
        return reply
