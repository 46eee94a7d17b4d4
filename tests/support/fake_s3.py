"""A bucket in memory, with the part of boto3's S3 client that reads documents and looks up images."""

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

# When every object was stored for which nothing else is said.
STORED = datetime(2026, 11, 26, 20, tzinfo=UTC)


@dataclass
class FakeS3:
    """objects: content by key. stored: when, by key. requests: the name of each operation that was called.

    refuses: code of the error with which every object is refused; empty for none.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, datetime] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    refuses: str = ""

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append("get_object")
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses}}, "GetObject")
        content = self.objects.get(request["Key"])
        if content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {
            "Body": io.BytesIO(content),
            "ContentLength": len(content),
            "LastModified": self.stored_at(request["Key"]),
            "ETag": etag_of(content),
        }

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append("head_object")
        content = self.objects.get(request["Key"])
        if content is None:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return {"ETag": etag_of(content)}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """S3 orders keys by their bytes in UTF-8. Keys with the delimiter behind the prefix are one common prefix."""
        self.requests.append("list_objects_v2")
        start, prefix, limit = request.get("StartAfter", ""), request["Prefix"], request["MaxKeys"]
        keys = [key for key in self.objects if key.startswith(prefix) and key.encode() > start.encode()]
        names = {rolled_up(key, prefix, request.get("Delimiter", "")) for key in keys}
        entries = sorted(names, key=str.encode)
        contents = [
            {"Key": key, "ETag": etag_of(self.objects[key]), "LastModified": self.stored_at(key)}
            for key in entries[:limit]
            if key in keys
        ]
        common = [{"Prefix": name} for name in entries[:limit] if name not in keys]
        return {"Contents": contents, "CommonPrefixes": common, "IsTruncated": len(entries) > limit}

    def stored_at(self, key: str) -> datetime:
        return self.stored.get(key, STORED)

    def generate_presigned_url(self, operation: str, **request: Any) -> str:
        return f"https://signed.example/{request['Params']['Key']}"


def etag_of(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def rolled_up(key: str, prefix: str, delimiter: str) -> str:
    """The key, or its beginning up to the first delimiter behind the prefix."""
    head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
    return prefix + head + found if found else key
