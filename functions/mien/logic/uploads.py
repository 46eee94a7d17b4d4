"""Event JSON → uploads.

Storage events reach a function in two ways: from S3 itself (`Records` of `aws:s3`), or in the bodies of queue
messages (`Records` of `aws:sqs`), one storage event a message.
Source: Amazon S3 User Guide, "Event message structure".
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class Upload:
    """One version of one object. `sequencer` orders the versions of a key; size in bytes."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    sequencer: str


@dataclass(frozen=True)
class Delivery:
    """What arrived together and is retried together: a queue's message, or (`message_id` None) the whole event.

    `fault` says why the delivery could not be read; it then has no uploads, and does not count as handled.
    """

    message_id: str | None
    uploads: tuple[Upload, ...]
    fault: str | None = None


class NotAStorageEvent(ValueError):
    """JSON that is no S3 event of a version that is understood here."""


def deliveries(event: Any) -> list[Delivery]:
    """A function's event → its deliveries, in order.

    Raises NotAStorageEvent where the event comes from neither S3 nor a queue. A queue's message whose body can't
    be read raises nothing: it becomes a delivery with a fault, and its neighbours go on.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list) and records and all(from_queue(record) for record in records):
        return [of_message(record) for record in records]
    return [Delivery(None, tuple(uploads(event)))]


def from_queue(record: Any) -> bool:
    """A message without an id could be neither handled nor given back."""
    return (
        isinstance(record, dict) and record.get("eventSource") == "aws:sqs" and isinstance(record.get("messageId"), str)
    )


def of_message(record: dict[str, Any]) -> Delivery:
    try:
        return Delivery(record["messageId"], tuple(uploads(json.loads(record["body"]))))
    except NotAStorageEvent as error:
        return Delivery(record["messageId"], (), str(error))
    except (KeyError, TypeError, ValueError, RecursionError):
        # Besides what is no JSON: lists in lists a thousand deep, and numbers of more than 4,300 digits.
        return Delivery(record["messageId"], (), "the message's body is not JSON")


def uploads(event: Any) -> list[Upload]:
    """An S3 event → the objects that it says were created. S3's own test event, and removals, name none."""
    if isinstance(event, dict) and event.get("Event") == "s3:TestEvent":
        return []
    if not isinstance(event, dict) or not isinstance(event.get("Records"), list):
        raise NotAStorageEvent("no S3 event: it has no list of Records")
    return [upload(record) for record in event["Records"] if created(record)]


def created(record: Any) -> bool:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise NotAStorageEvent("a record does not come from aws:s3")
    # Minor versions only add fields; a new major version may change what they mean.
    major = str(record.get("eventVersion")).partition(".")[0]
    if major != "2":
        raise NotAStorageEvent(f"S3 event version {record.get('eventVersion')} is not 2.x")
    return str(record.get("eventName")).startswith("ObjectCreated:")


def upload(record: dict[str, Any]) -> Upload:
    try:
        bucket, stored = record["s3"]["bucket"]["name"], record["s3"]["object"]
        version = stored.get("versionId")
        return Upload(
            bucket=text(bucket),
            key=text(unquote_plus(stored["key"])),
            version_id=None if version is None else text(version),
            etag=text(stored.get("eTag", "")),
            size=int(stored.get("size", 0)),
            sequencer=text(stored.get("sequencer", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotAStorageEvent(f"an S3 record lacks bucket, key or size: {type(error).__name__}") from error


def text(value: Any) -> str:
    """Raises TypeError and, for half of a surrogate pair, which JSON can hold and UTF-8 can't, ValueError."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
