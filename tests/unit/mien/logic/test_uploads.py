"""From the JSON of an event to uploads."""

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import NotAStorageEvent
from mien.logic.uploads import Delivery, Removal, Upload, parse_changes
from mien.logic.uploads import parse_deliveries as parse_deliveries_at

REPLAYABLE = settings(deadline=None, derandomize=True)
# JSON allows half a surrogate pair, S3 does not.
TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


# Seconds since 1970.
NOW = 1_000_000.0


def parse_deliveries(event: Any) -> list[Delivery]:
    return parse_deliveries_at(event, NOW)


def id_of(delivery: Delivery) -> str | None:
    return delivery.message.id if delivery.message else None


def record(key: str = "inbox/a.png", **changes: Any) -> dict[str, Any]:
    stored = {"key": key, "size": 3, "eTag": "e", "versionId": "v", "sequencer": "0A"}
    return {
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "b"}, "object": stored},
        **changes,
    }


def message(body: Any, message_id: str = "m") -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": text}


def test_an_event_that_s3_sends_itself_is_one_delivery_without_a_message() -> None:
    [delivery] = parse_deliveries({"Records": [record()]})
    assert delivery == Delivery(None, (Upload("b", "inbox/a.png", "v", "e", 3, "0A"),))


def test_each_message_of_a_queue_is_a_delivery() -> None:
    event = {
        "Records": [message({"Records": [record("1"), record("2")]}, "m1"), message({"Records": [record("3")]}, "m2")]
    }
    assert [(id_of(d), [u.key for u in d.changes]) for d in parse_deliveries(event)] == [
        ("m1", ["1", "2"]),
        ("m2", ["3"]),
    ]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("inbox/a+b%2Bc%25%C3%A9.png", "inbox/a b+c%é.png"),
        ("inbox/folder/", "inbox/folder/"),
        ("inbox/%2520.png", "inbox/%20.png"),
        ("inbox/%F0%9F%99%82.png", "inbox/🙂.png"),
    ],
)
def test_keys_are_decoded_once(sent: str, key: str) -> None:
    assert parse_changes({"Records": [record(sent)]})[0].key == key


def test_the_test_event_of_s3_has_no_uploads() -> None:
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-01T00:00:00.000Z", "Bucket": "b"}
    [delivery] = parse_deliveries({"Records": [message(test)]})
    assert (id_of(delivery), delivery.changes, delivery.fault) == ("m", (), None)
    assert parse_deliveries(test) == [Delivery(None, ())]


# Amazon S3 User Guide, "Configuring S3 Lifecycle event notifications".
EXPIRY = {
    "eventVersion": "2.3",
    "eventSource": "aws:s3",
    "awsRegion": "us-west-2",
    "eventTime": "1970-01-01T00:00:00.000Z",
    "eventName": "LifecycleExpiration:Delete",
    "userIdentity": {"principalId": "s3.amazonaws.com"},
    "requestParameters": {"sourceIPAddress": "s3.amazonaws.com"},
    "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "testConfigRule",
        "bucket": {"name": "b", "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}, "arn": "arn:aws:s3:::b"},
        "object": {"key": "inbox/a+b.png", "sequencer": "0055AED6DCD90281E5"},
    },
}


@pytest.mark.parametrize(
    "event",
    [
        record("inbox/a+b.png", eventName="ObjectRemoved:Delete"),
        record("inbox/a+b.png", eventName="ObjectRemoved:DeleteMarkerCreated"),
        EXPIRY,
        EXPIRY | {"eventName": "LifecycleExpiration:DeleteMarkerCreated"},
    ],
    ids=lambda event: event["eventName"],
)
def test_deletions_and_expiries_are_removals(event: dict[str, Any]) -> None:
    assert parse_changes({"Records": [event]}) == [Removal("b", "inbox/a b.png", event["s3"]["object"]["sequencer"])]


def test_the_changes_of_one_message_keep_their_order() -> None:
    removal = record("inbox/b.png", eventName="ObjectRemoved:Delete")
    changes = parse_changes({"Records": [removal, record("inbox/b.png"), removal]})
    assert [type(change) for change in changes] == [Removal, Upload, Removal]


@pytest.mark.parametrize("name", ["ObjectTagging:Put", "ObjectRestore:Completed", "LifecycleTransition", ""])
def test_other_events_change_nothing(name: str) -> None:
    assert parse_changes({"Records": [record(eventName=name)]}) == []


@pytest.mark.parametrize("stored", [{}, {"key": 1}, {"key": "a" * 1025}, {"key": "inbox/%ED%A0%80" + "\ud800"}])
def test_a_removal_without_a_valid_key_is_an_error(stored: dict[str, Any]) -> None:
    removal = EXPIRY | {"s3": {"bucket": {"name": "b"}, "object": stored}}
    with pytest.raises(NotAStorageEvent, match="lacks a valid"):
        parse_changes({"Records": [removal]})


def of_size(size: int, key: str) -> dict[str, Any]:
    event = record(key)
    event["s3"]["object"]["size"] = size
    return event


@pytest.mark.parametrize("key", ["inbox/", "inbox/new+folder/", "inbox/a/b/", "faces/"])
def test_a_folder_that_the_s3_console_makes_is_not_an_upload(key: str) -> None:
    assert parse_changes({"Records": [of_size(0, key)]}) == []
    [delivery] = parse_deliveries({"Records": [message({"Records": [of_size(0, key)]})]})
    assert (delivery.changes, delivery.fault) == ((), None)


