"""A bucket in memory, with the part of boto3's S3 client that reads documents."""

import io
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class FakeS3:
    """objects: content by key."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def get_object(self, **request: Any) -> dict[str, Any]:
        content = self.objects.get(request["Key"])
        if content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(content), "ContentLength": len(content)}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """S3 orders keys by their bytes in UTF-8."""
        start, prefix, limit = request.get("StartAfter", ""), request["Prefix"], request["MaxKeys"]
        keys = [key for key in self.objects if key.startswith(prefix) and key.encode() > start.encode()]
        keys.sort(key=str.encode)
        return {"Contents": [{"Key": key} for key in keys[:limit]], "IsTruncated": len(keys) > limit}

    def generate_presigned_url(self, operation: str, **request: Any) -> str:
        return f"https://signed.example/{request['Params']['Key']}"
