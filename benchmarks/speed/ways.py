"""The ways of classifying images that are compared, in turns, on the same images."""

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from statistics import median

from benchmarks.speed import machine
from benchmarks.speed.bench import Bench, Kind, draw
from benchmarks.speed.delays import Traffic
from benchmarks.speed.worker import Work, Worker
from benchmarks.uploads import Event, Record, make_events


@dataclass(frozen=True)
class Way:
    """worker: of worker.HANDLERS. batch: messages of an event."""

    title: str
    worker: str
    batch: int

    @property
    def is_mien(self) -> bool:
        return self.worker.startswith("mien")


ARTICLE_ALONE = Way("the article's function alone (reads and stores nothing)", "article", 1)
ARTICLE = Way("the article's way", "article-client", 1)
PATTERN = Way("the common public pattern", "public-pattern", 10)
MIEN = tuple(Way("Mien", "mien", batch) for batch in (10, 32, 100))
LINES = tuple(Way("Mien, results as JSON Lines", "mien-lines", way.batch) for way in MIEN)
# With the template's batch size. The aims are for it, and its limits are explained.
DEFAULT, DEFAULT_LINES = MIEN[1], LINES[1]
WAYS = (ARTICLE_ALONE, ARTICLE, PATTERN, *MIEN, *LINES)


@dataclass(frozen=True)
class Turn:
    """What a way did once. works: of its events. machine: seconds of processor time, by part of the machine."""

    images: int
    works: Sequence[Work]
    machine: Mapping[str, float]
    traffic: Traffic

    @property
    def seconds(self) -> float:
        return sum(work.seconds for work in self.works)

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds


@dataclass(frozen=True)
class Row:
    """A way with all its turns, whose medians count. labels: how many it gives to an image."""

    way: Way
    turns: Sequence[Turn]
    labels: float = 1

    @property
    def images(self) -> int:
        return sum(turn.images for turn in self.turns)

    @property
    def rate(self) -> float:
        return median(turn.rate for turn in self.turns)

    @property
    def processor_ms(self) -> float:
        """Of the function, for one image."""
        return self.image_ms(lambda turn: sum(work.processor for work in turn.works))

    @property
    def waiting_ms(self) -> float:
        """For the model, for one image."""
        return self.image_ms(lambda turn: turn.traffic.waiting)

    @property
    def requests(self) -> float:
        """For one image."""
        return sum(len(turn.traffic.requests) for turn in self.turns) / self.images

    def machine_ms(self, part: str) -> float:
        """Processor time of a part of the machine, for one image."""
        return self.image_ms(lambda turn: turn.machine.get(part, 0))

    def image_ms(self, seconds: Callable[[Turn], float]) -> float:
        """seconds: of a turn. Returns milliseconds of one image."""
        return median(seconds(turn) * 1000 / turn.images for turn in self.turns)


def make_way_events(way: Way, records: Sequence[Record], files: Sequence[bytes]) -> list[Event]:
    """Events about the images that `records` name and `files` are."""
    if way is ARTICLE_ALONE:
        return [{"body": base64.b64encode(file).decode()} for file in files]
    return make_events(records, way.batch)


def take_turn(bench: Bench, way: Way, worker: Worker, events: Sequence[Event]) -> Turn:
    images = len(events) * way.batch
    # Mien would see that images have documents already. The other ways write theirs again.
    with bench.new_images(images) if way.is_mien else nullcontext():
        bench.delays.take()
        before = machine.processor_seconds()
        works = worker.run(events)
        return Turn(images, works, machine.since(before), bench.delays.take())


def compare(
    bench: Bench, kind: Kind, images: Mapping[Way, int], rounds: int, advance: Callable[[str], None]
) -> list[Row]:
    """Lets all ways take turns, so that other work on the machine affects all of them alike.

    images: of each turn of a way. advance: is called before each turn, with what it is.
    """
    advance(f"{kind.name}: upload")
    files = draw(kind, max(images.values()))
    records = bench.upload(kind, files, f"{kind.suffix[1:]}-")
    turns: dict[Way, list[Turn]] = {way: [] for way in images}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(bench.worker(name)) for name in dict.fromkeys(w.worker for w in images)}
        events = {way: make_way_events(way, records[:count], files[:count]) for way, count in images.items()}
        for way in images:
            # The first event asks the endpoint for its labels, opens connections and loads code.
            take_turn(bench, way, workers[way.worker], events[way][:1])
        for number in range(rounds):
            for way in images:
                advance(f"{kind.name}: {way.title}, round {number + 1} of {rounds}")
                turns[way].append(take_turn(bench, way, workers[way.worker], events[way]))
        labels = bench.labels_per_image()
    return [Row(way, turns[way], labels if way.is_mien else 1) for way in images]
