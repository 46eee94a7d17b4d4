"""The bucket: reads images, writes their documents, and deletes those, and the reviews, of images that are gone.

The document of the newest upload is the one that stays, and only as long as its image does.
"""

from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import Timeouts, error_code, make_client, require_conditional_writes, s3_failures
from mien.aws.reviews import list_reviews
from mien.errors import Outdated, Rejected, StorageUnavailable, TryAgain
from mien.logic.results import Result, document_key, is_newer, serialize
from mien.logic.review_keys import review_folder
from mien.logic.uploads import Upload
from mien.logic.versions import (
    StoredDocument,
    StoredImage,
    document_metadata,
    is_outdated,
    is_version,
    stored_document,
    stored_image,
)
from mien.settings import Settings

TIMEOUTS = Timeouts(connect=2, read=5, attempts=3)
MISSING_CODES = {"NoSuchKey", "404"}
# A conditional write failed, because another writer was faster.
CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
MAX_WRITE_ATTEMPTS = 5


class Storage:
    """Every method may be called from several threads. Every method raises StorageUnavailable if S3 fails.

    NeedsOperator means that S3 can never accept the request.
    """

    def __init__(self, settings: Settings, connections: int):
        self.settings = settings
        self.s3 = make_client("s3", TIMEOUTS, connections)
        require_conditional_writes(self.s3)

    def read(self, upload: Upload, limit: int) -> bytes:
        """Returns the content of an image: `read_image` says more."""
        return read_image(self.s3, upload.bucket, upload.key, limit, upload)

    def write(self, upload: Upload, result: Result) -> None:
        """Writes an upload's document, unless a newer upload of the same key has one.

        A key has one document: a result or a rejection. These have different prefixes, and S3 has no transaction over
        two objects. Therefore each writer writes its own document first, then looks for the other one, and the older of
        the two is deleted. The writer that looks last sees both.

        A stored document can claim to be newer than it is, because its upload was read from a forged message. So the
        bucket decides: the document of the object's current version replaces every other one.

        Raises Outdated if the image was deleted or overwritten while it was classified. Its document can then be stored
        and must be deleted (delete_outdated): the event of the deletion may have been handled before it was written.
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
            image = self.find_image(upload.bucket, upload.key)
            if image is None or not is_version(upload, image):
                raise Outdated("the image was deleted or overwritten while it was classified")

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
                    Metadata=document_metadata(upload),
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
        current = self.find_image(upload.bucket, upload.key)
        return current is not None and current.version_id == upload.version_id

    def delete_outdated(self, bucket: str, key: str) -> tuple[int, StoredImage | None]:
        """Deletes the documents of an image that are not about its current version: all, if the image is deleted.

        The reviews of a deleted image are deleted too. Those of an older version stay until its current version is
        deleted; nobody is shown them.

        The documents are looked up before the image, and each is deleted only if it has not changed since. So the
        document of an upload that comes in the meantime always stays: it is a changed or a new document.

        Returns the number of deleted documents and reviews, and the current version of the image, or None if it is
        deleted. Raises TryAgain if a document has changed in the meantime.
        """
        inbox = self.settings.inbox_prefix
        keys = [document_key(key, inbox, p) for p in (self.settings.results_prefix, self.settings.rejected_prefix)]
        deleted = 0
        with s3_failures("deleting the document of a removed image"):
            found = [(name, document) for name in keys if (document := self.find(bucket, name))]
            reviews = list(list_reviews(self.s3, bucket, review_folder(key, inbox, self.settings.reviews_prefix)))
            image = self.find_image(bucket, key)
            outdated = [(name, document.etag) for name, document in found if is_outdated(document, image)]
            for name, etag in outdated if image else outdated + reviews:
                if not self.delete(bucket, name, etag):
                    raise TryAgain("a document changed while it was deleted")
                deleted += 1
        return deleted, image

    def find_image(self, bucket: str, key: str) -> StoredImage | None:
        """Returns the current version of an image, or None if it is deleted."""
        answer = self.look(bucket, key)
        return stored_image(answer) if answer else None

    def find(self, bucket: str, key: str) -> StoredDocument | None:
        """Returns the document at a key, or None if there is none."""
        answer = self.look(bucket, key)
        return stored_document(answer) if answer else None

    def look(self, bucket: str, key: str) -> Any:
        """Returns S3's answer to a HEAD request, or None if there is no object."""
        try:
            return self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return None
            raise

    def delete(self, bucket: str, key: str, etag: str) -> bool:
        """Deletes a document, unless it has changed. Returns False if it has."""
        try:
            self.s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            if error_code(error) in CONFLICT_CODES:
                return False
            if error_code(error) not in MISSING_CODES:
                raise
        return True


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


def supersedes(result: Result, sequencer: str, other_sequencer: str) -> bool:
    """Returns whether a document replaces one of the other kind.

    The newer upload wins. If both documents belong to the same upload, both writers keep the result.
    """
    if is_newer(sequencer, other_sequencer):
        return True
    if is_newer(other_sequencer, sequencer):
        return False
    return result["status"] != "rejected"
