"""The bucket: reads uploads and writes documents, so that the document of the newest upload is the one that stays."""

from contextlib import closing
from dataclasses import dataclass

from botocore.exceptions import ClientError

from mien.aws.clients import Timeouts, error_code, make_client, s3_failures
from mien.errors import Rejected, StorageUnavailable
from mien.logic.results import Result, document_key, is_newer, serialize
from mien.logic.uploads import Upload
from mien.settings import Settings

TIMEOUTS = Timeouts(connect=2, read=5, attempts=3)
MISSING_CODES = {"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "405"}
# A conditional write failed, because another writer was faster.
CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
MAX_WRITE_ATTEMPTS = 5


@dataclass(frozen=True)
class StoredDocument:
    """A document in the bucket, without its content. sequencer: of the upload that it belongs to."""

    etag: str
    sequencer: str


class Overwritten(Exception):
    """The object's content is not what the event names. It does not leave this module."""


class Storage:
    """Every method may be called from several threads. Every method raises StorageUnavailable if S3 fails.

    NeedsOperator means that S3 can never accept the request.
    """

    def __init__(self, settings: Settings, connections: int):
        self.settings = settings
        self.s3 = make_client("s3", TIMEOUTS, connections)

    def read_current(self, upload: Upload, limit: int) -> bytes | None:
        """Returns the object's content if it is what the event names, or None if the object was overwritten meanwhile.

        In a bucket with versions, a deleted object still has its versions. But its owner does not expect a result.

        limit: bytes. A larger object is rejected unread.

        Raises Rejected if the object is too large, deleted or archived.
        """
        if not (upload.etag and upload.version_id):
            return None
        try:
            return self.get(upload, limit, {}, {"IfMatch": f'"{upload.etag}"'})
        except Overwritten:
            return None

    def read_version(self, upload: Upload, limit: int) -> bytes:
        """Returns the object's content in the version that the event names. limit, errors: as for read_current."""
        return self.get(upload, limit, {"VersionId": upload.version_id} if upload.version_id else {}, {})

    def get(self, upload: Upload, limit: int, version: dict[str, str], condition: dict[str, str]) -> bytes:
        with s3_failures("reading from S3"):
            try:
                answer = self.s3.get_object(Bucket=upload.bucket, Key=upload.key, **version, **condition)
            except ClientError as error:
                if error_code(error) in MISSING_CODES:
                    self.confirm_missing(upload.bucket, upload.key, version)
                    raise Rejected("gone", "The object was deleted before it could be read.") from error
                if condition and error_code(error) in CONFLICT_CODES:
                    raise Overwritten from error
                if error_code(error) == "InvalidObjectState":
                    detail = "The object is in an archive storage class. Restore it and upload it again."
                    raise Rejected("archived", detail) from error
                raise
            # As a context manager, the body would be another object, whose errors are not botocore's.
            with closing(answer["Body"]) as body:
                size = answer["ContentLength"]
                if size > limit:
                    raise Rejected("too_large", f"The file has {size:,} bytes; the limit is {limit:,}.")
                return body.read()

    def confirm_missing(self, bucket: str, key: str, version: dict[str, str]) -> None:
        """Asks a second time, because a rejection is final. Raises StorageUnavailable if the object is there."""
        try:
            self.s3.head_object(Bucket=bucket, Key=key, **version)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return
            raise
        raise StorageUnavailable("reading from S3: GetObject reported the object missing, HeadObject found it")

    def write(self, upload: Upload, result: Result) -> None:
        """Writes an upload's document, unless a newer upload of the same key has one.

        A key has one document: a result or a rejection. These have different prefixes, and S3 has no transaction over
        two objects. Therefore each writer writes its own document first, then looks for the other one, and the older of
        the two is deleted. The writer that looks last sees both.

        A stored document can claim to be newer than it is, because its upload was read from a forged message. So the
        bucket decides: the document of the object's current version replaces every other one.
        """
        prefix, other_prefix = self.settings.results_prefix, self.settings.rejected_prefix
        if result["status"] == "rejected":
            prefix, other_prefix = other_prefix, prefix
        key = document_key(upload.key, self.settings.inbox_prefix, prefix)
        other_key = document_key(upload.key, self.settings.inbox_prefix, other_prefix)
        with s3_failures("writing to S3"):
            etag = self.put_if_newer(upload, key, serialize(result))
            other = self.find(upload.bucket, other_key)
            if other and (supersedes(result, upload.sequencer, other.sequencer) or self.is_forged(other, upload)):
                self.delete(upload.bucket, other_key, other.etag)
            elif other and etag:
                self.delete(upload.bucket, key, etag)

    def put_if_newer(self, upload: Upload, key: str, body: bytes) -> str | None:
        """Returns the ETag of the upload's document, or None if the document of a newer upload is stored."""
        condition: dict[str, str] = {"IfNoneMatch": "*"}
        for _ in range(MAX_WRITE_ATTEMPTS):
            try:
                answer = self.s3.put_object(
                    Bucket=upload.bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    # As metadata, the sequencer can be compared with a HEAD request.
                    Metadata={"sequencer": upload.sequencer},
                    **condition,
                )
                return answer["ETag"]
            except ClientError as error:
                if error_code(error) not in CONFLICT_CODES | MISSING_CODES:
                    raise
            stored = self.find(upload.bucket, key)
            if stored is None:
                condition = {"IfNoneMatch": "*"}
            elif is_newer(upload.sequencer, stored.sequencer) or self.is_forged(stored, upload):
                condition = {"IfMatch": stored.etag}
            else:
                return stored.etag if stored.sequencer == upload.sequencer else None
        raise StorageUnavailable(f"writing to S3: other writers were faster {MAX_WRITE_ATTEMPTS} times")

    def is_forged(self, stored: StoredDocument, upload: Upload) -> bool:
        """Returns whether a document claims to be newer than an upload that is the object's current version."""
        if not upload.version_id or not is_newer(stored.sequencer, upload.sequencer):
            return False
        try:
            current = self.s3.head_object(Bucket=upload.bucket, Key=upload.key)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return False
            raise
        return bool(current.get("VersionId") == upload.version_id)

    def find(self, bucket: str, key: str) -> StoredDocument | None:
        """Returns the document at a key, or None if there is none."""
        try:
            answer = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return None
            raise
        return StoredDocument(answer["ETag"], answer["Metadata"].get("sequencer", ""))

    def delete(self, bucket: str, key: str, etag: str) -> None:
        """Deletes a document, unless it has changed or is gone."""
        try:
            self.s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            if error_code(error) not in CONFLICT_CODES | MISSING_CODES:
                raise


def supersedes(result: Result, sequencer: str, other_sequencer: str) -> bool:
    """Returns whether a document replaces one of the other kind.

    The newer upload wins. If both documents belong to the same upload, both writers keep the result.
    """
    if is_newer(sequencer, other_sequencer):
        return True
    if is_newer(other_sequencer, sequencer):
        return False
    return result["status"] != "rejected"
