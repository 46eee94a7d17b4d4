"""Event JSON → uploads and removals.

Storage events reach the function in two ways: by themselves, or in the bodies of queue messages (`Records` of
`aws:sqs`), one storage event per message. A storage event has one of two forms: S3 writes `Records` of `aws:s3` with
encoded keys, and EventBridge writes one event with a `detail-type` and with the key as it is.
Sources: Amazon S3 User Guide, "Event message structure", "EventBridge event message structure", and "Amazon EventBridge
mapping and troubleshooting", which says which events of the two forms mean the same.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from mien.errors import NotAStorageEvent
from mien.logic.messages import Message, parse_message

# S3's version IDs have at most 1,024 bytes (Amazon S3 User Guide, "How S3 Versioning works"), and its keys too ("Naming
# Amazon S3 objects"). Its ETags and sequencers are far shorter. A longer value is forged.
MAX_TEXT_BYTES = 1024
SEQUENCER = re.compile("[0-9A-Fa-f]{0,64}")
# EventBridge's names of S3's events. A `detail.reason` says which request or lifecycle rule it was, and a
# `detail.deletion-type` whether a delete marker was created. All of them mean the same here.
CREATED = "Object Created"
DELETED = "Object Deleted"


@dataclass(frozen=True)
class Upload:
    """One version of one object.

    key: the object key, decoded.
    size: bytes.
    sequencer: orders the versions of one key (results.is_newer).
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    sequencer: str


@dataclass(frozen=True)
class Removal:
    """An object, or a version of it, was deleted by hand or by a lifecycle rule.

    key: the object key, decoded. Another version can still be stored under it, or already a new one.
    sequencer: orders the removal among the uploads of the key (results.is_newer).
    """

    bucket: str
    key: str
    sequencer: str


Change = Upload | Removal


@dataclass(frozen=True)
class Delivery:
    """Changes of objects that arrived together and are retried together.

    message: the queue message that they arrived in, or None if the storage event came without a queue.
    fault: why the message could not be read. It then has no changes, and it does not count as handled.
    """

    message: Message | None
    changes: tuple[Change, ...]
    fault: str | None = None


def parse_deliveries(event: Any, now: float) -> list[Delivery]:
    """Returns the deliveries of a Lambda event, in order.

    A message that can't be read becomes a delivery with a fault, and the other messages of the batch are still handled.

    now: seconds since 1970.

    Raises NotAStorageEvent if the event comes neither from S3 nor from a queue.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list) and records and all(is_queue_record(record) for record in records):
        return [parse_queue_record(record, now) for record in records]
    return [Delivery(None, tuple(parse_changes(event)))]


def is_queue_record(record: Any) -> bool:
    """A message without an id can't be handled: it could not be reported as failed."""
    return (
        isinstance(record, dict) and record.get("eventSource") == "aws:sqs" and isinstance(record.get("messageId"), str)
    )


def parse_queue_record(record: dict[str, Any], now: float) -> Delivery:
    message = parse_message(record, now)
    try:
        return Delivery(message, tuple(parse_body(record.get("body"))))
    except NotAStorageEvent as error:
        return Delivery(message, (), str(error))


def parse_body(body: Any) -> list[Change]:
    """Returns the changes in a message's body. Raises NotAStorageEvent for everything that is not an S3 event."""
    try:
        event = json.loads(body)
    except (TypeError, ValueError, RecursionError) as error:
        # json.loads also fails for lists nested a thousand deep, and for numbers of more than 4,300 digits.
        raise NotAStorageEvent("the message's body is not JSON") from error
    return parse_changes(event)


def parse_changes(event: Any) -> list[Change]:
    """Returns the objects that an S3 event, in one of its two forms, reports as created or removed.

    S3's test event and all other events report none. New folders are left out: they are not images.

    Raises NotAStorageEvent.
    """
    if isinstance(event, dict) and event.get("Event") == "s3:TestEvent":
        return []
    if isinstance(event, dict) and "detail-type" in event:
        return parse_event_of_eventbridge(event)
    if not isinstance(event, dict) or not isinstance(event.get("Records"), list):
        raise NotAStorageEvent("not an S3 event: it has no list of Records")
    changes: list[Change] = []
    for record in event["Records"]:
        match parse_kind(record):
            case "ObjectCreated":
                changes += without_folders(parse_upload(record))
            case "ObjectRemoved" | "LifecycleExpiration":
                changes.append(parse_removal(record))
    return changes


