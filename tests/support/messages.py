"""Messages of the queue, with S3's events in them."""

import json
import urllib.parse
from typing import Any


def message(bucket: str, key: str, sequencer: str, message_id: str = "m", **fields: Any) -> dict[str, Any]:
    """A message about one upload, as Lambda gets it from the queue.

    key: as S3's clients see it; the event has it encoded.
    fields: further fields of the object in the event: versionId, eTag.
    """
    encoded = urllib.parse.quote_plus(key, safe="/")
    record = {
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": encoded, "size": 1, "sequencer": sequencer, **fields}},
    }
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": json.dumps({"Records": [record]})}
