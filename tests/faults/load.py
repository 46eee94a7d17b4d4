"""One run with many images and some faults: lost images, throughput, and memory over time."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import psutil
from rich.progress import Progress

from local.demo import progress_columns

from .application import Application
from .runs import Result, run
from .trials import Trial, mixed

# Seconds between two samples of the processes' memory.
STEP = 2.0
ROLES = {"a function": "lambda", "the model's server": "local.endpoint", "MiniStack": "ministack"}


@dataclass(frozen=True)
class Sample:
    """One look at the application during the run.

    seconds: since the start of the run.
    documents: written so far.

    megabytes: mean resident memory of the processes of each role.
    """

    seconds: float
    documents: int
    megabytes: dict[str, float]


@dataclass
class Load:
    result: Result
    samples: list[Sample] = field(default_factory=list)

    @property
    def busy(self) -> list[Sample]:
        """From the first document until 99% are written. The last ones are a few late retries."""
        last = self.samples[-1].documents
        return [sample for sample in self.samples if 0 < sample.documents < 0.99 * last]

    def quarters(self, role: str) -> tuple[float, float]:
        """Mean memory in the first and in the last quarter of the run, in MB."""
        sizes = [sample.megabytes[role] for sample in self.busy if role in sample.megabytes]
        quarter = max(1, len(sizes) // 4)
        return sum(sizes[:quarter]) / quarter, sum(sizes[-quarter:]) / quarter


def role_of(process: psutil.Process) -> str | None:
    command = " ".join(process.cmdline())
    if "local.endpoint" in command:
        return "the model's server"
    if "-m local.gate" in command:
        return "MiniStack"
    parent = process.parent()
    if parent and "-m local.gate" in " ".join(parent.cmdline()):
        return "a function"
    return None


def memory() -> dict[str, float]:
    """Mean resident memory of this process's descendants in MB, by role."""
    found: dict[str, list[float]] = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            role = role_of(process)
            if role:
                found.setdefault(role, []).append(process.memory_info().rss / 1e6)
    return {role: sum(sizes) / len(sizes) for role, sizes in found.items()}


@contextlib.contextmanager
def watch(application: Application, images: int) -> Iterator[list[Sample]]:
    samples: list[Sample] = []
    over = threading.Event()
    began = time.monotonic()
    folders = application.prefixes[1:]

    def look(progress: Progress) -> None:
        bar = progress.add_task("classifying", total=images, rate=0)
        while not over.wait(STEP):
            with application.s3_proxy.lock:
                seen = list(application.s3_proxy.seen)
            documents = sum(operation == "write" and key.startswith(folders) for operation, key in seen)
            samples.append(Sample(time.monotonic() - began, documents, memory()))
            progress.update(bar, completed=documents, rate=documents / samples[-1].seconds)

    with Progress(*progress_columns()) as progress:
        thread = threading.Thread(target=look, args=(progress,), daemon=True)
        thread.start()
        try:
            yield samples
        finally:
            over.set()
            thread.join()


def run_load(application: Application, images: int, share: float, seed: int) -> Load:
    trial = Trial("load", f"{share:.0%} of all requests disturbed", mixed(share))
    with watch(application, images) as samples:
        result = run(application, trial, images, seed)
    return Load(result, samples)


def plot(load: Load, path: Path) -> None:
    """Throughput above, memory below, over time."""
    samples = load.samples
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(8, 6), sharex=True)
    seconds = [(a.seconds + b.seconds) / 2 for a, b in zip(samples, samples[5:], strict=False)]
    rates = [(b.documents - a.documents) / (b.seconds - a.seconds) for a, b in zip(samples, samples[5:], strict=False)]
    upper.plot(seconds, rates, color="#3b6ea5")
    upper.set_ylabel("images per second")
    upper.set_ylim(bottom=0)
    upper.set_title(f"{load.result.findings.images:,} images, {load.result.trial.how}", fontsize=10)
    for role, color in zip(ROLES, ("#3b6ea5", "#c4682b", "#999999"), strict=True):
        points = [(sample.seconds, sample.megabytes[role]) for sample in samples if role in sample.megabytes]
        lower.plot(*zip(*points, strict=True), label=role, color=color)
    lower.set_ylabel("resident memory, MB")
    lower.set_xlabel("seconds")
    lower.set_ylim(bottom=0)
    lower.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.7))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def summary(load: Load) -> str:
    findings = load.result.findings
    busy = load.busy
    rate = (busy[-1].documents - busy[0].documents) / (busy[-1].seconds - busy[0].seconds)
    rows = ["| process | first quarter | last quarter |", "| --- | ---: | ---: |"]
    for role in ROLES:
        first, last = load.quarters(role)
        rows.append(f"| {role} | {first:.0f} MB | {last:.0f} MB |")
    return (
        f"{findings.images:,} images in {load.result.seconds / 60:.1f} minutes, {rate:.0f} a second: "
        f"{len(findings.lost)} lost, {len(findings.wrong)} wrong, {len(findings.doubled)} doubled, "
        f"{len(findings.older)} older over newer, {len(findings.strays)} dead letters, after "
        f"{sum(load.result.injected.values()):,} injected faults.\n\n" + "\n".join(rows)
    )
