"""The bucket: uploads are read from it, documents are written to it, in an order that S3 itself keeps."""

from contextlib import closing
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mien.errors import Rejected, TryAgain
from mien.logic.results import Result, document, key_of, newer
from mien.logic.uploads import Upload
from mien.settings import Settings

GONE = {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "405"}
LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
ROUNDS = 5
# Seconds. What a request may take at the longest, when all attempts hang: an invocation keeps so much for its writing.
CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS = 2, 5, 3
LONGEST = ATTEMPTS * (CONNECT_TIMEOUT + READ_TIMEOUT)


class Storage:
    """Raises Rejected or TryAgain; every method may be called from several threads."""

    def __init__(self, settings: Settings, connections: int):
        self.settings = settings
        self.s3 = boto3.client(
            "s3",
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                max_pool_connections=connections,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )

    def read(self, upload: Upload, limit: int) -> bytes:
        """The very version that the event is about. Reads at most `limit` bytes."""
        version = {"VersionId": upload.version_id} if upload.version_id else {}
        try:
            answer = self.s3.get_object(Bucket=upload.bucket, Key=upload.key, **version)
            # Not the body as a context: that is another object, whose errors are not botocore's.
            with closing(answer["Body"]) as body:
                size = answer["ContentLength"]
                if size > limit:
                    raise Rejected("too_large", f"The file has {size:,} bytes; the limit is {limit:,}.")
                return body.read()
        except ClientError as error:
            if code(error) in GONE:
                self.confirm_gone(upload.bucket, upload.key, version)
                raise Rejected("gone", "The object was deleted before it could be read.") from error
            if code(error) == "InvalidObjectState":
                raise Rejected("archived", "The object lies in an archive; restore it and upload it again.") from error
            raise TryAgain(f"reading from S3: {code(error)}") from error
        except BotoCoreError as error:
            raise TryAgain(f"reading from S3: {type(error).__name__}") from error

    def confirm_gone(self, bucket: str, key: str, version: dict[str, str]) -> None:
        """Asks in another way: a rejection is for good, and an answer may have been wrong. Raises TryAgain."""
        try:
            self.s3.head_object(Bucket=bucket, Key=key, **version)
        except ClientError as error:
            if code(error) in GONE:
                return
            raise TryAgain(f"reading from S3: {code(error)}") from error
        except BotoCoreError as error:
            raise TryAgain(f"reading from S3: {type(error).__name__}") from error
        raise TryAgain("reading from S3: it was said not to be there, and then to be")

    def write(self, upload: Upload, result: Result) -> None:
        """Stores an upload's document, unless a newer upload of the same key has one already.

        A key has one document: a result or a rejection. Those two lie under different prefixes, and S3 has no
        transaction over both. So each writer first writes its own and then looks at the other's place, and the
        older of the two documents is deleted: whoever looks last sees both.
        """
        ours, other = self.settings.results_prefix, self.settings.rejected_prefix
        if result["status"] == "rejected":
            ours, other = other, ours
        key = key_of(upload.key, self.settings.inbox_prefix, ours)
        other_key = key_of(upload.key, self.settings.inbox_prefix, other)
        try:
            stands = self.put_if_newer(upload, key, document(result))
            rival = self.head(upload.bucket, other_key)
            if rival and supersedes(result, upload.sequencer, rival["sequencer"]):
                self.delete(upload.bucket, other_key, rival["etag"])
            elif rival and stands:
                self.delete(upload.bucket, key, stands)
        except ClientError as error:
            raise TryAgain(f"writing to S3: {code(error)}") from error
        except BotoCoreError as error:
            raise TryAgain(f"writing to S3: {type(error).__name__}") from error

    def put_if_newer(self, upload: Upload, key: str, body: bytes) -> str | None:
        """The ETag of our document where it stands now, or None where a newer one does."""
        condition: dict[str, str] = {"IfNoneMatch": "*"}
        for _ in range(ROUNDS):
            try:
                answer = self.s3.put_object(
                    Bucket=upload.bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    # Metadata, so that comparing costs a HEAD and no parsing.
                    Metadata={"sequencer": upload.sequencer},
                    **condition,
                )
                return answer["ETag"]
            except ClientError as error:
                if code(error) not in LOST_RACE | GONE:
                    raise
            standing = self.head(upload.bucket, key)
            if standing is None:
                condition = {"IfNoneMatch": "*"}
            elif newer(upload.sequencer, standing["sequencer"]):
                condition = {"IfMatch": standing["etag"]}
            else:
                return standing["etag"] if standing["sequencer"] == upload.sequencer else None
        raise TryAgain(f"{ROUNDS} other writers were faster")

    def head(self, bucket: str, key: str) -> dict[str, str] | None:
        try:
            answer: dict[str, Any] = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code(error) in GONE:
                return None
            raise
        return {"etag": answer["ETag"], "sequencer": answer["Metadata"].get("sequencer", "")}

    def delete(self, bucket: str, key: str, etag: str) -> None:
        try:
            self.s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            if code(error) not in LOST_RACE | GONE:
                raise


def supersedes(result: Result, sequencer: str, rival: str) -> bool:
    """Whether a document stands against one of the other kind. Of one upload's two, both writers keep the result."""
    if newer(sequencer, rival) or newer(rival, sequencer):
        return newer(sequencer, rival)
    return result["status"] == "classified"


def code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")
