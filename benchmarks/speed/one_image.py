"""What one image needs of the function, in batches of the template's size: processor time by stage, requests, log."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.speed.bench import Bench, Kind, draw
from benchmarks.speed.delays import Request, Traffic
from benchmarks.speed.stages import REST
from benchmarks.speed.worker import Work
from benchmarks.uploads import make_events
from local import template

BATCH = int(template.default_parameters()["BatchSize"])


@dataclass(frozen=True)
class OneImage:
    """plain: batches of a function as it is, and traffic: its requests. staged: batches of one whose stages are
    measured."""

    kind: Kind
    batch: int
    plain: Sequence[Work]
    traffic: Traffic
    staged: Sequence[Work]

    @property
    def processor_ms(self) -> float:
        """For one image, median of the batches."""
        return median(work.processor for work in self.plain) * 1000 / self.batch

    @property
    def staged_ms(self) -> float:
        """The same while stages are measured: the mean, because stages are added up."""
        return sum(work.processor for work in self.staged) * 1000 / self.staged_images

    @property
    def waiting_ms(self) -> float:
        return self.traffic.waiting * 1000 / self.plain_images

    @property
    def log(self) -> float:
        return sum(work.log for work in self.plain) / self.plain_images

    @property
    def requests(self) -> Mapping[str, float]:
        """By operation, for one image."""
        return {name: count / self.plain_images for name, count in sorted(self.traffic.counts.items())}

    @property
    def stages(self) -> Mapping[str, float]:
        """Milliseconds for one image, by stage. Together they are `staged_ms`."""
        seconds: Counter[str] = Counter()
        for work in self.staged:
            seconds.update(work.stages)
        stages = {name: taken * 1000 / self.staged_images for name, taken in seconds.items()}
        return {**stages, REST: self.staged_ms - sum(stages.values())}

    @property
    def plain_images(self) -> int:
        return len(self.plain) * self.batch

    @property
    def staged_images(self) -> int:
        return len(self.staged) * self.batch


def measure(
    bench: Bench, kind: Kind, batch: int, batches: int, rounds: int, advance: Callable[[str], None]
) -> OneImage:
    """Two functions take turns, each with `batches` batches: one as it is, one whose stages are measured."""
    advance(f"{kind.name}, stages: upload")
    records = bench.upload(kind, draw(kind, batch * batches), f"stages-{kind.suffix[1:]}-")
    events = make_events(records, batch)
    plain: list[Work] = []
    staged: list[Work] = []
    requests: list[Request] = []
    with bench.worker("mien") as without_clocks, bench.worker("mien", with_stages=True) as with_clocks:
        for worker in (without_clocks, with_clocks):
            with bench.new_images(batch):
                worker.run(events[:1])
        for number in range(rounds):
            advance(f"{kind.name}, stages: round {number + 1} of {rounds}")
            bench.delays.take()
            with bench.new_images(batch * batches):
                plain += without_clocks.run(events)
            requests += bench.delays.take().requests
            with bench.new_images(batch * batches):
                staged += with_clocks.run(events)
    return OneImage(kind, batch, plain, Traffic(requests), staged)
