"""A bucket in memory, with the requests that images are read with, and documents written, looked up and deleted."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Stored:
    etag: str
    body: bytes
    metadata: dict[str, str] = field(default_factory=dict)
    version: str | None = None


class MemoryBucket:
    """Has the conditional writes and deletions of S3. Every request is one step.

    before: is called before each request.
    """

    def __init__(self, before: Callable[[], None] = lambda: None):
        self.objects: dict[str, Stored] = {}
        self.before = before
        self.requests: list[str] = []
        self.count = 0

    def store(self, key: str, body: bytes = b"", version: str | None = None, **metadata: str) -> str:
        """Stores an object without a request. Returns its ETag, which is a new one each time."""
        self.count += 1
        self.objects[key] = Stored(f'"{self.count}"', body, metadata, version)
        return self.objects[key].etag

    def put_object(self, **request: Any) -> dict[str, str]:
        self.begin("PutObject")
        found = self.objects.get(request["Key"])
        if request.get("IfNoneMatch") == "*" and found:
            raise error("PreconditionFailed", "PutObject")
        if "IfMatch" in request and not found:
            raise error("NoSuchKey", "PutObject")
        if "IfMatch" in request and found and found.etag != request["IfMatch"]:
            raise error("PreconditionFailed", "PutObject")
        return {"ETag": self.store(request["Key"], request["Body"], **request.get("Metadata", {}))}

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.begin("GetObject")
        found = self.objects.get(request["Key"])
        if found is None:
            raise error("NoSuchKey", "GetObject")
        return answer(found) | {"Body": io.BytesIO(found.body), "ContentLength": len(found.body)}

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.begin("HeadObject")
        found = self.objects.get(request["Key"])
        if found is None:
            raise error("404", "HeadObject")
        return answer(found)

    def delete_object(self, **request: Any) -> None:
        self.begin("DeleteObject")
        found = self.objects.get(request["Key"])
        if found is None:
            raise error("NoSuchKey", "DeleteObject")
        if found.etag != request["IfMatch"]:
            raise error("PreconditionFailed", "DeleteObject")
        del self.objects[request["Key"]]

    def get_paginator(self, operation: str) -> "MemoryBucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Lists the objects of one folder."""
        self.begin("ListObjectsV2")
        prefix, delimiter = request["Prefix"], request["Delimiter"]
        keys = [key for key in self.objects if key.startswith(prefix) and delimiter not in key.removeprefix(prefix)]
        yield {"Contents": [{"Key": key, "ETag": self.objects[key].etag} for key in keys]}

    def begin(self, operation: str) -> None:
        self.before()
        self.requests.append(operation)


def answer(found: Stored) -> dict[str, Any]:
    version = {"VersionId": found.version} if found.version else {}
    return {"ETag": found.etag, "Metadata": found.metadata, **version}


def error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, operation)
