"""Messages of the queue, with S3's events in them."""

import json
import urllib.parse
from typing import Any


def message(bucket: str, key: str, sequencer: str, message_id: str = "m", **fields: Any) -> dict[str, Any]:
    """A message about one upload, as Lambda gets it from the queue.

    key: as S3's clients see it; the event has it encoded.
    fields: further fields of the object in the event: versionId, eTag, size.
    """
    stored = {"key": encoded(key), "size": 1, "sequencer": sequencer, **fields}
    return with_event(message_id, "ObjectCreated:Put", bucket, stored)


def removal_message(
    bucket: str, key: str, name: str = "ObjectRemoved:DeleteMarkerCreated", message_id: str = "m"
) -> dict[str, Any]:
    """A message about a deletion or an expiry.

    name: the event's name: ObjectRemoved or LifecycleExpiration, and Delete or DeleteMarkerCreated.
    """
    return with_event(message_id, name, bucket, {"key": encoded(key), "sequencer": "0055AED6DCD90281E5"})


def encoded(key: str) -> str:
    return urllib.parse.quote_plus(key, safe="/")


def with_event(message_id: str, name: str, bucket: str, stored: dict[str, Any]) -> dict[str, Any]:
    record = {
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": stored},
    }
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": json.dumps({"Records": [record]})}
