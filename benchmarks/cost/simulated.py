"""The tables of docs/cost.md that come from the simulation."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from benchmarks.cost.runs import BATCH_SIZE, SHARES, load_runs, simulated_seconds
from benchmarks.cost.sizes import (
    BATCH_SIZES,
    BURST,
    MOST_CONCURRENCY,
    RATES,
    SECONDS,
    WORKLOADS,
    Size,
    load,
    simulate,
    smallest,
    with_defaults,
    with_scaling,
)
from benchmarks.cost.tables import table
from benchmarks.simulation.arrivals import all_at_once
from benchmarks.simulation.endpoint import Serverless
from benchmarks.simulation.run import Outcome
from deployment.prices import load_prices
from deployment.workloads import BATCH, Workload

# An instance with one core whose price is confirmed.
INSTANCE = "ml.c6i.large"
# A folder that is uploaded faster than it is handled.
FOLDERS = (1_000, 10_000, 100_000)
FOLDER_CONCURRENCIES = (5, 50, 200)
BATCHES_RATE = 100


@cache
def size_of(rate: float, image: Workload, batch_size: int = BATCH) -> Size | None:
    return smallest(rate, image, batch_size)


def duration(seconds: float) -> str:
    """Seconds below two minutes, and minutes above."""
    if math.isinf(seconds):
        return "over 60 min"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def mean_rate(rate: float) -> float:
    return rate * (1 + (BURST.factor - 1) * BURST.seconds / SECONDS)


def sizes() -> str:
    return table(
        ["images", "a second", "`MaximumConcurrency`", "endpoint cores", "oldest", "median", "in flight", "dollars"],
        [size_row(rate, image) for image in WORKLOADS for rate in RATES],
    )


def size_row(rate: float, image: Workload) -> list[str]:
    size = size_of(rate, image)
    if size is None:
        return [image.name, f"{rate:,}", f"over {MOST_CONCURRENCY:,}", "", "", "", "", ""]
    return describe(size)


def describe(size: Size) -> list[str]:
    """One row: a size, and what the simulation says about it."""
    outcome = size.on_instances()
    dollars = size.cores * load_prices().dollars(INSTANCE) / 3600 / mean_rate(size.rate) * 1_000_000
    return [
        size.image.name,
        f"{size.rate:,}",
        str(size.concurrency),
        str(size.cores),
        duration(outcome.oldest),
        f"{np.median(outcome.ages):.1f} s",
        f"{outcome.most_in_flight:,}",
        f"{dollars:,.2f}",
    ]


def batches() -> str:
    rows = []
    for image in WORKLOADS:
        for batch_size in BATCH_SIZES:
            size = size_of(BATCHES_RATE, image, batch_size)
            assert size
            outcome = size.on_instances()
            each = outcome.batches.total() / len(outcome.ages) * 1_000_000
            row = [image.name, str(batch_size), str(size.concurrency), str(size.cores)]
            rows.append([*row, duration(outcome.oldest), f"{np.median(outcome.ages):.1f} s", f"{each:,.0f}"])
    header = ["images", "`BatchSize`", "`MaximumConcurrency`", "endpoint cores", "oldest", "median"]
    return table([*header, "invocations per million"], rows)


def defaults() -> str:
    rows = [[image.name, *(ages(with_defaults(load(rate), image)) for rate in RATES)] for image in WORKLOADS]
    steady = table(["images a second", *(f"{rate:,}" for rate in RATES)], rows)
    return f"{steady}\n\n{folders()}"


def folders() -> str:
    rows = [
        [image.name, str(concurrency), *(folder_ages(image, concurrency, number) for number in FOLDERS)]
        for image in WORKLOADS
        for concurrency in FOLDER_CONCURRENCIES
    ]
    header = ["a folder at once", "`MaximumConcurrency`", *(f"{number:,} images" for number in FOLDERS)]
    return table(header, rows)


def folder_ages(image: Workload, concurrency: int, images: int) -> str:
    longest = 24 * 3600.0
    return ages(simulate(all_at_once(images), image, Serverless(concurrency), concurrency, longest=longest))


def ages(outcome: Outcome) -> str:
    return duration(outcome.oldest)


def scaling() -> str:
    rows = []
    for image in WORKLOADS:
        for rate in RATES:
            if size := size_of(rate, image):
                outcome, instances = with_scaling(size)
                cells = [ages(outcome), f"{outcome.late:,}", str(instances)]
                rows.append([image.name, f"{rate:,}", str(size.cores), *cells])
    header = [
        "images",
        "a second",
        "cores that are enough",
        "oldest",
        "calls without an answer",
        "instances at the end",
    ]
    return table(header, rows)


def check() -> str:
    measured = load_runs()
    rows: list[Sequence[str]] = []
    for run in measured.runs:
        pairs = zip(simulated_seconds(run), run.seconds, strict=True)
        shares = [f"{ours:.1f} / {theirs:.1f}" for ours, theirs in pairs]
        function, model = run.work.until_call(BATCH_SIZE) + run.work.after, run.work.of_call(BATCH_SIZE)
        batch = f"{function * 1000:,.0f} + {model * 1000:,.0f} ms"
        rows.append([str(run.concurrency), f"{run.images:,}", f"{run.pause:.0f} s", batch, *shares])
    header = ["functions", "images", "pause", "a batch alone", *(f"{share:.0%}" for share in SHARES)]
    ends = [simulated_seconds(run)[-1] / run.seconds[-1] - 1 for run in measured.runs]
    return (
        f"{table(header, rows)}\n\nMeasured on {measured.machine}. At the end of a run, the simulation differs "
        f"by {min(ends):+.0%} to {max(ends):+.0%}."
    )
