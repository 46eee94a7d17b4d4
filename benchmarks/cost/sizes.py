"""Which settings keep the oldest message under a minute, found with the simulation."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.latencies import GET_MS, HEAD_MS, INVOKE_MS, PUT_MS
from benchmarks.simulation.arrivals import Burst, Times, random_arrivals
from benchmarks.simulation.endpoint import Endpoint, Instances, Serverless
from benchmarks.simulation.pollers import Pollers
from benchmarks.simulation.run import Outcome, Simulation
from benchmarks.simulation.scaling import TargetTracking
from benchmarks.simulation.work import Work
from deployment.estimate import FACES_PER_SECOND, FUNCTION_MB, MB_PER_PROCESSOR
from deployment.workloads import BATCH, FACES, PHOTOS, Workload
from training.hosting.options import (
    DEFAULT_CALLS_PER_MINUTE,
    DEFAULT_CONCURRENCY,
    FUNCTIONS_CONCURRENCY,
    MIN_FUNCTIONS_CONCURRENCY,
)

WORKLOADS = (FACES, PHOTOS)
RATES = (1, 100, 1000)
BATCH_SIZES = (10, 32, 100)
# template.yaml's BatchWindow and the largest MaximumConcurrency that it allows, in seconds and batches.
WINDOW = 1.0
MOST_CONCURRENCY = 1000
# For one of five minutes, images come three times as often.
SECONDS = 300.0
BURST = Burst(begin=120, seconds=60, factor=3)
OLDEST = 60.0
# A load that is not handled then is called too large.
LONGEST = 3600.0
# A start of InboxFunction, in seconds of a whole processor: benchmarks/cold_start.md, Faces=find.
START_SECONDS = 0.345
# More than any load here needs.
UNLIMITED = 100_000
# Functions beyond those that an unlimited endpoint needs: they wait a little where it is limited.
SPARE = 1.2


def work_on_aws(image: Workload) -> Work:
    """The times of batches with the template's memory, and with a whole core of the endpoint for each call."""
    slower = MB_PER_PROCESSOR / FUNCTION_MB
    return Work(
        start=START_SECONDS * slower,
        before=GET_MS / 1000,
        after=(PUT_MS + HEAD_MS) / 1000,
        image=image.processor_ms / 1000 * slower,
        call=INVOKE_MS / 1000,
        face=1 / FACES_PER_SECOND,
        faces=image.faces,
    )


def load(rate: float) -> Times:
    return random_arrivals(rate, SECONDS, [BURST], seed=1)


def simulate(
    arrivals: Times,
    image: Workload,
    endpoint: Endpoint,
    concurrency: int,
    batch_size: int = BATCH,
    longest: float = LONGEST,
) -> Outcome:
    pollers = Pollers(concurrency)
    return Simulation(arrivals, work_on_aws(image), endpoint, pollers, batch_size, WINDOW, longest=longest).run()


@dataclass(frozen=True)
class Size:
    """The smallest settings that keep the oldest message under a minute.

    concurrency: MaximumConcurrency, and the concurrency of a serverless endpoint.
    cores: of the endpoint, if it is on instances.
    """

    rate: float
    image: Workload
    batch_size: int
    concurrency: int
    cores: int

    def on_instances(self) -> Outcome:
        return simulate(load(self.rate), self.image, Instances(self.cores), self.concurrency, self.batch_size)

    def serverless(self) -> Outcome:
        return simulate(load(self.rate), self.image, Serverless(self.concurrency), self.concurrency, self.batch_size)


def smallest(rate: float, image: Workload, batch_size: int = BATCH) -> Size | None:
    """Returns the smallest size, or None if the largest MaximumConcurrency is not enough."""
    arrivals = load(rate)

    def is_enough(concurrency: int, cores: int) -> bool:
        outcome = simulate(arrivals, image, Instances(cores), concurrency, batch_size, OLDEST)
        return outcome.oldest < OLDEST and outcome.late == 0

    least = bisect(MIN_FUNCTIONS_CONCURRENCY, MOST_CONCURRENCY, lambda number: is_enough(number, UNLIMITED))
    if least is None:
        return None
    concurrency = min(MOST_CONCURRENCY, math.ceil(least * SPARE))
    cores = bisect(1, concurrency, lambda number: is_enough(concurrency, number))
    return None if cores is None else Size(rate, image, batch_size, concurrency, cores)


def bisect(low: int, high: int, is_enough: Callable[[int], bool]) -> int | None:
    """Returns the smallest number from `low` to `high` that is enough, if all larger ones are too."""
    if not is_enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle + 1, high)
    return low


def with_defaults(arrivals: Times, image: Workload) -> Outcome:
    """What the defaults of `make deploy` do with a load."""
    return simulate(arrivals, image, Serverless(DEFAULT_CONCURRENCY), FUNCTIONS_CONCURRENCY)


def with_scaling(size: Size) -> tuple[Outcome, int]:
    """The outcome of a size whose instances begin at one and are added by target tracking, and how many there are."""
    scaling = TargetTracking(DEFAULT_CALLS_PER_MINUTE, 10 * size.cores)
    endpoint = Instances(1, scaling)
    outcome = simulate(load(size.rate), size.image, endpoint, size.concurrency, size.batch_size)
    return outcome, len(endpoint.free_at)
