"""The images of the inbox: reads them, and looks which version is the current one."""

from contextlib import closing
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import Timeouts, error_code, make_client, require_conditional_writes, s3_failures
from mien.aws.objects import Objects
from mien.errors import Outdated, Rejected
from mien.logic.uploads import Upload
from mien.logic.versions import StoredImage, is_version, stored_image

TIMEOUTS = Timeouts(connect=2, read=5, attempts=3)
MISSING_CODES = {"NoSuchKey", "404"}


def connect(connections: int) -> Objects:
    """Returns the client with which the inbox's function reads and writes objects.

    connections: how many threads use it at once.
    """
    # The first of the attempts is made in Objects.
    client = make_client("s3", replace(TIMEOUTS, attempts=TIMEOUTS.attempts - 1), connections)
    require_conditional_writes(client)
    return Objects(client, TIMEOUTS, connections)


def look(s3: Any, bucket: str, key: str) -> Any:
    """Returns S3's answer to a HEAD request, or None if there is no object."""
    try:
        return s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in MISSING_CODES:
            return None
        raise


def find_image(s3: Any, bucket: str, key: str) -> StoredImage | None:
    """Returns the current version of an image, or None if it is deleted."""
    answer = look(s3, bucket, key)
    return stored_image(answer) if answer else None


def read_image(s3: Any, bucket: str, key: str, limit: int, upload: Upload | None = None) -> bytes:
    """Returns the content of an image's current version.

    limit: bytes. A larger object is rejected unread.
    upload: the version that it must be; None if every version will do.

    Raises Rejected if the object is too large or archived, and Outdated if the inbox does not have this version, or no
    image of this key. Older versions are never read: their owner has deleted or replaced them.
    """
    with s3_failures("reading from S3"):
        try:
            answer = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                raise Outdated("the image was deleted before it could be read") from error
            if error_code(error) == "InvalidObjectState":
                detail = "The object is in an archive storage class. Restore it and upload it again."
                raise Rejected("archived", detail) from error
            raise
        # As a context manager, the body would be another object, whose errors are not botocore's.
        with closing(answer["Body"]) as body:
            if upload and not is_version(upload, stored_image(answer)):
                raise Outdated("the image was overwritten before it could be read")
            size = answer["ContentLength"]
            if size > limit:
                raise Rejected("too_large", f"The file has {size:,} bytes; the limit is {limit:,}.")
            content: bytes = body.read()
            return content
