"""Writes the tables of docs/cost.md."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.cost import daily, savings, simulated
from benchmarks.cost.tables import table
from benchmarks.cost.ways import Way, all_ways, serverless, with_lines
from benchmarks.report import replace_part
from deployment.estimate import Line
from deployment.prices import load_prices
from deployment.workloads import FACES, PHOTOS, Workload

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
WRITER = "python -m benchmarks cost"
# Columns of the table of ways, and the prices whose lines belong to each.
COLUMNS = {
    "S3 writes": r"s3_put",
    "S3 reads": r"s3_get",
    "SQS": r"sqs_request",
    "Lambda": r"lambda_.*",
    "endpoint": r"serverless_second|endpoint_data|ml\..*",
    "logs": r"log",
    "API": r"vision_api.*",
}


def write() -> None:
    content = PAGE.read_text()
    for part, make in PARTS.items():
        sys.stderr.write(f"{part}\n")
        content = replace_part(content, part, make(), WRITER)
    PAGE.write_text(content)


def money(amount: float) -> str:
    return f"{amount:,.2f}" if amount else ""


def column_sum(lines: Sequence[Line], pattern: str) -> float:
    return sum(line.dollars for line in lines if re.fullmatch(pattern, line.price))


def ways(image: Workload) -> str:
    def row(way: Way) -> list[str]:
        parts = [money(column_sum(way.lines, pattern)) for pattern in COLUMNS.values()]
        return [way.name, f"**{way.total:,.2f}**", *parts, way.basis]

    rows = [row(way) for way in all_ways(image)]
    rows = [[*cells[:1], cells[-1], *cells[1:-1]] for cells in rows]
    return table(["way", "not measured", "dollars", *COLUMNS], rows, words=2)


def parts(title: str, way: Way) -> str:
    ordered = sorted(way.lines, key=lambda line: -line.dollars)
    rows = [[line.what, f"{line.dollars:.2f}", share(line.dollars / way.total)] for line in ordered]
    return table([title, "dollars", "share"], rows)


def share(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else "under 1%"


def steps() -> str:
    rows = [
        [step.what, step.gives_up, f"{step.dollars:.2f}"]
        for step in [*savings.steps(), savings.directory_bucket(), savings.lines()]
    ]
    text = table(["what", "what it gives up", "dollars"], rows, words=2)
    return (
        f"{text}\n\nS3 and SQS alone: {savings.floor():.2f} dollars with documents, "
        f"{savings.floor_with_lines():.2f} with lines."
    )


def quotas() -> str:
    rows = [
        [
            quota.what,
            f"[{quota.source}]({quota.url})",
            quota.answer if quota.at_peak > quota.limit else "",
            f"{quota.needed:,.0f}",
            f"{quota.at_peak:,.0f}",
            f"{quota.limit:,.0f}",
        ]
        for quota in daily.quotas()
    ]
    return table(["quota", "source", "what then", "mean", "peak", "default or limit"], rows, words=3)


def day() -> str:
    millions = daily.IMAGES / 1_000_000
    rows = [
        [
            image.name,
            f"{daily.MEAN_RATE:,.0f}",
            f"{daily.functions(image is FACES):,.0f}",
            f"{daily.cores(image is FACES):,.0f}",
            f"{millions * serverless(image).total:,.0f}",
            f"{millions * with_lines(image).total:,.0f}",
        ]
        for image in (FACES, PHOTOS)
    ]
    text = table(["images", "a second", "batches at once", "endpoint cores", "dollars a day", "with lines"], rows)
    stored = daily.IMAGES * daily.PHOTO_BYTES / 1e9
    month = stored * load_prices().dollars("s3_storage")
    return (
        f"{text}\n\nPhotos of {daily.PHOTO_BYTES / 1e6} MB are {stored / 1000:,.0f} TB a day. To keep those of one day "
        f"costs {month:,.0f} dollars a month."
    )


PARTS: dict[str, Callable[[], str]] = {
    "faces": lambda: ways(FACES),
    "photos": lambda: ways(PHOTOS),
    "parts": lambda: "\n\n".join(
        [
            parts(FACES.name, serverless(FACES)),
            parts(PHOTOS.name, serverless(PHOTOS)),
            parts(f"{FACES.name}, results as lines", with_lines(FACES)),
        ]
    ),
    "steps": steps,
    "sizes": simulated.sizes,
    "batches": simulated.batches,
    "defaults": simulated.defaults,
    "scaling": simulated.scaling,
    "check": simulated.check,
    "day": day,
    "quotas": quotas,
}
