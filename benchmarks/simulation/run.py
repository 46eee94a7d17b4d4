"""The simulation: one queue, Lambda's batches from it, functions, and one endpoint.

The functions' decisions are made by their own code: when a call is repeated (logic/deadline.py), when the endpoint is
not called at all (logic/circuit.py), and when a message is sent again (logic/retries.py). Crashes are not simulated.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.simulation.arrivals import Times
from benchmarks.simulation.endpoint import Endpoint
from benchmarks.simulation.pollers import Pollers
from benchmarks.simulation.queue import Queue
from benchmarks.simulation.work import Work
from mien.aws.endpoint import CONNECT_TIMEOUT, MAX_ATTEMPTS
from mien.errors import TryAgain
from mien.logic.circuit import Circuit
from mien.logic.deadline import RESPONSE_SECONDS, Deadline
from mien.logic.messages import Message
from mien.logic.retries import Retry, decide_retry
from mien.pipeline.batches import READ_TIMEOUT

# Seconds of an invocation: template.yaml, Mappings, Seconds, Inbox. The longest call is one of them, so that a function
# does not begin one that it could not finish.
INVOCATION_SECONDS = 75.0
LONGEST_CALL = CONNECT_TIMEOUT + READ_TIMEOUT
NEW = Message("", "", "", attempt=0, receives=1, isolation=0, since=0)
FAILED = TryAgain("the endpoint refused the call or did not answer in time")


class Clock:
    """The simulated time, in seconds, for code that reads a clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Function:
    """One process of the function, with its own circuit."""

    circuit: Circuit
    is_new: bool = True


@dataclass
class Outcome:
    """What happened to the images.

    ages: seconds from each image's arrival to its document. The largest is also the largest age of the oldest message.
        Infinite for images that were not done when the simulation ended.
    batches: how many invocations had how many images.
    refused, late: calls that the endpoint refused, and calls without an answer in time.
    retried: messages that were sent again.
    most_in_flight: the largest number of messages that were received and not done at the same time.
    functions: processes that were started.
    """

    ages: Times
    batches: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    late: int = 0
    retried: int = 0
    most_in_flight: int = 0
    functions: int = 0

    @property
    def oldest(self) -> float:
        return float(self.ages.max(initial=0))

    @property
    def mean_batch(self) -> float:
        return sum(size * count for size, count in self.batches.items()) / max(1, self.batches.total())


