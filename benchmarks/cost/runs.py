"""Runs of the inbox in the embedded cloud, which the simulation is checked against, and its input."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.simulation.arrivals import all_at_once
from benchmarks.simulation.endpoint import Instances
from benchmarks.simulation.pollers import Pollers
from benchmarks.simulation.run import Simulation
from benchmarks.simulation.work import Work

FILE = Path(__file__).with_name("runs.json")
# MiniStack hands over at most ten messages.
BATCH_SIZE = 10
# Shares of the images whose times are compared.
SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Run:
    """A queue full of images, which was emptied.

    concurrency: how many functions ran at the same time.
    pause: seconds that a proxy added to each call of the endpoint.
    seconds: until each of SHARES of the images had documents.
    work: times of single batches, measured right before, without a queue.
    """

    images: int
    concurrency: int
    pause: float
    seconds: tuple[float, ...]
    work: Work


@dataclass(frozen=True)
class Runs:
    """machine: what it was measured on."""

    machine: str
    runs: Sequence[Run]


def load_runs() -> Runs:
    content = json.loads(FILE.read_text())
    runs = [Run(**run | {"seconds": tuple(run["seconds"]), "work": Work(**run["work"])}) for run in content["runs"]]
    return Runs(content["machine"], runs)


def save_runs(runs: Runs) -> None:
    FILE.write_text(json.dumps(asdict(runs), indent=2) + "\n")


def simulated_seconds(run: Run) -> list[float]:
    """The times of a run, as the simulation has them. All functions begin at once, as in MiniStack.

    A pause keeps the function waiting, and the model's only process is free for others meanwhile.
    """
    work = replace(run.work, before=run.work.before + run.pause)
    pollers = Pollers(run.concurrency, first=run.concurrency)
    arrivals = all_at_once(run.images)
    ages = sorted(Simulation(arrivals, work, Instances(1), pollers, BATCH_SIZE, window=0).run().ages)
    return [float(ages[round(run.images * share) - 1]) for share in SHARES]
