"""docs/cost.md has what the code computes."""

import re

import pytest

from benchmarks import latencies
from benchmarks.cost import daily, page, simulated, sizes
from benchmarks.report import replace_part
from deployment.workloads import BATCH, WORKLOADS, Workload
from local import template
from tests.support import documents

TEXT = documents.text_of("docs/cost.md")
# Their searches take a minute. The rows of `sizes` are simulated again below.
SLOW = {"sizes", "batches", "defaults", "scaling"}
IMAGES = {image.name: image for image in WORKLOADS}


def part(name: str) -> str:
    begin, end = f"<!-- {name}: written by {page.WRITER} -->\n", f"\n<!-- {name}: end -->"
    return TEXT.partition(begin)[2].partition(end)[0]


def rows(name: str) -> list[list[str]]:
    lines = [line for line in part(name).splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", sorted(page.PARTS.keys() - SLOW))
def test_the_page_has_what_the_command_writes(name: str) -> None:
    assert part(name) == page.PARTS[name]()


def test_the_page_has_no_other_parts() -> None:
    assert set(re.findall(r"<!-- (\w+): written by", TEXT)) == page.PARTS.keys()


def size_in(row: list[str]) -> sizes.Size:
    image: Workload = IMAGES[row[0]]
    return sizes.Size(int(row[1].replace(",", "")), image, BATCH, int(row[2]), int(row[3]))


@pytest.mark.parametrize("row", rows("sizes")[1:], ids=lambda row: f"{row[1]} {row[0]}")
def test_the_settings_on_the_page_keep_the_oldest_message_under_a_minute(row: list[str]) -> None:
    size = size_in(row)
    assert simulated.describe(size) == row
    assert size.on_instances().oldest < sizes.OLDEST
    serverless = size.serverless()
    assert serverless.oldest < sizes.OLDEST
    assert serverless.refused == 0


def test_one_core_less_is_not_enough() -> None:
    [size] = [size_in(row) for row in rows("sizes")[1:] if row[:2] == ["12-megapixel photos of 7 faces", "1,000"]]
    smaller = sizes.Size(size.rate, size.image, size.batch_size, size.concurrency, size.cores - 1).on_instances()
    assert smaller.oldest > sizes.OLDEST or smaller.late


def test_the_search_finds_the_smallest_number_that_is_enough() -> None:
    for least in (2, 57, 1000):
        assert sizes.bisect(2, 1000, least.__le__) == least
    assert sizes.bisect(2, 1000, (1001).__le__) is None


def test_the_text_names_the_waits_that_are_assumed() -> None:
    reads = f"{latencies.GET_MS} ms for a read, {latencies.HEAD_MS} for a look-up"
    assert f"{reads}, {latencies.PUT_MS} for a write and {latencies.INVOKE_MS}" in documents.in_one_line("docs/cost.md")


def test_the_load_and_the_window_are_those_of_the_text_and_the_template() -> None:
    parameters = template.load_template()["Parameters"]
    assert parameters["BatchWindow"]["Default"] == sizes.WINDOW
    assert parameters["MaximumConcurrency"]["MaxValue"] == sizes.MOST_CONCURRENCY
    assert (sizes.SECONDS, sizes.BURST.seconds, sizes.BURST.factor) == (300, 60, 3)


def test_the_quantities_are_near_those_that_were_measured() -> None:
    [start] = re.findall(
        r"`InboxFunction`, `Faces=find` \|.*\| (\d+) \|", documents.text_of("benchmarks/cold_start.md")
    )
    assert int(start) / 1000 == pytest.approx(sizes.START_SECONDS, rel=0.25)
    [size] = re.findall(r"^\| 12 \| ([\d.]+) \|", documents.text_of("benchmarks/photos.md"), re.MULTILINE)
    assert float(size) * 1e6 == daily.PHOTO_BYTES


def test_at_the_peak_of_100_million_images_a_day_only_reads_of_images_exceed_their_quota() -> None:
    exceeded = [quota.what for quota in daily.quotas() if quota.at_peak > quota.limit]
    assert exceeded == ["S3: GET and HEAD of images a second, one prefix"]
    assert pytest.approx(1157.4, abs=0.1) == daily.MEAN_RATE


def test_a_part_of_a_page_is_replaced_and_the_rest_is_kept() -> None:
    before = "a\n<!-- x: written by w -->\nold\n<!-- x: end -->\nb\n"
    assert replace_part(before, "x", r"\1 new", "w") == before.replace("old", r"\1 new")
    with pytest.raises(ValueError, match="no place for y"):
        replace_part(before, "y", "new", "w")
