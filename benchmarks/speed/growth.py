"""Whether the time for one image stays the same for many images, and for more than one process of the function."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import mean

from benchmarks.speed.bench import FACES, Bench, draw
from benchmarks.speed.worker import Work
from benchmarks.uploads import make_events

SIZES = (1_000, 5_000, 20_000)
PROCESSES = (1, 2)


@dataclass(frozen=True)
class Growth:
    """A run. seconds: until all processes were done. works: of all batches, by process."""

    processes: int
    images: int
    seconds: float
    works: Sequence[Sequence[Work]]

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds

    @property
    def image_ms(self) -> float:
        """Time of a process for one image."""
        return self.total(lambda work: work.seconds)

    @property
    def processor_ms(self) -> float:
        return self.total(lambda work: work.processor)

    @property
    def peak(self) -> float:
        """Megabytes of the largest process."""
        return max(works[-1].peak for works in self.works)

    @property
    def drift(self) -> float:
        """Processor time of the last quarter of the batches, over that of the first."""
        shares = []
        for works in self.works:
            quarter = max(1, len(works) // 4)
            first, last = (mean(work.processor for work in part) for part in (works[:quarter], works[-quarter:]))
            shares.append(last / first)
        return mean(shares)

    def total(self, seconds: Callable[[Work], float]) -> float:
        return sum(seconds(work) for works in self.works for work in works) * 1000 / self.images


def measure(
    bench: Bench, sizes: Sequence[int], processes: Sequence[int], batch: int, advance: Callable[[str], None]
) -> list[Growth]:
    advance(f"growth: upload {max(sizes):,} images")
    events = make_events(bench.upload(FACES, draw(FACES, max(sizes)), "growth-"), batch)
    runs = []
    for count in processes:
        for size in sizes:
            advance(f"growth: {size:,} images, processes: {count}")
            chosen = events[: size // batch]
            with bench.new_images(len(chosen) * batch), ExitStack() as stack:
                workers = [stack.enter_context(bench.worker("mien")) for _ in range(count)]
                for worker in workers:
                    worker.run([{"Records": []}])
                began = time.perf_counter()
                for number, worker in enumerate(workers):
                    worker.start(chosen[number::count])
                works = [worker.finish() for worker in workers]
                runs.append(Growth(count, len(chosen) * batch, time.perf_counter() - began, works))
    return runs
