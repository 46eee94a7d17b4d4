"""S3's events as its notifications carry them."""

import json
import urllib.parse
from typing import Any


def message(bucket: str, key: str, sequencer: str, message_id: str = "m", **stored: Any) -> dict[str, Any]:
    """A queue's message about one upload; `stored` are more fields of the object: versionId, eTag."""
    encoded = urllib.parse.quote_plus(key, safe="/")
    record = {
        "eventVersion": "2.6",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": encoded, "size": 1, "sequencer": sequencer, **stored}},
    }
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": json.dumps({"Records": [record]})}
