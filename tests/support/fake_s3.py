"""A bucket in memory, with the part of boto3's S3 client that reads documents and looks up images."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class FakeS3:
    """objects: content by key. requests: the name of each operation that was called."""

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append("get_object")
        content = self.objects.get(request["Key"])
        if content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(content), "ContentLength": len(content)}

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append("head_object")
        content = self.objects.get(request["Key"])
        if content is None:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return {"ETag": etag_of(content)}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """S3 orders keys by their bytes in UTF-8."""
        self.requests.append("list_objects_v2")
        start, prefix, limit = request.get("StartAfter", ""), request["Prefix"], request["MaxKeys"]
        keys = [key for key in self.objects if key.startswith(prefix) and key.encode() > start.encode()]
        keys.sort(key=str.encode)
        contents = [{"Key": key, "ETag": etag_of(self.objects[key])} for key in keys[:limit]]
        return {"Contents": contents, "IsTruncated": len(keys) > limit}

    def generate_presigned_url(self, operation: str, **request: Any) -> str:
        return f"https://signed.example/{request['Params']['Key']}"


def etag_of(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
