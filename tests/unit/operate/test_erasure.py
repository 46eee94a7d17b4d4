"""The erasure of images, over a bucket and a queue that are models of S3 and SQS."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from mien.logic.chunks import chunks
from mien.logic.results import document_key
from operate.erasure import MAX_EXAMPLES, Outcome, erase, survey
from operate.evidence import Erasure, evidence
from operate.forget import run, select
from operate.selection import Selection, Stack
from operate.stack import OperateError
from tests.support.messages import message, removal_message

STACK = Stack("faces", "inbox/", "results/", "rejected/", "reviews/", "dead")
OPERATOR = "arn:aws:iam::123456789012:user/operator"
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# The version of a delete marker.
MARKER = "marker"
# Source: Amazon S3 API Reference, "DeleteObjects".
MAX_DELETED = 1000


class Bucket:
    """Objects with versions. locked: keys whose versions can't be deleted, for example because of S3 Object Lock."""

    def __init__(self, keys: dict[str, int], locked: tuple[str, ...] = ()) -> None:
        self.versions = {(key, str(n)) for key, number in keys.items() for n in range(number)}
        self.locked = locked
        self.requests: list[int] = []

    def get_paginator(self, operation: str) -> "Bucket":
        assert operation == "list_object_versions"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        listed = sorted(version for version in self.versions if version[0].startswith(request["Prefix"]))
        for page in chunks(listed, MAX_DELETED):
            yield {
                "Versions": [
                    {"Key": key, "VersionId": version, "Size": 10, "IsLatest": False}
                    for key, version in page
                    if version != MARKER
                ],
                "DeleteMarkers": [
                    {"Key": key, "VersionId": version, "IsLatest": False} for key, version in page if version == MARKER
                ],
            }

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        objects = request["Delete"]["Objects"]
        self.requests.append(len(objects))
        assert len(objects) <= MAX_DELETED
        failed = [entry for entry in objects if entry["Key"] in self.locked]
        self.versions -= {(entry["Key"], entry["VersionId"]) for entry in objects if entry not in failed}
        return {"Errors": [{**entry, "Code": "AccessDenied", "Message": "locked"} for entry in failed]}

    def delete_object(self, **request: Any) -> None:
        if request["Key"] in self.locked:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        self.versions.remove((request["Key"], request["VersionId"]))


class Queue:
    """A dead-letter queue. stuck: bodies of messages that can't be deleted."""

    def __init__(self, bodies: list[str], stuck: tuple[str, ...] = ()) -> None:
        self.bodies = dict(enumerate(bodies))
        self.stuck = stuck
        self.received: set[int] = set()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        numbers = [number for number in self.bodies if number not in self.received][:10]
        self.received |= set(numbers)
        attributes = {"SentTimestamp": "5000"}
        return {
            "Messages": [
                {"MessageId": str(n), "ReceiptHandle": str(n), "Body": self.bodies[n], "Attributes": attributes}
                for n in numbers
            ]
        }

    def change_message_visibility_batch(self, **request: Any) -> None:
        self.received -= {int(entry["ReceiptHandle"]) for entry in request["Entries"]}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        failed = []
        for entry in request["Entries"]:
            number = int(entry["ReceiptHandle"])
            if self.bodies[number] in self.stuck:
                failed.append({"Id": entry["Id"], "Code": "InternalError"})
            else:
                del self.bodies[number]
        return {"Failed": failed}


def letter(*names: str) -> str:
    events = [json.loads(message("faces", f"inbox/{name}", "0A")["body"]) for name in names]
    return json.dumps({"Records": [record for event in events for record in event["Records"]]})


def erased(bucket: Bucket, queue: Queue, name: str) -> Erasure:
    selection = Selection(STACK, name)
    erasure = Erasure(selection, OPERATOR, survey(bucket, queue, selection), BEGAN)
    erase(bucket, queue, selection, erasure.outcome, lambda count: None)
    erasure.left = survey(bucket, queue, selection)
    return erasure


def test_versions_are_deleted_a_thousand_at_a_time() -> None:
    bucket = Bucket({f"inbox/a/{n:04}.png": 2 for n in range(1250)} | {"inbox/b.png": 1})
    erasure = erased(bucket, Queue([]), "a/")
    assert bucket.requests == [1000, 1000, 500]
    assert bucket.versions == {("inbox/b.png", "0")}
    images = erasure.outcome.deleted.images
    # An image whose versions are on two pages of the listing counts once.
    assert (images.objects, images.versions, images.size) == (1250, 2500, 25_000)
    assert erasure.is_complete


def test_all_images_are_forgotten_only_if_that_is_asked_for() -> None:
    with pytest.raises(OperateError, match="--everything"):
        select(STACK, "", everything=False)
    with pytest.raises(OperateError, match="not both"):
        select(STACK, "a/", everything=True)
    documents = {"results/a.png.json": 2, "rejected/b/c.png.json": 1, "reviews/a.png/1.Ann.json": 2}
    bucket = Bucket({"inbox/a.png": 1, **documents, "exports/a.csv": 1})
    selection = select(STACK, "", everything=True)
    erase(bucket, Queue([]), selection, Outcome(), lambda count: None)
    assert bucket.versions == {("exports/a.csv", "0")}


