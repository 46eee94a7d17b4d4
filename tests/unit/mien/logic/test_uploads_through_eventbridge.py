"""EventBridge's events of S3 mean the same uploads and removals as S3's own."""

import copy
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import NotAStorageEvent
from mien.logic.uploads import Delivery, Removal, Upload, parse_changes, parse_deliveries

REPLAYABLE = settings(deadline=None, derandomize=True)
# JSON allows half a surrogate pair, S3 does not.
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=256)
# Seconds since 1970.
NOW = 1_000_000.0
# Amazon S3 User Guide, "EventBridge event message structure", examples "Object created" and "Object deleted".
CREATED: dict[str, Any] = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2021-11-12T00:00:00Z",
    "region": "ca-central-1",
    "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
    "detail": {
        "version": "0",
        "event-version": "1.1",
        "bucket": {"name": "b"},
        "object": {
            "key": "inbox/a.png",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "617f08299329d189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "1.2.3.4",
        "reason": "PutObject",
    },
}
UPLOAD = Upload(
    "b", "inbox/a.png", "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "b1946ac92492d2347c6235b4d2611184", 5, "617f08299329d189"
)


def created(key: str = "inbox/a.png", **fields: Any) -> dict[str, Any]:
    """An upload. fields: fields of the object that differ from those of CREATED."""
    event = copy.deepcopy(CREATED)
    event["detail"]["object"] |= {"key": key, **fields}
    return event


def deleted(key: str, reason: str, kind: str) -> dict[str, Any]:
    """A deletion of a current object or of a version. S3 leaves size and etag out if it creates no delete marker."""
    event = created(key)
    for name in ("size", "etag"):
        del event["detail"]["object"][name]
    return event | {
        "detail-type": "Object Deleted",
        "detail": event["detail"] | {"reason": reason, "deletion-type": kind},
    }


def with_detail(**changes: Any) -> dict[str, Any]:
    return CREATED | {"detail": CREATED["detail"] | changes}


def message(body: Any, message_id: str = "m") -> dict[str, Any]:
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": json.dumps(body)}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CREATED.items() if key != name}


def direct(name: str, key: str) -> dict[str, Any]:
    """The event as S3 itself sends it."""
    stored = CREATED["detail"]["object"]
    fields = {"key": quote_plus(key, safe="/"), "size": 5, "eTag": stored["etag"], "versionId": stored["version-id"]}
    s3 = {"bucket": {"name": "b"}, "object": fields | {"sequencer": stored["sequencer"]}}
    return {"Records": [{"eventVersion": "2.6", "eventSource": "aws:s3", "eventName": name, "s3": s3}]}


def test_an_upload_is_read_from_the_queue_and_without_it() -> None:
    [delivery] = parse_deliveries({"Records": [message(CREATED)]}, NOW)
    assert (delivery.changes, delivery.fault) == ((UPLOAD,), None)
    assert parse_deliveries(CREATED, NOW) == [Delivery(None, (UPLOAD,))]


@pytest.mark.parametrize("reason", ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"])
def test_every_way_to_create_an_object_is_an_upload(reason: str) -> None:
    assert parse_changes(with_detail(reason=reason)) == [UPLOAD]


@pytest.mark.parametrize("reason", ["DeleteObject", "Lifecycle Expiration"])
@pytest.mark.parametrize("kind", ["Delete Marker Created", "Permanently Deleted"])
def test_deletions_and_expiries_are_removals(reason: str, kind: str) -> None:
    assert parse_changes(deleted("inbox/a+b.png", reason, kind)) == [Removal("b", "inbox/a+b.png", "617f08299329d189")]


@pytest.mark.parametrize("key", ["inbox/a+b.png", "inbox/100%25.png", "inbox/a b.png", "inbox/été 🙂.png", "inbox/%"])
def test_keys_are_not_decoded(key: str) -> None:
    assert [change.key for change in parse_changes(created(key))] == [key]


@REPLAYABLE
@given(KEYS)
def test_both_forms_of_an_event_mean_the_same_for_any_key(key: str) -> None:
    assert parse_changes(created(key)) == parse_changes(direct("ObjectCreated:Put", key))
    removal = deleted(key, "Lifecycle Expiration", "Delete Marker Created")
    assert parse_changes(removal) == parse_changes(direct("LifecycleExpiration:DeleteMarkerCreated", key))


@pytest.mark.parametrize("version", [None, "1.0", "1.1", "1.99"])
def test_versions_that_only_add_fields_and_events_without_a_version_are_read(version: str | None) -> None:
    event = with_detail(**{"event-version": version, "new": {"field": 1}})
    if version is None:
        del event["detail"]["event-version"]
    assert parse_changes(event | {"new": 1}) == [UPLOAD]


@pytest.mark.parametrize("version", ["2.0", "0.9", None, 7, ""])
def test_an_unknown_major_version_is_an_error(version: Any) -> None:
    with pytest.raises(NotAStorageEvent, match="version"):
        parse_changes(with_detail(**{"event-version": version}))


@pytest.mark.parametrize(
    "kind",
    ["Object Tags Added", "Object Restore Completed", "Object Annotation Created", "AWS API Call via CloudTrail"],
)
def test_other_events_of_s3_change_nothing(kind: str) -> None:
    assert parse_changes(CREATED | {"detail-type": kind}) == []


def test_an_object_without_a_version_has_none() -> None:
    event = created()
    del event["detail"]["object"]["version-id"]
    [upload] = parse_changes(event)
    assert isinstance(upload, Upload)
    assert upload.version_id is None


def test_a_new_folder_is_not_an_upload() -> None:
    assert parse_changes(created("inbox/new folder/", size=0)) == []


@pytest.mark.parametrize(
    "event",
    [
        CREATED | {"source": "my.application"},
        without("source"),
        without("detail-type"),
        without("detail"),
        CREATED | {"detail": "text"},
        with_detail(object={}),
        with_detail(object="text"),
        with_detail(bucket={"name": 1}),
        created(size=float("inf")),
        created(sequencer="not hexadecimal"),
        created("k" * 1025),
        created("\ud800"),
    ],
)
def test_events_of_other_applications_and_damaged_ones_are_refused_and_leave_other_messages_readable(
    event: dict[str, Any],
) -> None:
    with pytest.raises(NotAStorageEvent):
        parse_changes(event)
    bad, good = parse_deliveries({"Records": [message(event, "bad"), message(CREATED, "good")]}, NOW)
    assert bad.fault
    assert (bad.changes, good.changes) == ((), (UPLOAD,))


VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just({}) | st.just([])
)


@REPLAYABLE
@given(st.sampled_from(["bucket", "object", "event-version", "reason"]), VALUES)
def test_any_value_in_the_detail_is_read_or_refused(name: str, value: Any) -> None:
    for event in (with_detail(**{name: value}), CREATED | {name: value}):
        [delivery] = parse_deliveries({"Records": [message(event)]}, NOW)
        assert delivery.fault or delivery.changes == (UPLOAD,)


@REPLAYABLE
@given(st.sampled_from(["key", "size", "etag", "version-id", "sequencer"]), VALUES)
def test_any_value_in_the_object_is_read_or_refused(name: str, value: Any) -> None:
    [delivery] = parse_deliveries(
        {"Records": [message(created(**{name: value}) if name != "key" else created(value))]}, NOW
    )
    assert bool(delivery.fault) != bool(delivery.changes)
