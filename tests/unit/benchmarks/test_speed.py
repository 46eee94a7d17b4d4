"""`make bench`: what is computed from measurements, and what its page says."""

import importlib
from functools import reduce
from http.client import HTTPMessage
from typing import Any

import pytest

from benchmarks import latencies
from benchmarks.__main__ import Part
from benchmarks.speed import command, growth, machine, tables
from benchmarks.speed.bench import FACES
from benchmarks.speed.delays import Delays, Request, Traffic
from benchmarks.speed.growth import Growth
from benchmarks.speed.one_image import OneImage
from benchmarks.speed.stages import REST, STEPS, Stages
from benchmarks.speed.ways import ARTICLE, ARTICLE_ALONE, DEFAULT, DEFAULT_LINES, PATTERN, Row, Turn, Way
from benchmarks.speed.worker import Work, find_complaint
from benchmarks.uploads import make_events
from tests.support import documents
from tests.support.messages import message
from tests.support.proxy import Caller, Exchange, Reply

PAGE = "benchmarks/speed.md"


class Clock:
    """Stands still until somebody moves it, or waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def turn(images: int, seconds: float, **parts: float) -> Turn:
    requests = [Request("GetObject", 11 * seconds / 4 / images, 0.002 if n % 4 else 0, 2_000) for n in range(images)]
    invoke = Request("InvokeEndpoint", seconds / 4, 0, 0)
    return Turn(images, [Work(seconds, processor=seconds / 2)], parts, Traffic([*requests, invoke]))


def row(way: Way, *rates: float, labels: float = 1) -> Row:
    return Row(way, [turn(100, 100 / rate, **{machine.MODEL: 50 / rate}) for rate in rates], labels)


def exchange(operation: str) -> Exchange:
    return Exchange(operation, "key", 0, Caller(1, 2), "GET", "/bucket/key", HTTPMessage(), b"12")


def test_a_row_has_the_median_of_its_turns_and_the_times_of_one_image() -> None:
    measured = row(PATTERN, 10, 40, 20)
    assert measured.rate == 20
    assert measured.requests == 1.01
    assert measured.processor_ms == pytest.approx(25)
    assert measured.waiting_ms == pytest.approx(measured.processor_ms / 2)


def test_the_table_compares_labels_a_second() -> None:
    rows = [row(ARTICLE_ALONE, 50), row(ARTICLE, 5), row(PATTERN, 10), row(DEFAULT, 19, 20, 21, labels=7)]
    *_, pattern, mien = [[cell.strip() for cell in line.strip("|").split("|")] for line in table_lines(rows)]
    assert pattern[:6] == ["the common public pattern", "10", "10 (10 to 10)", "10", "1.0", "2.0"]
    assert mien[:6] == ["Mien", "32", "20 (19 to 21)", "140", "14.0", "28.0"]


def table_lines(rows: list[Row]) -> list[str]:
    return tables.ways_table(rows).splitlines()


def test_the_text_says_whether_the_aims_are_reached() -> None:
    text = tables.outcome([row(ARTICLE, 5), row(PATTERN, 10), row(DEFAULT, 99), row(DEFAULT_LINES, 150)]).replace(
        "\n", " "
    )
    assert "9.9 times as many as the common public pattern (the aim of 10 is not reached)" in text
    assert "19.8 times as many as the article's way (the aim of 20 is not reached)" in text
    assert "; with JSON Lines 15.0 times as many as the common public pattern (the aim of 10 is reached)" in text
    photos = tables.outcome(
        [row(ARTICLE, 5), row(PATTERN, 10), row(DEFAULT, 20, labels=7), row(DEFAULT_LINES, 30, labels=7)]
    ).replace("\n", " ")
    assert "14.0 times as many as the common public pattern (2.0 times as many images; the aim of 10 is" in photos


def test_the_limits_are_those_of_the_processor_the_machine_the_requests_and_the_bytes() -> None:
    # 10 ms an image: 5 of the function's processor, and 5 of the model's, so two cores could do 200 a second.
    parts = {machine.FUNCTION: 0.5, machine.MODEL: 0.5}
    text = tables.limits(Row(DEFAULT, [turn(100, 1, **parts)]), cores=2).replace("\n", " ")
    assert "An image takes 10.0 ms" in text
    assert "needs 5.0 ms of it, so a whole core that never waited would do 200 images a second; 50%" in text
    assert "need 10.0 ms of processor time (the function 5.0, the model 5.0," in text
    assert "so 2 cores can do 200 images a second at most; 50%" in text
    assert "3.0 are in flight on average" in text
    assert "74% of the answers left the proxy more than 1 ms late" in text
    assert "2 kB an image, 0.2 MB a second" in text


def test_the_time_of_a_stage_does_not_count_the_stages_inside_it() -> None:
    clock = Clock()
    stages = Stages(clock)
    inner = stages.wrap(lambda: clock.wait(3), "inner")

    def both() -> None:
        clock.wait(1)
        inner()
        clock.wait(1)
        inner()

    stages.wrap(both, "outer")()
    assert stages.seconds == {"inner": 6, "outer": 2}


def test_a_stage_that_fails_is_counted_and_its_error_rises() -> None:
    clock = Clock()
    stages = Stages(clock)

    def fail() -> None:
        clock.wait(2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stages.wrap(fail, "failing")()
    assert stages.seconds == {"failing": 2}


@pytest.mark.parametrize(("module", "path"), [step[:2] for step in STEPS])
def test_every_step_that_is_timed_is_in_the_functions_code(module: str, path: str) -> None:
    found: Any = reduce(getattr, path.split("."), importlib.import_module(module))
    assert callable(found)


def test_the_stages_of_an_image_add_up_to_its_processor_time() -> None:
    plain = [Work(1, processor=0.2, log=20) for _ in range(3)]
    traffic = Traffic([Request("GetObject", 0.02, 0, 9)] * 6 + [Request("InvokeEndpoint", 0.6, 0, 9)])
    staged = [Work(1, processor=0.3, stages={"decode": 0.1, "detect": 0.04})]
    image = OneImage(FACES, batch=2, plain=plain, traffic=traffic, staged=staged)
    assert image.stages == pytest.approx({"decode": 50, "detect": 20, REST: 80})
    assert sum(image.stages.values()) == pytest.approx(image.staged_ms)
    assert (image.processor_ms, image.waiting_ms, image.log) == (100, 100, 10)
    assert image.requests == {"GetObject": 1, "InvokeEndpoint": pytest.approx(1 / 6)}
    decode, rest, detect, together, plainly = [line.split("|")[2].strip() for line in stage_lines(image)]
    assert (rest, decode, detect, together, plainly) == ("50.00", "80.00", "20.00", "150.00", "100.00")


def stage_lines(image: OneImage) -> list[str]:
    return tables.stages_table([image]).splitlines()[2:]


def test_growth_has_the_rate_of_all_processes_and_the_time_of_each() -> None:
    works = [[Work(0.5, processor=processor, peak=90 + number) for number, processor in enumerate((1, 1, 1, 2))]] * 2
    run = Growth(processes=2, images=80, seconds=2, works=works)
    assert (run.rate, run.image_ms, run.drift, run.peak) == (40, 50, 2, 93)
    assert tables.growth_table([run]).splitlines()[-1] == "| 2 | 80 | 40 | 50.0 | 125.0 | 2.00 | 93 |"


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("read", latencies.GET_MS), ("look", latencies.HEAD_MS), ("write", latencies.PUT_MS), ("other", 5)],
)
def test_s3_answers_after_its_latency_however_fast_the_embedded_cloud_is(operation: str, expected: float) -> None:
    clock = Clock()
    delays = Delays(clock, clock.wait)

    def forward() -> Reply:
        clock.wait(0.005)
        return Reply(200, b"123")

    assert delays(exchange(operation), forward) == Reply(200, b"123")
    assert clock.now == pytest.approx(expected / 1000)
    [request] = delays.take().requests
    assert request.seconds == pytest.approx(expected / 1000)
    assert request.size == 5
    assert delays.take().requests == []


def test_an_answer_that_comes_later_than_its_latency_is_recorded_as_late() -> None:
    clock = Clock()
    delays = Delays(clock, clock.wait)

    def forward() -> Reply:
        clock.wait(0.050)
        return Reply(200)

    delays(exchange("read"), forward)
    assert [request.late for request in delays.take().requests] == [pytest.approx(0.030)]


def test_the_endpoint_takes_its_latency_and_its_own_time() -> None:
    clock = Clock()
    delays = Delays(clock, clock.wait)

    def forward() -> Reply:
        clock.wait(0.1)
        return Reply(200)

    delays(exchange("invoke"), forward)
    assert clock.now == pytest.approx(0.1 + latencies.INVOKE_MS / 1000)
    traffic = delays.take()
    assert traffic.waiting == clock.now
    assert traffic.counts == {"InvokeEndpoint": 1}


def test_a_warning_of_the_function_is_a_complaint_and_its_metrics_are_none() -> None:
    metrics = '{"_aws": {}, "ImagesRejected": [0.0]}\n'
    warning = '{"level": "WARNING", "message": "reading from S3: SlowDown", "images": 3}\n'
    assert find_complaint("") is None
    assert find_complaint(metrics) is None
    assert find_complaint(metrics + warning) == "reading from S3: SlowDown"


def test_events_have_as_many_messages_as_a_batch() -> None:
    records = [message("bucket", f"inbox/{number}.png", "1") for number in range(7)]
    events = make_events(records, 3)
    assert [record for event in events for record in event["Records"]] == records[:6]


def test_the_page_has_a_place_for_every_part_and_states_the_latencies() -> None:
    text = documents.text_of(PAGE)
    for part in Part:
        assert f"<!-- {part.value}: written by {command.WRITER} -->" in text
    words = (
        f"S3 after {latencies.GET_MS} ms for a read, {latencies.HEAD_MS} for a HEAD request and {latencies.PUT_MS} for"
    )
    assert words in documents.in_one_line(PAGE)
    assert f"the endpoint {latencies.INVOKE_MS} ms later" in documents.in_one_line(PAGE)
    assert f"a call of Lambda takes {latencies.LAMBDA_MS} ms" in documents.in_one_line(PAGE)


def test_every_way_is_in_both_tables_of_a_full_run() -> None:
    assert set(command.FULL.faces) == set(command.FULL.photos)
    assert all(images % way.batch == 0 for way, images in command.FULL.faces.items())
    assert growth.SIZES == (1_000, 5_000, 20_000)
