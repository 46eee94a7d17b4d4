"""Runs of the inbox in the embedded cloud, which the simulation is checked against, and its input."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    seconds: until each of SHARES of the images had documents.
    """

    images: int
    concurrency: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Runs:
    """work: times of single batches, measured without a queue. machine: what it was measured on."""

    machine: str
    work: Work
    runs: Sequence[Run]


def load_runs() -> Runs:
    content = json.loads(FILE.read_text())
    runs = [Run(run["images"], run["concurrency"], tuple(run["seconds"])) for run in content["runs"]]
    return Runs(content["machine"], Work(**content["work"]), runs)


def save_runs(runs: Runs) -> None:
    FILE.write_text(json.dumps(asdict(runs), indent=2) + "\n")


def simulated_seconds(work: Work, run: Run) -> list[float]:
    """The times of a run, as the simulation has them. All functions begin at once, as in MiniStack."""
    pollers = Pollers(run.concurrency, first=run.concurrency)
    arrivals = all_at_once(run.images)
    ages = sorted(Simulation(arrivals, work, Instances(1), pollers, BATCH_SIZE, window=0).run().ages)
    return [float(ages[round(run.images * share) - 1]) for share in SHARES]
