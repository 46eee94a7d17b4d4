"""Measurements → the tables and paragraphs of benchmarks/speed.md."""

import os
import platform
import textwrap
from collections.abc import Sequence
from operator import attrgetter
from statistics import mean

from benchmarks.report import PAGE_WIDTH
from benchmarks.speed import machine
from benchmarks.speed.growth import Growth
from benchmarks.speed.one_image import OneImage
from benchmarks.speed.ways import ARTICLE, DEFAULT, DEFAULT_LINES, PATTERN, Row, Way

# How many times as many labels a second as the other ways Mien is meant to give, in batches of the default size.
AIMS = {PATTERN: 10, ARTICLE: 20}
# Seconds after which an answer counts as late.
LATE = 0.001


def cells(*values: str) -> str:
    return f"| {' | '.join(values)} |"


def number(value: float) -> str:
    """Three significant digits, but all digits before the point: 1,234, 56.7, 0.0312."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def paragraph(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), PAGE_WIDTH, break_long_words=False, break_on_hyphens=False)


def find(rows: Sequence[Row], way: Way) -> Row:
    [row] = [row for row in rows if row.way == way]
    return row


def label_rate(row: Row) -> float:
    """Labels a second."""
    return row.rate * row.labels


def ways_table(rows: Sequence[Row]) -> str:
    pattern, article = label_rate(find(rows, PATTERN)), label_rate(find(rows, ARTICLE))
    lines = [
        "| way | batch | images a second | labels a second | × the public pattern | × the article's way | "
        "processor, ms an image | waiting for the model, ms an image |",
        "| --- |" + " ---: |" * 7,
    ]
    for row in rows:
        rates = [turn.rate for turn in row.turns]
        spread = f"{number(row.rate)} ({number(min(rates))} to {number(max(rates))})"
        ratios = (f"{label_rate(row) / other:.1f}" for other in (pattern, article))
        times = (f"{value:.1f}" for value in (row.processor_ms, row.waiting_ms))
        lines.append(cells(row.way.title, str(row.way.batch), spread, number(label_rate(row)), *ratios, *times))
    return "\n".join(lines)


def outcome(rows: Sequence[Row]) -> str:
    """What is reached of AIMS, with a document per image and with lines."""
    sentences = []
    for ours, subject in ((DEFAULT, "the labels that Mien gives in a second are"), (DEFAULT_LINES, "with JSON Lines")):
        mien, words = find(rows, ours), []
        for way, aim in AIMS.items():
            other = find(rows, way)
            ratio = label_rate(mien) / label_rate(other)
            reached = "reached" if ratio >= aim else "not reached"
            images = f"{mien.rate / other.rate:.1f} times as many images; " if mien.labels != other.labels else ""
            words.append(f"{ratio:.1f} times as many as {way.title} ({images}the aim of {aim} is {reached})")
        sentences.append(f"{subject} {' and '.join(words)}")
    return paragraph(f"In batches of {DEFAULT.batch}, {'; '.join(sentences)}.")


def limits(row: Row, cores: int) -> str:
    """How far a way is from what the processor, the machine, the requests and the bytes allow."""
    parts = {name: row.machine_ms(name) for name in machine.PARTS}
    needed = sum(parts.values())
    listed = ", ".join(f"{name} {taken:.1f}" for name, taken in parts.items())
    most = cores * 1000 / needed
    sent = [request for turn in row.turns for request in turn.traffic.requests]
    late = sum(request.late > LATE for request in sent) / len(sent)
    size = sum(request.size for request in sent) / row.images
    alone = 1000 / row.processor_ms
    each, requests_ms = (row.image_ms(attrgetter(name)) for name in ("seconds", "traffic.seconds"))
    return paragraph(f"""
        How far from the limits this is, for {row.way.title} in batches of {row.way.batch}. An image takes
        {each:.1f} ms. **Processor**: the function needs {row.processor_ms:.1f} ms of it, so a whole core that never
        waited would do {number(alone)} images a second; {row.rate / alone:.0%} of this is reached. **Waiting for the
        model** is {row.waiting_ms:.1f} ms ({row.waiting_ms / each:.0%}); if it answered at once, it would be
        {number(1000 / (each - row.waiting_ms))} images a second. **This machine**: all parts together need
        {needed:.1f} ms of processor time ({listed}), so {cores} cores can do {number(most)} images a second at most;
        {row.rate / most:.0%} of this is reached. **Requests**: {row.requests:.2f} an image, which take
        {requests_ms:.0f} ms; {requests_ms / each:.1f} are in flight on average.
        {late:.0%} of the answers left the proxy more than {LATE * 1000:.0f} ms late. **Bytes**:
        {number(size / 1000)} kB an image, {number(size * row.rate / 1e6)} MB a second.
    """)


def one_image_table(images: Sequence[OneImage]) -> str:
    operations = sorted({name for image in images for name in image.requests})
    return "\n".join(
        [
            cells("image", "processor, ms", "waiting for the model, ms", *operations, "log, bytes"),
            "| --- |" + " ---: |" * (len(operations) + 3),
            *(
                cells(
                    image.kind.name,
                    f"{image.processor_ms:.1f}",
                    f"{image.waiting_ms:.1f}",
                    *(f"{image.requests.get(name, 0):.3g}" for name in operations),
                    f"{image.log:.0f}",
                )
                for image in images
            ),
        ]
    )


def stages_table(images: Sequence[OneImage]) -> str:
    """Stages that need the most time of any image come first."""
    columns = [image.stages for image in images]
    names = sorted({name for column in columns for name in column}, key=lambda n: -max(c.get(n, 0) for c in columns))
    lines = [
        cells("stage, ms of processor time", *(image.kind.name for image in images)),
        "| --- |" + " ---: |" * len(images),
        *(cells(name, *(f"{column.get(name, 0):.2f}" for column in columns)) for name in names),
        cells("together", *(f"{image.staged_ms:.2f}" for image in images)),
        cells("without the clocks of the stages", *(f"{mean_plain_ms(image):.2f}" for image in images)),
    ]
    return "\n".join(lines)


def mean_plain_ms(image: OneImage) -> float:
    return mean(work.processor for work in image.plain) * 1000 / image.batch


def growth_table(runs: Sequence[Growth]) -> str:
    lines = [
        "| processes | images | images a second | ms an image, each process | processor, ms an image | "
        "last quarter / first quarter, processor | memory, MB |",
        "| ---: |" + " ---: |" * 6,
    ]
    for run in runs:
        times = (f"{run.image_ms:.1f}", f"{run.processor_ms:.1f}", f"{run.drift:.2f}", f"{run.peak:.0f}")
        lines.append(cells(str(run.processes), f"{run.images:,}", number(run.rate), *times))
    return "\n".join(lines)


def machine_line(load: float) -> str:
    """load: how many processes of others wanted a core, on average of the minute before the run."""
    return paragraph(f"""
        Measured with Python {platform.python_version()} on an {platform.machine()} machine with {os.cpu_count()} cores.
        {load:.1f} other processes wanted them in the minute before.
    """)


def ways_text(rows: Sequence[Row], cores: int) -> str:
    return "\n\n".join([ways_table(rows), outcome(rows), limits(find(rows, DEFAULT), cores)])


def stages_text(images: Sequence[OneImage]) -> str:
    return "\n\n".join([one_image_table(images), stages_table(images)])
