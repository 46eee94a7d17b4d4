"""`make bench`, with few images: the ways that it compares do the same work, and its parts run."""

import json
from collections.abc import Iterator

import pytest

from benchmarks.baselines import article_client, public_pattern
from benchmarks.latencies import GET_MS, HEAD_MS, INVOKE_MS, PUT_MS
from benchmarks.speed import command, one_image
from benchmarks.speed.bench import FACES, KINDS, Bench, draw, start_bench
from benchmarks.speed.command import Amounts
from benchmarks.speed.stages import REST
from benchmarks.speed.ways import ARTICLE, ARTICLE_ALONE, DEFAULT, DEFAULT_LINES, LINES, MIEN, PATTERN, Way, compare
from benchmarks.speed.worker import Worker, WorkerError
from benchmarks.uploads import MissingDocuments
from local.cloud import Cloud

TINY = Amounts(
    faces={ARTICLE_ALONE: 2, ARTICLE: 2, PATTERN: 10, DEFAULT: DEFAULT.batch, DEFAULT_LINES: DEFAULT.batch},
    photos={},
    rounds=1,
    face_batches=1,
    photo_batches=1,
    batch=5,
    sizes=(10, 15),
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A cloud of its own, because the benchmark stops the queue."""
    with start_bench() as running:
        yield running


def stored(cloud: Cloud, prefix: str) -> dict[str, dict[str, object]]:
    """All documents under a prefix, by the names of their images."""
    s3 = cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=cloud.bucket, Prefix=prefix).get("Contents", [])
    keys = [each["Key"] for each in listed]
    return {key.rpartition("/")[2]: json.load(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"]) for key in keys}


def test_all_ways_give_the_same_face_the_same_label(bench: Bench) -> None:
    images = {ARTICLE_ALONE: 10, ARTICLE: 10, PATTERN: 10, MIEN[0]: 10}
    rows = compare(bench, FACES, images, 1, lambda step: None)
    assert [row.images for row in rows] == [10] * 4
    article, pattern, mien = (
        stored(bench.cloud, prefix)
        for prefix in (article_client.PREFIX, public_pattern.PREFIX, bench.cloud.prefix("Results"))
    )
    assert len(mien) == 10
    for name, document in mien.items():
        for other in (article[name], pattern[name]):
            assert other["label"] == document["label"]
            assert other["confidence"] == pytest.approx(document["confidence"], abs=0.001)


def test_no_way_is_faster_than_its_latencies_allow(bench: Bench) -> None:
    [pattern, mien] = compare(bench, FACES, {PATTERN: 10, MIEN[0]: 10}, 1, lambda step: None)
    # Read, call and write, one after the other, ten times.
    assert pattern.turns[0].seconds > 10 * (GET_MS + INVOKE_MS + PUT_MS) / 1000
    assert pattern.requests == 3
    # All reads together, a call, and all writes together, each with its look-up.
    assert mien.turns[0].seconds > (GET_MS + INVOKE_MS + PUT_MS + HEAD_MS) / 1000


def test_with_lines_a_batch_waits_for_one_write_and_for_no_look_up(bench: Bench) -> None:
    [lines] = compare(bench, FACES, {LINES[0]: 10}, 1, lambda step: None)
    operations = [request.operation for request in lines.turns[0].traffic.requests]
    assert sorted(operations) == ["GetObject"] * 10 + ["InvokeEndpoint", "PutObject"]


def test_a_photo_has_a_label_for_each_face_only_with_mien(bench: Bench) -> None:
    rows = compare(bench, KINDS["photos"], {ARTICLE: 1, Way("Mien", "mien", 1): 1}, 1, lambda step: None)
    assert [row.labels for row in rows] == [1, 7]


def test_the_stages_explain_the_processor_time_of_the_function(bench: Bench) -> None:
    image = one_image.measure(bench, FACES, 10, 1, 1, lambda step: None)
    assert image.requests.keys() >= {"GetObject", "InvokeEndpoint", "PutObject"}
    assert {"S3: GetObject", "S3: PutObject", "endpoint: InvokeEndpoint"} < image.stages.keys()
    assert 0 < image.stages[REST] < image.staged_ms / 2


@pytest.mark.parametrize("part", ["faces", "growth"])
def test_a_part_takes_the_steps_that_its_progress_bar_expects(bench: Bench, part: str) -> None:
    taken: list[str] = []
    text = command.measure_part(bench, part, TINY, taken.append)
    assert len(taken) == command.steps([part], TINY)
    assert text.startswith("| ")


def test_a_measurement_without_all_results_is_void(bench: Bench) -> None:
    with pytest.raises(MissingDocuments, match="1 of 1 images have no result"), bench.new_images(1):
        pass


def test_a_function_that_can_not_start_ends_the_benchmark_with_a_sentence() -> None:
    with Worker("mien", {"FACES": "nonsense"}) as worker, pytest.raises(WorkerError, match="has printed why"):
        worker.run([])


def test_the_faces_are_the_samples_in_turn() -> None:
    files = draw(FACES, 71)
    assert len(set(files)) == 35
    assert files[0] == files[35] == files[70]
