"""When images are uploaded: a steady rate with random gaps, and bursts on top of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Burst:
    """From `begin`, for `seconds`, images come `factor` times as often."""

    begin: float
    seconds: float
    factor: float


def random_arrivals(rate: float, seconds: float, bursts: Sequence[Burst] = (), seed: int = 0) -> Times:
    """Returns the times of a Poisson process, sorted, in seconds.

    rate: images per second outside of bursts.
    bursts: they may not overlap.
    """
    generator = np.random.default_rng(seed)
    extra = [(burst.begin, burst.seconds, rate * (burst.factor - 1)) for burst in bursts]
    parts = [
        begin + length * generator.random(generator.poisson(length * its_rate))
        for begin, length, its_rate in [(0.0, seconds, rate), *extra]
    ]
    return np.sort(np.concatenate(parts))


def all_at_once(count: int) -> Times:
    """Returns the times of images that are in the queue already when the simulation begins."""
    return np.zeros(count)