class Simulation:
    """batch_size, window: the event source mapping's BatchSize and MaximumBatchingWindowInSeconds.

    Lambda's pollers fill their batches at the same time, and here they do so one after the other. So with few images
    real batches are smaller, and cost more; none waits longer.

    longest: the simulation ends once an image is older, in seconds.
    """

    def __init__(
        self,
        arrivals: Times,
        work: Work,
        endpoint: Endpoint,
        pollers: Pollers,
        batch_size: int,
        window: float,
        seed: int = 0,
        longest: float = np.inf,
    ):
        self.longest = longest
        self.arrivals, self.work, self.endpoint, self.pollers = arrivals, work, endpoint, pollers
        self.batch_size, self.window = batch_size, window
        self.clock = Clock()
        self.queue = Queue(arrivals)
        self.random = random.Random(seed)
        self.order = itertools.count()
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.idle: list[Function] = []
        self.attempts: dict[int, int] = {}
        self.running = self.in_flight = 0
        self.collecting_since: float | None = None
        self.wakes_at = self.grows_at = 0.0
        self.done = bytearray(len(arrivals))
        self.first_open = 0
        self.outcome = Outcome(np.full(len(arrivals), np.inf))

    def run(self) -> Outcome:
        self.receive()
        while self.events:
            self.clock.now, _, action = heapq.heappop(self.events)
            if self.is_too_late():
                break
            action()
        return self.outcome

    def is_too_late(self) -> bool:
        """Returns whether an image that is not done is older than `longest`."""
        while self.first_open < len(self.done) and self.done[self.first_open]:
            self.first_open += 1
        if self.first_open == len(self.done):
            return False
        return bool(self.clock.now - self.arrivals[self.first_open] > self.longest)

    def at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self.events, (time, next(self.order), action))

    def receive(self) -> None:
        """Starts batches while there are messages and pollers, and decides when to look again."""
        now = self.clock.now
        while self.running < self.pollers.count and (visible := self.queue.visible(now)):
            self.collecting_since = now if self.collecting_since is None else self.collecting_since
            if visible < self.batch_size and now < self.collecting_since + self.window:
                break
            self.collecting_since = None
            self.start_batch(self.queue.receive(now, self.batch_size))
        if self.running < self.pollers.count:
            self.wake_later(now)
        elif self.queue.visible(now) and self.pollers.seconds_to_next is not None and self.grows_at <= now:
            self.grow_later(now)

    def wake_later(self, now: float) -> None:
        wanted = self.batch_size if self.collecting_since is not None else 1
        change = self.queue.next_change(now, max(wanted, self.queue.visible(now) + 1))
        times = [time for time in (change,) if time is not None]
        if self.collecting_since is not None:
            times.append(self.collecting_since + self.window)
        if times and not now < self.wakes_at <= min(times):
            self.wakes_at = min(times)
            self.at(self.wakes_at, self.receive)

    def grow_later(self, now: float) -> None:
        self.grows_at = now + (self.pollers.seconds_to_next or 0)
        self.at(self.grows_at, self.grow)

    def grow(self) -> None:
        if self.queue.visible(self.clock.now):
            self.pollers.add()
        self.receive()

    def start_batch(self, batch: list[int]) -> None:
        now, self.running = self.clock.now, self.running + 1
        self.in_flight += len(batch)
        self.outcome.most_in_flight = max(self.outcome.most_in_flight, self.in_flight)
        self.outcome.batches[len(batch)] += 1
        function = self.idle.pop() if self.idle else Function(Circuit(self.clock))
        start = self.work.start if function.is_new else 0.0
        self.outcome.functions += function.is_new
        function.is_new = False
        deadline = Deadline(now + start + INVOCATION_SECONDS - RESPONSE_SECONDS, self.clock, jitter=self.random.random)
        self.at(now + start + self.work.until_call(len(batch)), lambda: self.call(function, batch, deadline, 1))

    def call(self, function: Function, batch: list[int], deadline: Deadline, attempt: int) -> None:
        """Calls the endpoint, as mien.aws.endpoint.Endpoint.classify does."""
        now = self.clock.now
        if function.circuit.is_open():
            return self.send_again(function, batch)
        answered = self.endpoint.call(now, self.work.of_call(len(batch)))
        if answered is None:
            self.outcome.refused += 1
            return self.call_again(function, batch, deadline, attempt)
        if answered - now > READ_TIMEOUT:
            self.outcome.late += 1
            return self.at(now + READ_TIMEOUT, lambda: self.give_up(function, batch))
        return self.at(answered, lambda: self.write(function, batch))

    def call_again(self, function: Function, batch: list[int], deadline: Deadline, attempt: int) -> None:
        """Repeats a refused call after a pause, as often and as soon as the functions do."""
        function.circuit.record_failure()
        pauses: list[float] = []
        patient = replace(deadline, sleep=pauses.append)
        if attempt == MAX_ATTEMPTS or function.circuit.is_open() or not patient.back_off(attempt, LONGEST_CALL):
            return self.send_again(function, batch)
        return self.at(self.clock.now + pauses[0], lambda: self.call(function, batch, deadline, attempt + 1))

    def give_up(self, function: Function, batch: list[int]) -> None:
        """A call that got no answer in time is not repeated: it has used the time of others."""
        function.circuit.record_failure()
        self.send_again(function, batch)

    def write(self, function: Function, batch: list[int]) -> None:
        function.circuit.record_success()
        self.at(self.clock.now + self.work.after, lambda: self.finish(function, batch))

    def finish(self, function: Function, batch: list[int]) -> None:
        self.outcome.ages[batch] = self.clock.now - self.arrivals[batch]
        for image in batch:
            self.done[image] = True
        self.end_batch(function, batch)

    def send_again(self, function: Function, batch: list[int]) -> None:
        for image in batch:
            message = replace(NEW, attempt=self.attempts.get(image, 0), since=float(self.arrivals[image]))
            decision = decide_retry(message, [FAILED], self.clock.now, self.random.random())
            assert isinstance(decision, Retry), decision
            self.attempts[image] = decision.attempt
            self.queue.send_again(image, self.clock.now + decision.delay)
        self.outcome.retried += len(batch)
        self.end_batch(function, batch)

    def end_batch(self, function: Function, batch: list[int]) -> None:
        self.running -= 1
        self.in_flight -= len(batch)
        self.idle.append(function)
        self.receive()
