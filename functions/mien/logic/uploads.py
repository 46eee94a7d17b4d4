"""Event JSON → uploads.

Storage events reach the function in two ways: directly from S3 (`Records` of `aws:s3`), or in the bodies of queue
messages (`Records` of `aws:sqs`), one storage event per message.
Source: Amazon S3 User Guide, "Event message structure".
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from mien.errors import NotAStorageEvent
from mien.logic.messages import Message, parse_message

# S3's version IDs have at most 1,024 bytes (Amazon S3 User Guide, "How S3 Versioning works"), and its keys too ("Naming
# Amazon S3 objects"). Its ETags and sequencers are far shorter. A longer value is forged.
MAX_TEXT_BYTES = 1024
SEQUENCER = re.compile("[0-9A-Fa-f]{0,64}")


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
class Delivery:
    """Uploads that arrived together and are retried together.

    message: the queue message that they arrived in, or None if the whole event came directly from S3.
    fault: why the message could not be read. It then has no uploads, and it does not count as handled.
    """

    message: Message | None
    uploads: tuple[Upload, ...]
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
    return [Delivery(None, tuple(parse_uploads(event)))]


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


def parse_body(body: Any) -> list[Upload]:
    """Returns the uploads of a message's body. Raises NotAStorageEvent for everything that is not an S3 event."""
    try:
        event = json.loads(body)
    except (TypeError, ValueError, RecursionError) as error:
        # json.loads also fails for lists nested a thousand deep, and for numbers of more than 4,300 digits.
        raise NotAStorageEvent("the message's body is not JSON") from error
    return parse_uploads(event)


def parse_uploads(event: Any) -> list[Upload]:
    """Returns the objects that an S3 event reports as created.

    S3's test event and events of removals report none. Folders are left out: they are not images.

    Raises NotAStorageEvent.
    """
    if isinstance(event, dict) and event.get("Event") == "s3:TestEvent":
        return []
    if not isinstance(event, dict) or not isinstance(event.get("Records"), list):
        raise NotAStorageEvent("not an S3 event: it has no list of Records")
    uploads = [parse_upload(record) for record in event["Records"] if is_creation(record)]
    return [upload for upload in uploads if not is_folder(upload)]


def is_creation(record: Any) -> bool:
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise NotAStorageEvent("a record does not come from aws:s3")
    # Minor versions only add fields; a new major version may change what they mean.
    major = str(record.get("eventVersion")).partition(".")[0]
    if major != "2":
        raise NotAStorageEvent(f"S3 event version {record.get('eventVersion')} is not 2.x")
    return str(record.get("eventName")).startswith("ObjectCreated:")


def is_folder(upload: Upload) -> bool:
    """Returns whether an object only represents a folder: it is empty, and its key ends in a slash.

    S3 has no folders. The S3 console and other clients store such an object so that an empty folder can be seen.
    Source: Amazon S3 User Guide, "Organizing objects in the Amazon S3 console by using folders".
    """
    return upload.key.endswith("/") and upload.size == 0


def parse_upload(record: dict[str, Any]) -> Upload:
    try:
        bucket = record["s3"]["bucket"]["name"]
        stored = record["s3"]["object"]
        version = stored.get("versionId")
        return Upload(
            bucket=require_text(bucket),
            key=require_text(unquote_plus(stored["key"])),
            version_id=None if version is None else require_text(version),
            etag=require_text(stored.get("eTag", "")),
            size=int(stored.get("size", 0)),
            sequencer=require_sequencer(stored.get("sequencer", "")),
        )
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
