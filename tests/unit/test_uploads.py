"""Event JSON → uploads."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.uploads import Delivery, NotAStorageEvent, Upload, deliveries, uploads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


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


def test_an_event_from_s3_itself_is_one_delivery_without_a_message() -> None:
    [delivery] = deliveries({"Records": [record()]})
    assert delivery == Delivery(None, (Upload("b", "inbox/a.png", "v", "e", 3, "0A"),))


def test_each_message_of_a_queue_is_a_delivery() -> None:
    event = {
        "Records": [message({"Records": [record("1"), record("2")]}, "m1"), message({"Records": [record("3")]}, "m2")]
    }
    assert [(d.message_id, [u.key for u in d.uploads]) for d in deliveries(event)] == [
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
    assert uploads({"Records": [record(sent)]})[0].key == key


def test_s3s_own_test_event_names_no_upload() -> None:
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-01T00:00:00.000Z", "Bucket": "b"}
    assert deliveries({"Records": [message(test)]}) == [Delivery("m", ())]
    assert deliveries(test) == [Delivery(None, ())]


def test_a_removal_is_no_upload() -> None:
    assert uploads({"Records": [record(eventName="ObjectRemoved:Delete")]}) == []


@pytest.mark.parametrize("version", ["1.0", "3.0", None])
def test_another_major_version_is_not_guessed_at(version: str | None) -> None:
    with pytest.raises(NotAStorageEvent, match="version"):
        uploads({"Records": [record(eventVersion=version)]})


@pytest.mark.parametrize(
    "body", ["no JSON", "{}", "[]", "null", '{"Records": [1]}', '{"Records": [{"eventSource": "x"}]}']
)
def test_a_message_that_cannot_be_read_does_not_stop_its_neighbors(body: str) -> None:
    bad, good = deliveries({"Records": [message(body, "bad"), message({"Records": [record()]}, "good")]})
    assert bad.message_id == "bad"
    assert bad.fault
    assert good == Delivery("good", (Upload("b", "inbox/a.png", "v", "e", 3, "0A"),))


@given(JSON)
def test_whatever_a_message_holds_is_read_or_named_as_a_fault(body: Any) -> None:
    [delivery] = deliveries({"Records": [message(body)]})
    assert delivery.message_id == "m"
    assert delivery.uploads == ()
    assert delivery.fault or (isinstance(body, dict) and body.get("Records") == [])


@given(st.fixed_dictionaries({"bucket": JSON, "object": JSON}))
def test_whatever_an_s3_record_holds_is_read_or_refused(s3: Any) -> None:
    with contextlib.suppress(NotAStorageEvent):
        assert all(isinstance(u, Upload) for u in uploads({"Records": [record(s3=s3)]}))
