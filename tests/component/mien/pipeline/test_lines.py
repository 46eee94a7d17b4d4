"""Which lines a batch of changes leads to, over a bucket in memory and an endpoint that answers at once."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.errors import NeedsOperator, StorageUnavailable, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.images import MAX_BYTES
from mien.logic.lines import deleted, serialize_lines
from mien.logic.results import is_newer
from mien.logic.uploads import Change, Removal, Upload
from mien.pipeline.changes import Outcome
from mien.pipeline.lines import Lines
from tests.support.clock import Clock
from tests.support.endpoints import endpoint_at
from tests.support.memory_bucket import MemoryBucket, error
from tests.support.pictures import SETTINGS
from tests.support.sagemaker_runtime import always, even_rows, serving

KEY = "inbox/a.png"
# 2026-11-27, 09:30 UTC.
NOW = 1_795_771_800.0
FOLDER = "results/date=2026-11-27/hour=09/"
FOREVER = Deadline(math.inf)


class Inbox:
    """A bucket and the function over it. Lambda could call another process for each batch, so nothing is kept."""

    def __init__(self, url: str):
        self.bucket = MemoryBucket()
        self.clock = Clock(NOW)
        self.lines = Lines(replace(SETTINGS, faces="whole", result_format="lines"), self.clock)
        self.lines.s3 = self.lines.batches.s3 = self.bucket
        self.lines.batches.endpoint = endpoint_at(url)

    def handle(self, *changes: Change, deadline: Deadline = FOREVER) -> Outcome:
        return self.lines.handle(changes, deadline)

    def objects(self) -> dict[str, bytes]:
        return {key: stored.body for key, stored in self.bucket.objects.items() if not key.startswith("inbox/")}

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.objects().values() for line in body.splitlines()]

    def newest(self) -> dict[str, dict[str, Any]]:
        """The line that counts of each key."""
        found: dict[str, dict[str, Any]] = {}
        for line in self.read():
            image = line["image"]
            if image["key"] not in found or is_newer(image["sequencer"], found[image["key"]]["image"]["sequencer"]):
                found[image["key"]] = line
        return found


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(even_rows) as (address, _):
        yield address


@pytest.fixture
def inbox(url: str, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return Inbox(url)


def upload(sequencer: str = "0A", key: str = KEY, version: str = "v1", size: int = 0) -> Upload:
    """size: bytes, as the event states them; 0 if it does not."""
    return Upload("bucket", key, version, "", size, sequencer)


def removal(sequencer: str = "0B") -> Removal:
    return Removal("bucket", KEY, sequencer)


def test_the_results_of_a_batch_are_one_object_in_the_folders_of_the_hour(inbox: Inbox, sample: bytes) -> None:
    uploads = [upload(key=f"inbox/{number}.png") for number in range(3)]
    for each in uploads[:2]:
        inbox.bucket.store(each.key, sample, "v1")
    inbox.bucket.store(uploads[2].key, b"no image", "v1")
    outcome = inbox.handle(*uploads, removal())
    assert (set(outcome.written), outcome.cleared, outcome.failures) == (set(uploads), {removal(): 1}, {})
    [[key, body]] = inbox.objects().items()
    assert key.startswith(FOLDER)
    assert key.endswith(".jsonl")
    lines = inbox.newest()
    assert [lines[each.key]["status"] for each in uploads] == ["classified", "classified", "rejected"]
    assert lines[KEY] == deleted(removal())
    assert body == serialize_lines(lines.values())


def test_a_batch_costs_one_read_per_image_and_one_write(inbox: Inbox, sample: bytes) -> None:
    uploads = [upload(key=f"inbox/{number}.png", size=len(sample)) for number in range(5)]
    for each in uploads:
        inbox.bucket.store(each.key, sample, "v1")
    inbox.handle(*uploads)
    assert sorted(inbox.bucket.requests) == ["GetObject"] * 5 + ["PutObject"]


@pytest.mark.parametrize("size", [-1, 0, 1])
def test_an_image_is_classified_whatever_its_event_says_about_its_size(inbox: Inbox, sample: bytes, size: int) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    inbox.handle(upload(size=size))
    assert inbox.newest()[KEY]["status"] == "classified"


@pytest.mark.parametrize("size", [0, 1, MAX_BYTES + 1])
def test_a_file_that_is_too_large_is_rejected_whatever_its_event_says_about_its_size(inbox: Inbox, size: int) -> None:
    inbox.bucket.store(KEY, bytes(MAX_BYTES + 1), "v1")
    inbox.handle(upload(size=size))
    assert inbox.newest()[KEY]["reason"] == "too_large"


def test_a_batch_that_is_delivered_again_in_the_same_hour_changes_nothing(inbox: Inbox, sample: bytes) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    inbox.handle(upload())
    before = dict(inbox.bucket.objects)
    assert set(inbox.handle(upload()).written) == {upload()}
    assert inbox.bucket.objects == before


def test_a_batch_that_is_delivered_again_in_a_later_hour_has_its_lines_twice(inbox: Inbox, sample: bytes) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    inbox.handle(upload())
    inbox.clock.now += 3600
    inbox.handle(upload())
    first, second = inbox.read()
    assert first == second
    assert len(inbox.objects()) == 2


def test_an_upload_that_is_outdated_gets_no_line_because_a_later_event_has_one(inbox: Inbox, sample: bytes) -> None:
    inbox.bucket.store(KEY, sample, "v2")
    outcome = inbox.handle(upload(version="v1"), upload(key="inbox/gone.png"))
    assert outcome.cleared == {upload(version="v1"): 0, upload(key="inbox/gone.png"): 0}
    assert (outcome.written, outcome.failures, inbox.objects()) == ({}, {}, {})


def test_an_image_that_s3_can_not_find_for_a_moment_is_read_again_later(inbox: Inbox, sample: bytes) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    with pytest.MonkeyPatch.context() as blindness:
        blindness.setattr(inbox.bucket, "get_object", fail_with("NoSuchKey", "GetObject"))
        assert isinstance(inbox.handle(upload()).failures[upload()], StorageUnavailable)
    assert set(inbox.handle(upload()).written) == {upload()}


def test_after_a_removal_the_version_that_is_there_has_the_newest_line(inbox: Inbox, sample: bytes) -> None:
    """The newest version was deleted for good, and the one before it is the current one again."""
    inbox.bucket.store(KEY, sample, "v1")
    inbox.handle(upload("0A", version="v1"))
    inbox.bucket.store(KEY, sample, "v2")
    inbox.handle(upload("0B", version="v2"))
    inbox.bucket.store(KEY, sample, "v1")
    assert inbox.handle(removal("0C")).cleared == {removal("0C"): 0}
    image = inbox.newest()[KEY]["image"]
    assert (image["version_id"], image["sequencer"]) == ("v1", "0C")


def test_a_removal_without_a_sequencer_needs_an_operator(inbox: Inbox) -> None:
    outcome = inbox.handle(removal(""))
    assert isinstance(outcome.failures[removal("")], NeedsOperator)
    assert inbox.objects() == {}


def test_all_changes_of_an_object_that_can_not_be_written_fail(
    inbox: Inbox, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.bucket.store("inbox/b.png", sample, "v1")
    other = upload(key="inbox/b.png")
    monkeypatch.setattr(inbox.bucket, "put_object", fail_with("SlowDown", "PutObject"))
    outcome = inbox.handle(other, removal())
    assert (outcome.written, outcome.cleared) == ({}, {})
    assert {change: type(failure) for change, failure in outcome.failures.items()} == {
        other: StorageUnavailable,
        removal(): StorageUnavailable,
    }


def test_an_image_that_fails_does_not_keep_the_lines_of_others_back(inbox: Inbox, sample: bytes, url: str) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    inbox.bucket.store("inbox/b.png", b"no image", "v1")
    rejected = upload(key="inbox/b.png")
    with serving(always(503, b"", "ServiceUnavailable")) as (broken, _):
        inbox.lines.batches.endpoint = endpoint_at(broken)
        outcome = inbox.handle(upload(), rejected)
    assert set(outcome.failures) == {upload()}
    assert isinstance(outcome.failures[upload()], TryAgain)
    assert set(outcome.written) == {rejected}
    assert set(inbox.newest()) == {"inbox/b.png"}


def test_no_work_begins_that_would_not_end_in_time(inbox: Inbox, sample: bytes) -> None:
    inbox.bucket.store(KEY, sample, "v1")
    outcome = inbox.handle(upload(), removal(), deadline=Deadline(0, lambda: 0))
    assert {type(failure) for failure in outcome.failures.values()} <= {TryAgain, *TryAgain.__subclasses__()}
    assert set(outcome.failures) == {upload(), removal()}
    assert inbox.objects() == {}


ACTS = st.lists(st.sampled_from(["upload", "delete", "restore"]), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, random=st.randoms(use_true_random=False))
def test_whatever_happens_and_in_whatever_order_events_arrive_the_newest_line_is_about_the_current_version(
    acts: list[str], random: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events arrive late, in any order and twice. `restore` deletes the newest version for good."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    inbox = Inbox(url)
    versions: list[str] = []
    waiting: list[Change] = []
    for number, act in enumerate(acts, 1):
        sequencer = f"{number:02X}"
        if act == "upload":
            versions.append(f"v{number}")
            waiting.append(upload(sequencer, version=versions[-1]))
        else:
            versions = [] if act == "delete" else versions[:-1]
            waiting.append(removal(sequencer))
        if versions:
            inbox.bucket.store(KEY, b"no image", versions[-1])
        else:
            inbox.bucket.objects.pop(KEY, None)
        for change in [change for change in waiting if random.random() < 0.4]:
            assert inbox.handle(change).failures == {}
            if random.random() < 0.8:
                waiting.remove(change)
    random.shuffle(waiting)
    while waiting:
        batch = [waiting.pop() for _ in range(min(len(waiting), random.randint(1, 3)))]
        assert inbox.handle(*batch).failures == {}
    line = inbox.newest()[KEY]
    assert line["status"] == ("rejected" if versions else "deleted")
    assert line["image"].get("version_id") == (versions[-1] if versions else None)


def fail_with(code: str, operation: str) -> Any:
    def fail(**_: Any) -> None:
        raise error(code, operation)

    return fail
