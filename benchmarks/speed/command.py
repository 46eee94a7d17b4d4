"""`python -m benchmarks speed`: measures the chosen parts, and rewrites them on benchmarks/speed.md."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.report import write_part
from benchmarks.speed import growth, one_image, tables
from benchmarks.speed.bench import FACES, KINDS, PHOTOS, Bench, start_bench
from benchmarks.speed.ways import ARTICLE, ARTICLE_ALONE, DEFAULT_LINES, LINES, MIEN, PATTERN, WAYS, Way, compare
from local.environment import isolate_process

PAGE = Path(__file__).parent.with_suffix(".md")
WRITER = "python -m benchmarks speed"
# A machine that only runs its services has less. See os.getloadavg.
MOST_LOAD = 0.5
Advance = Callable[[str], None]


@dataclass(frozen=True)
class Amounts:
    """How much is measured.

    images: of each turn of a way. rounds: turns of each way. batches: of the stages, in each round.
    """

    faces: Mapping[Way, int]
    photos: Mapping[Way, int]
    rounds: int
    face_batches: int
    photo_batches: int
    batch: int
    sizes: Sequence[int]

    def images(self, part: str) -> Mapping[Way, int]:
        return self.faces if part == "faces" else self.photos


FULL = Amounts(
    faces={ARTICLE_ALONE: 40, ARTICLE: 40, PATTERN: 40, **dict(zip((*MIEN, *LINES), (200, 192, 200) * 2, strict=True))},
    photos={ARTICLE_ALONE: 12, ARTICLE: 12, PATTERN: 20, **dict(zip((*MIEN, *LINES), (40, 64, 100) * 2, strict=True))},
    rounds=5,
    face_batches=6,
    photo_batches=1,
    batch=one_image.BATCH,
    sizes=growth.SIZES,
)
# Enough to see that everything works. The numbers mean little.
QUICK = Amounts(
    faces={way: max(3, way.batch) for way in WAYS},
    photos={ARTICLE_ALONE: 2, ARTICLE: 2, PATTERN: 10, MIEN[0]: 10, MIEN[1]: 32, DEFAULT_LINES: 32},
    rounds=1,
    face_batches=1,
    photo_batches=1,
    batch=10,
    sizes=(100, 200),
)


def steps(parts: Sequence[str], amounts: Amounts) -> int:
    """How often the parts call `advance`."""
    each = {
        "faces": 1 + len(amounts.faces) * amounts.rounds,
        "photos": 1 + len(amounts.photos) * amounts.rounds,
        "stages": 2 * (1 + amounts.rounds),
        "growth": 1 + len(amounts.sizes) * len(growth.PROCESSES),
    }
    return sum(each[part] for part in parts)


def measure_part(bench: Bench, part: str, amounts: Amounts, advance: Advance) -> str:
    """Returns the text of the part."""
    if part == "growth":
        runs = growth.measure(bench, amounts.sizes, growth.PROCESSES, amounts.batch, advance)
        return tables.growth_table(runs)
    if part == "stages":
        kinds = ((FACES, amounts.face_batches), (PHOTOS, amounts.photo_batches))
        return tables.stages_text(
            [one_image.measure(bench, kind, amounts.batch, n, amounts.rounds, advance) for kind, n in kinds]
        )
    rows = compare(bench, KINDS[part], amounts.images(part), amounts.rounds, advance)
    return tables.ways_text(rows, os.cpu_count() or 1)


def run(parts: Sequence[str], quick: bool, console: Console) -> None:
    """Raises CloudError if the embedded cloud can't run, and WorkerError or MissingDocuments if a function fails."""
    amounts = QUICK if quick else FULL
    load, _, _ = os.getloadavg()
    if load > MOST_LOAD:
        warning = f"Other work disturbs the measurement: {load:.1f} processes wanted a core in the last minute."
        console.print(warning, soft_wrap=True)
    isolate_process()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("starting the embedded cloud", total=steps(parts, amounts) + 1)

        def advance(description: str) -> None:
            progress.update(task, advance=1, description=description)

        with start_bench() as bench:
            for part in parts:
                text = f"{measure_part(bench, part, amounts, advance)}\n\n{tables.machine_line(load)}"
                console.print(f"\n{part}\n", style="bold")
                console.print(text, markup=False, highlight=False, soft_wrap=True)
                if not quick:
                    write_part(PAGE, part, text, WRITER)
        progress.update(task, advance=1, description="measured")
    if quick:
        end = "That was a quick run, which changes no page. Without --quick, it rewrites the page."
    else:
        end = f"benchmarks/{PAGE.name} is written: {', '.join(parts)}."
    console.print(f"\n{end}", soft_wrap=True)
