"""Writes the lines of a batch as one object."""

from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import error_code, s3_failures

# The object is there already.
EXISTS = {"PreconditionFailed", "412"}


def write_lines(s3: Any, bucket: str, key: str, lines: bytes) -> None:
    """Writes an object of JSON Lines, unless it is there already. Its name says what is in it, so it is the same.

    Raises StorageUnavailable if S3 fails, and NeedsOperator if S3 can never accept the request.
    """
    with s3_failures("writing to S3"):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=lines, ContentType="application/jsonl", IfNoneMatch="*")
        except ClientError as error:
            if error_code(error) not in EXISTS:
                raise