@pytest.mark.parametrize(("size", "key"), [(3, "inbox/folder/"), (0, "inbox/empty.png")])
def test_an_object_with_content_or_without_a_slash_at_its_end_is_an_upload(size: int, key: str) -> None:
    assert [upload.key for upload in parse_changes({"Records": [of_size(size, key)]})] == [key]


@pytest.mark.parametrize("version", ["1.0", "3.0", None])
def test_an_unknown_major_version_is_an_error(version: str | None) -> None:
    with pytest.raises(NotAStorageEvent, match="version"):
        parse_changes({"Records": [record(eventVersion=version)]})


@pytest.mark.parametrize(
    "body", ["no JSON", "{}", "[]", "null", '{"Records": [1]}', '{"Records": [{"eventSource": "x"}]}']
)
def test_an_unreadable_message_does_not_affect_the_others(body: str) -> None:
    bad, good = parse_deliveries({"Records": [message(body, "bad"), message({"Records": [record()]}, "good")]})
    assert id_of(bad) == "bad"
    assert bad.fault
    assert (id_of(good), good.changes, good.fault) == ("good", (Upload("b", "inbox/a.png", "v", "e", 3, "0A"),), None)


def changed(event: Any, path: list[int], value: Any) -> Any:
    """The event with this value at the place that the path leads to."""
    children: list[tuple[Any, Any]] = []
    if isinstance(event, dict | list):
        children = list(event.items() if isinstance(event, dict) else enumerate(event))
    if not path or not children:
        return value
    key, child = children[path[0] % len(children)]
    new = changed(child, path[1:], value)
    return {**event, key: new} if isinstance(event, dict) else [new if at == key else old for at, old in children]


PATHS = st.lists(st.integers(0, 20), max_size=7)


def read(event: Any) -> list[Delivery] | None:
    """The deliveries, or None for NotAStorageEvent. Any other exception fails the test."""
    try:
        read = parse_deliveries(event)
    except NotAStorageEvent:
        return None
    for delivery in read:
        assert not (delivery.fault and delivery.changes)
        for found in delivery.changes:
            texts = [found.bucket, found.key]
            if isinstance(found, Upload):
                assert isinstance(found.size, int)
                texts += [found.etag, found.sequencer, found.version_id or ""]
            for text in texts:
                assert text.encode().decode() == text
    return read


@REPLAYABLE
@given(JSON)
def test_any_json_is_read_or_refused(event: Any) -> None:
    assert read(event) == read(event)


@REPLAYABLE
@given(PATHS, JSON)
def test_any_value_in_any_place_of_an_event_is_read_or_refused(path: list[int], value: Any) -> None:
    read(changed({"Records": [record(), record("2")]}, path, value))
    read(changed({"Records": [message({"Records": [record()]}), message({"Records": [record("2")]})]}, path, value))


@REPLAYABLE
@given(JSON | st.text(), PATHS)
def test_any_message_body_leaves_the_other_messages_readable(body: Any, path: list[int]) -> None:
    neighbor = message({"Records": [record()]}, "good")
    for held in (body, changed({"Records": [record()]}, path, body)):
        first, second, third = parse_deliveries({"Records": [neighbor, message(held, "any"), neighbor]})
        assert first == third
        assert (id_of(first), first.fault) == ("good", None)
        assert first.changes == (Upload("b", "inbox/a.png", "v", "e", 3, "0A"),)
        assert id_of(second) == "any"


@pytest.mark.parametrize("body", ["[" * 100_000, "1" * 5000, '{"Records": [1e999]}', "NaN", "\ud800", None, 3, [], {}])
def test_a_body_that_pythons_json_module_cannot_handle_is_a_fault(body: Any) -> None:
    bad, good = parse_deliveries({"Records": [message("") | {"body": body}, message({"Records": [record()]}, "good")]})
    assert bad.fault
    assert good.changes


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("size", float("inf")),
        ("size", "many"),
        ("key", "\ud800"),
        ("key", 5),
        ("key", "k" * 1025),
        ("key", "é" * 513),
        ("eTag", 5),
        ("eTag", "e" * 1025),
        ("versionId", []),
        ("versionId", "v" * 1025),
        ("sequencer", None),
        ("sequencer", "zz"),
        ("sequencer", "0A\n"),
        ("sequencer", "F" * 65),
    ],
)
def test_an_object_that_cannot_exist_in_s3_is_refused(place: str, value: Any) -> None:
    event = {"Records": [record()]}
    event["Records"][0]["s3"]["object"][place] = value
    with pytest.raises(NotAStorageEvent):
        parse_changes(event)


@REPLAYABLE
@given(TEXT, st.sampled_from([quote_plus, lambda key: quote_plus(key, safe="/"), lambda key: quote(key, safe="")]))
def test_any_key_is_decoded_from_the_form_in_which_s3_sends_it(key: str, encode: Any) -> None:
    assert parse_changes({"Records": [record(encode(key))]})[0].key == key


@REPLAYABLE
@given(st.dictionaries(st.text().map("new-{}".format), JSON, max_size=4))
def test_fields_that_a_later_minor_version_adds_change_nothing(more: dict[str, Any]) -> None:
    plain = record()
    wider = more | record(eventVersion="2.99")
    wider["s3"] = more | plain["s3"] | {"object": more | plain["s3"]["object"], "bucket": more | plain["s3"]["bucket"]}
    assert parse_deliveries(more | {"Records": [wider]}) == parse_deliveries({"Records": [plain]})
    [newer] = parse_deliveries({"Records": [more | message({"Records": [wider]})]})
    [known] = parse_deliveries({"Records": [message({"Records": [plain]})]})
    assert (newer.changes, newer.fault) == (known.changes, None)