def parse_event_of_eventbridge(event: dict[str, Any]) -> list[Change]:
    if event.get("source") != "aws.s3":
        raise NotAStorageEvent("the event of EventBridge does not come from aws.s3")
    if event["detail-type"] not in (CREATED, DELETED):
        return []
    detail = event.get("detail")
    if not isinstance(detail, dict):
        raise NotAStorageEvent("the event of EventBridge has no detail")
    # Older events have no version, and the same fields.
    require_major_version(detail.get("event-version", "1"), "1")
    with invalid_fields():
        bucket, stored = require_text(detail["bucket"]["name"]), detail["object"]
        key = require_text(stored["key"])
        if event["detail-type"] == DELETED:
            return [Removal(bucket, key, require_sequencer(stored.get("sequencer", "")))]
        return without_folders(build_upload(bucket, key, stored, version="version-id", etag="etag"))


def parse_kind(record: Any) -> str:
    """Returns the first part of an event's name, such as `ObjectRemoved` of `ObjectRemoved:DeleteMarkerCreated`."""
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise NotAStorageEvent("a record does not come from aws:s3")
    require_major_version(record.get("eventVersion"), "2")
    return str(record.get("eventName")).partition(":")[0]


def require_major_version(version: Any, major: str) -> None:
    """Raises NotAStorageEvent for another major version. Minor versions only add fields; major ones change them."""
    if str(version).partition(".")[0] != major:
        raise NotAStorageEvent(f"S3 event version {version} is not {major}.x")


def without_folders(upload: Upload) -> list[Change]:
    """The upload, unless its object only represents a folder: then it is empty, and its key ends in a slash.

    S3 has no folders. The S3 console and other clients store such an object so that an empty folder can be seen.
    Source: Amazon S3 User Guide, "Organizing objects in the Amazon S3 console by using folders".
    """
    return [] if upload.key.endswith("/") and upload.size == 0 else [upload]


def parse_upload(record: dict[str, Any]) -> Upload:
    with invalid_fields():
        bucket, stored = require_text(record["s3"]["bucket"]["name"]), record["s3"]["object"]
        key = require_text(unquote_plus(stored["key"]))
        return build_upload(bucket, key, stored, version="versionId", etag="eTag")


def build_upload(bucket: str, key: str, stored: dict[str, Any], version: str, etag: str) -> Upload:
    """Reads the other fields of an object in an event. version, etag: their names in this form of event."""
    version_id = stored.get(version)
    return Upload(
        bucket=bucket,
        key=key,
        version_id=None if version_id is None else require_text(version_id),
        etag=require_text(stored.get(etag, "")),
        size=int(stored.get("size", 0)),
        sequencer=require_sequencer(stored.get("sequencer", "")),
    )


def parse_removal(record: dict[str, Any]) -> Removal:
    with invalid_fields():
        stored = record["s3"]["object"]
        return Removal(
            bucket=require_text(record["s3"]["bucket"]["name"]),
            key=require_text(unquote_plus(stored["key"])),
            sequencer=require_sequencer(stored.get("sequencer", "")),
        )


@contextmanager
def invalid_fields() -> Iterator[None]:
    """Turns the errors of a record whose fields are missing, or have another type or range, into NotAStorageEvent."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotAStorageEvent(
            f"an S3 record lacks a valid bucket, key, size or sequencer: {type(error).__name__}"
        ) from error


def require_text(value: Any) -> str:
    """Returns the value if S3 can have sent it.

    Raises TypeError, or ValueError for a text that is too long, or for half of a surrogate pair, which JSON can hold
    and UTF-8 can't.
    """
    if not isinstance(value, str):
        raise TypeError
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise ValueError
    return value


def require_sequencer(value: Any) -> str:
    """Raises ValueError for a text that is not hexadecimal: it would not have an order (results.is_newer)."""
    text = require_text(value)
    if not SEQUENCER.fullmatch(text):
        raise ValueError
    return text
