"""Images in the embedded cloud's inbox, and the events about them that the queue would hand over."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from local.cloud import Cloud
from local.demo import list_keys
from mien.logic.chunks import chunks
from mien.logic.lines import ENDING
from tests.support.messages import message

# Of one DeleteObjects request. Source: Amazon S3 API Reference, "DeleteObjects".
MOST_DELETED = 1000
Record = dict[str, Any]
Event = dict[str, Any]


class MissingDocuments(Exception):
    """Images were not classified. The message is for the user."""


def stop_queue(cloud: Cloud) -> None:
    """The queue calls the function no more, so that only the benchmark does."""
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])


def upload(cloud: Cloud, files: Iterable[bytes], prefix: str, suffix: str) -> list[Record]:
    """Stores images in the inbox, and returns a message about each.

    prefix: of the keys in the inbox. If a key exists already, its document stays the same.
    """
    s3, records = cloud.client("s3"), []
    for index, content in enumerate(files):
        key = f"{cloud.prefix('Inbox')}{prefix}{index:05}{suffix}"
        stored = s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
        fields = {"versionId": stored["VersionId"], "eTag": stored["ETag"].strip('"'), "size": len(content)}
        records.append(message(cloud.bucket, key, f"{index:016X}", f"{prefix}{index}", **fields))
    return records


def make_events(records: Sequence[Record], batch: int) -> list[Event]:
    """Events of `batch` messages each. The messages that are left over are in none."""
    return [{"Records": list(chunk)} for chunk in chunks(records, batch) if len(chunk) == batch]


def delete_documents(cloud: Cloud) -> None:
    """Deletes all results, so that the same images can be classified again as if they were new."""
    s3 = cloud.client("s3")
    for keys in chunks(list(list_keys(s3, cloud.bucket, cloud.prefix("Results"))), MOST_DELETED):
        objects = [{"Key": key} for key in keys]
        s3.delete_objects(Bucket=cloud.bucket, Delete={"Objects": objects, "Quiet": True})


def read_results(cloud: Cloud, key: str) -> list[Any]:
    """The results in an object: one, or those of a batch."""
    body = cloud.client("s3").get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def require_documents(cloud: Cloud, images: int) -> None:
    """Raises MissingDocuments unless there are so many results."""
    s3, found = cloud.client("s3"), 0
    for key in list_keys(s3, cloud.bucket, cloud.prefix("Results")):
        found += len(read_results(cloud, key)) if key.endswith(ENDING) else 1
    if found != images:
        raise MissingDocuments(f"{images - found} of {images} images have no result, so the measurement is void")
