"""The lines of a stack that stores its results as JSON Lines."""

import json
from typing import Any

from tests.support.bucket import Bucket
from tests.support.waiting import eventually

Line = dict[str, Any]


def lines(bucket: Bucket, name: str) -> list[Line]:
    """The lines of an image, the newest last. Objects of lines can be read while others are added."""
    read = []
    for key in bucket.keys(bucket.results):
        body = bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read()
        read += [json.loads(line) for line in body.splitlines()]
    found = [line for line in read if line["image"]["key"] == bucket.inbox + name]
    return sorted(found, key=lambda line: line["image"]["sequencer"].upper().ljust(64, "0"))


def await_line(bucket: Bucket, name: str, status: str, version_id: str | None = None) -> Line:
    """Waits until the line that counts has this status and, if it is given, is about this version."""

    def has_arrived() -> bool:
        newest = lines(bucket, name)[-1:]
        return [(line["status"], line["image"].get("version_id")) for line in newest] == [(status, version_id)]

    assert eventually(has_arrived, seconds=60), lines(bucket, name)
    return lines(bucket, name)[-1]
