"""The erasure of lines, over a bucket that is a model of S3: what is read, written and deleted, and in which order."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from mien.logic.lines import deleted, lines_key, serialize_lines
from mien.logic.uploads import Removal
from operate.erasure import erase, survey
from operate.evidence import Erasure, evidence
from operate.forget import run
from operate.selection import Selection, Stack
from operate.stack import OperateError

STACK = Stack("faces", "inbox/", "results/", "rejected/", "reviews/", "dead", has_lines=True)
NOON = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
HOUR = 3600


def lines_of(*names: str) -> bytes:
    return serialize_lines(deleted(Removal("faces", f"inbox/{name}", "0A")) for name in names)


def key_of(*names: str, hours: int = 0) -> str:
    """The key of the object with these lines. hours: how long ago it was written."""
    return lines_key("results/", lines_of(*names), NOON.timestamp() - hours * HOUR)


@dataclass
class Bucket:
    """Objects with versions, the newest last: keys, version IDs and contents; None for a delete marker.

    refuse: operations that are refused.
    before: is called with each operation and its key.
    """

    versions: list[tuple[str, str, bytes | None]] = field(default_factory=list)
    refuse: tuple[str, ...] = ()
    before: Callable[[str, str], None] = lambda operation, key: None
    requests: list[tuple[str, str]] = field(default_factory=list)

    def add(self, *names: str, hours: int = 0) -> None:
        """Adds an object of lines about these images."""
        self.store(key_of(*names, hours=hours), lines_of(*names))

    def store(self, key: str, body: bytes | None) -> str:
        version = f"v{len(self.requests)}-{len(self.versions)}"
        self.versions.append((key, version, body))
        return version

    def begin(self, operation: str, key: str) -> None:
        self.before(operation, key)
        self.requests.append((operation, key))
        if operation in self.refuse:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, operation)

    def find(self, key: str, version: str) -> bytes:
        for found, each, body in self.versions:
            if (found, each) == (key, version) and body is not None:
                return body
        raise ClientError({"Error": {"Code": "NoSuchVersion"}}, "GetObject")

    def current(self) -> dict[str, bytes]:
        newest = {key: body for key, _, body in self.versions}
        return {key: body for key, body in newest.items() if body is not None}

    def get_paginator(self, operation: str) -> "Bucket":
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        newest = {key: version for key, version, _ in self.versions}
        listed = [
            (body, {"Key": key, "VersionId": version, "Size": len(body or b""), "IsLatest": newest[key] == version})
            for key, version, body in self.versions
            if key.startswith(request["Prefix"])
        ]
        yield {
            "Versions": [entry for body, entry in listed if body is not None],
            "DeleteMarkers": [entry for body, entry in listed if body is None],
        }

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.begin("GetObject", request["Key"])
        return {"Body": io.BytesIO(self.find(request["Key"], request["VersionId"]))}

    def head_object(self, **request: Any) -> None:
        self.begin("HeadObject", request["Key"])
        self.find(request["Key"], request["VersionId"])

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.begin("PutObject", request["Key"])
        assert request["IfNoneMatch"] == "*"
        if request["Key"] in self.current():
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        return {"VersionId": self.store(request["Key"], request["Body"])}

    def delete_object(self, **request: Any) -> None:
        self.begin("DeleteObject", request["Key"])
        self.remove(request["Key"], request["VersionId"])

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        for entry in request["Delete"]["Objects"]:
            self.begin("DeleteObject", entry["Key"])
            self.remove(entry["Key"], entry["VersionId"])
        return {}

    def remove(self, key: str, version: str) -> None:
        self.versions = [each for each in self.versions if each[:2] != (key, version)]


class NoLetters:
    """A dead-letter queue that is empty."""

    def receive_message(self, **request: Any) -> dict[str, Any]:
        return {}


def forget(bucket: Bucket, name: str) -> Erasure:
    selection = Selection(STACK, name)
    looked = NOON.timestamp()
    erasure = Erasure(selection, "arn", survey(bucket, NoLetters(), selection), NOON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operate.forget.time.time", lambda: looked)
        run(erasure, bucket, NoLetters(), Console(file=io.StringIO()), looked)
    return erasure


def test_the_other_lines_are_written_before_the_object_is_deleted() -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", "bob.png", hours=48)
    assert forget(bucket, "ann/").is_complete
    assert bucket.current() == {key_of("bob.png", hours=48): lines_of("bob.png")}
    changes = [request for request in bucket.requests if request[0] in ("PutObject", "DeleteObject")]
    assert changes == [
        ("PutObject", key_of("bob.png", hours=48)),
        ("DeleteObject", key_of("ann/1.png", "bob.png", hours=48)),
    ]


def test_only_hours_in_which_something_was_found_and_the_newest_are_read_again() -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", "bob.png", hours=48)
    for hours in (500, 49, 47, 2, 0):
        bucket.add("carol.png", hours=hours)
    forget(bucket, "ann/")
    read = [key for operation, key in bucket.requests if operation == "GetObject"]
    assert {read.count(key_of("carol.png", hours=hours)) for hours in (500, 49, 47)} == {1}
    # The second time to erase, and the third to look for what is left.
    assert {read.count(key_of("carol.png", hours=hours)) for hours in (2, 0)} == {3}


def test_an_object_that_appears_meanwhile_is_found() -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", hours=48)

    def add(operation: str, key: str) -> None:
        if operation == "DeleteObject" and key == key_of("ann/1.png", hours=48):
            bucket.add("ann/2.png", "bob.png")

    bucket.before = add
    assert forget(bucket, "ann/").is_complete
    assert bucket.current() == {key_of("bob.png"): lines_of("bob.png")}


@pytest.mark.parametrize("operation", ["PutObject", "HeadObject", "DeleteObject"])
def test_after_an_interruption_no_line_of_others_is_lost_and_a_second_run_finishes(operation: str) -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", "bob.png", hours=48)

    def interrupt(each: str, key: str) -> None:
        if each == operation:
            raise KeyboardInterrupt

    bucket.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        forget(bucket, "ann/")
    assert lines_of("bob.png") in b"".join(bucket.current().values())
    bucket.before = lambda operation, key: None
    assert forget(bucket, "ann/").is_complete
    assert bucket.current() == {key_of("bob.png", hours=48): lines_of("bob.png")}


def test_an_object_whose_other_lines_can_not_be_written_stays_and_is_reported() -> None:
    bucket = Bucket(refuse=("PutObject",))
    bucket.add("ann/1.png", "bob.png")
    bucket.add("ann/2.png")
    erasure = forget(bucket, "ann/")
    assert not erasure.is_complete
    assert list(bucket.current()) == [key_of("ann/1.png", "bob.png")]
    report = json.loads(evidence(erasure))
    assert report["not_deleted"] == {"AccessDenied": 1}
    size = len(lines_of("ann/1.png"))
    assert report["found"]["lines"] == {"lines": 2, "objects": 2, "size": 2 * size}
    assert report["deleted"]["lines"] == report["left"]["lines"] == {"lines": 1, "objects": 1, "size": size}


def test_if_lines_can_not_be_read_nothing_is_deleted() -> None:
    bucket = Bucket(refuse=("GetObject",))
    bucket.store("inbox/ann/1.png", b"image")
    bucket.add("bob.png")
    with pytest.raises(OperateError, match=r"\.jsonl can have lines about these images, and can't be read.*authorized"):
        forget(bucket, "ann/")
    assert "inbox/ann/1.png" in bucket.current()


def test_two_runs_at_once_do_not_bring_back_what_the_other_one_erases() -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", "bob.png", "carol.png", hours=48)

    def forget_bob(operation: str, key: str) -> None:
        """Runs completely after the other run has read the object."""
        if operation == "PutObject":
            bucket.before = lambda operation, key: None
            assert forget(bucket, "bob.png").is_complete

    bucket.before = forget_bob
    assert not forget(bucket, "ann/").is_complete
    assert not any(b"bob.png" in (body or b"") for _, _, body in bucket.versions)
    assert forget(bucket, "ann/").is_complete
    assert bucket.current() == {key_of("carol.png", hours=48): lines_of("carol.png")}


def test_lines_of_an_object_that_has_expired_are_deleted_with_it() -> None:
    bucket = Bucket()
    bucket.add("ann/1.png", "bob.png", hours=48)
    bucket.store(key_of("ann/1.png", "bob.png", hours=48), None)
    assert forget(bucket, "ann/").is_complete
    assert bucket.current() == {}
    assert [body for _, _, body in bucket.versions] == [None]


def test_lines_that_are_not_of_mien_stay_as_they_are() -> None:
    body = b'{"image": {"key": "inbox/\\u0061nn/1.png"}}\n[]\n{"image": null}\nno json\r\n\xff\nlast'
    bucket = Bucket()
    bucket.store(lines_key("results/", body, NOON.timestamp()), body)
    assert forget(bucket, "ann/").is_complete
    assert list(bucket.current().values()) == [b'[]\n{"image": null}\nno json\r\n\xff\nlast']


def test_the_folder_of_an_hour_is_not_that_of_images_in_a_folder_of_this_name() -> None:
    bucket = Bucket()
    bucket.add("bob.png")
    bucket.store("results/date=2026-11-27/hour=12/1.png.json", b"{}")
    assert forget(bucket, "date=2026-11-27/").is_complete
    assert list(bucket.current()) == [key_of("bob.png")]


def test_all_images_are_forgotten_without_reading_a_line() -> None:
    bucket = Bucket(refuse=("GetObject",))
    bucket.add("ann/1.png", "bob.png")
    assert forget(bucket, "").is_complete
    assert bucket.versions == []


@pytest.mark.parametrize(("has_lines", "complete"), [(True, False), (False, True)])
def test_an_erasure_of_images_whose_deletion_makes_lines_is_not_complete(has_lines: bool, complete: bool) -> None:
    bucket, selection = Bucket(), Selection(replace(STACK, has_lines=has_lines), "ann/")
    bucket.store("inbox/ann/1.png", b"image")
    erasure = Erasure(selection, "arn", survey(bucket, NoLetters(), selection), NOON)
    erase(bucket, NoLetters(), selection, erasure.outcome, lambda count: None)
    erasure.left = survey(bucket, NoLetters(), selection)
    assert erasure.left.total == 0
    assert erasure.is_complete is complete