class BucketOfLongNames(Bucket):
    """All documents are about images in one folder. A function puts a delete marker on each that is deleted."""

    def __init__(self, keys: dict[str, int], image: str) -> None:
        super().__init__(keys)
        self.image = image

    def get_object(self, **request: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(json.dumps({"image": {"key": self.image}}).encode())}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        answer = super().delete_objects(**request)
        versions = [entry for entry in request["Delete"]["Objects"] if entry["VersionId"] != MARKER]
        self.versions |= {(entry["Key"], MARKER) for entry in versions if entry["Key"].startswith("results/")}
        return answer


def test_a_marker_that_a_function_leaves_on_a_cut_key_is_deleted_although_it_says_nothing() -> None:
    folder = "d" * 1010 + "/"
    image = f"inbox/{folder}1.png"
    key = document_key(image, "inbox/", "results/")
    bucket = BucketOfLongNames({key: 2}, image)
    erasure = erased(bucket, Queue([]), folder)
    assert bucket.versions == set()
    assert erasure.is_complete


def test_what_can_not_be_deleted_is_counted_and_the_rest_is_deleted() -> None:
    locked = tuple(f"inbox/a/{n}.png" for n in range(20))
    tab = "inbox/a/\t.png"
    bucket = Bucket(dict.fromkeys((*locked, tab, "inbox/a/free.png", "results/a/0.png.json"), 1), (*locked, tab))
    queue = Queue([letter("a/0.png"), letter("a/1.png"), letter("b.png")], stuck=(letter("a/1.png"),))
    erasure = erased(bucket, queue, "a/")
    assert not erasure.is_complete
    assert erasure.outcome.failures == {"AccessDenied": 21, "InternalError": 1}
    assert len(erasure.outcome.examples) == MAX_EXAMPLES
    assert erasure.outcome.deleted.images.objects == 1
    assert erasure.outcome.deleted.documents.objects == 1
    assert {key for key, _ in bucket.versions} == {*locked, tab}
    assert list(queue.bodies.values()) == [letter("a/1.png"), letter("b.png")]
    report = json.loads(evidence(erasure))
    assert report["complete"] is False
    assert report["not_deleted"] == {"AccessDenied": 21, "InternalError": 1}
    assert report["left"]["images"]["versions"] == 21


def test_the_reviews_of_one_image_are_deleted_and_not_those_of_images_in_a_folder_of_its_name() -> None:
    others = {"reviews/a.png/b.png/1.Ann.json": 1, "reviews/a.pngs/1.Ann.json": 1}
    bucket = Bucket({"reviews/a.png/1.Ann.json": 2, "reviews/a.png/2.Bob.json": 1, **others})
    erasure = erased(bucket, Queue([]), "a.png")
    assert {key for key, _ in bucket.versions} == set(others)
    report = json.loads(evidence(erasure))
    assert (report["found"]["reviews"]["objects"], report["deleted"]["reviews"]["versions"]) == (2, 3)
    assert report["complete"] is True


class BucketInUse(Bucket):
    """The functions delete documents of deleted images too, and so put delete markers on them.

    busy: how often they do it while documents are deleted.
    """

    busy = 1

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        answer = super().delete_objects(**request)
        if self.busy and request["Delete"]["Objects"][0]["Key"].startswith("results/"):
            self.versions.add(("results/a/1.png.json", MARKER))
            self.busy -= 1
        return answer


@pytest.mark.parametrize(("busy", "complete"), [(1, True), (3, True), (1000, False)])
def test_delete_markers_that_the_functions_put_meanwhile_are_deleted_too(busy: int, complete: bool) -> None:
    bucket, queue = BucketInUse({"inbox/a/1.png": 1, "results/a/1.png.json": 1}), Queue([])
    bucket.busy = busy
    selection = Selection(STACK, "a/")
    erasure = Erasure(selection, OPERATOR, survey(bucket, queue, selection), BEGAN)
    run(erasure, bucket, queue, Console(file=io.StringIO()), looked=BEGAN.timestamp())
    assert erasure.is_complete is complete
    assert (bucket.versions == set()) is complete
    # A document counts once, however many delete markers it gets.
    assert erasure.outcome.deleted.documents.objects == 1


def test_only_dead_letters_about_the_selected_images_are_deleted() -> None:
    kept = [letter("ab.png"), letter("b/a.png"), "no event", letter("a/1.png", "b.png")]
    removal = str(removal_message("faces", "inbox/a/3.png")["body"])
    queue = Queue([*kept, letter("a/1.png"), letter("a/1.png", "a/2.png"), removal])
    erasure = erased(Bucket({}), queue, "a/")
    assert list(queue.bodies.values()) == kept
    assert erasure.outcome.deleted.dead_letters == 3
    # The one that is about another image too.
    assert erasure.left is not None
    assert erasure.left.dead_letters == 1
    assert not erasure.is_complete


def test_the_report_of_an_interrupted_erasure_says_what_was_deleted_until_then() -> None:
    bucket = Bucket({f"inbox/a/{n}.png": 1 for n in range(2500)})
    selection = Selection(STACK, "a/")
    erasure = Erasure(selection, OPERATOR, survey(bucket, Queue([]), selection), BEGAN)

    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(bucket, Queue([]), selection, erasure.outcome, interrupt)
    report = json.loads(evidence(erasure))
    assert (report["began"], report["ended"], report["left"]) == ("2026-01-02T03:04:05+00:00", None, None)
    assert report["complete"] is False
    assert report["found"]["images"]["versions"] == 2500
    assert report["deleted"]["images"]["versions"] == 1000
