"""Documents, each an object of its own: writes them, and deletes those, and the reviews, of images that are gone.

The document of the newest upload is the one that stays, and only as long as its image does.
"""

from typing import Any, Literal

from botocore.exceptions import ClientError

from mien.aws.clients import error_code, s3_failures
from mien.aws.images import MISSING_CODES, find_image, look
from mien.aws.reviews import list_reviews
from mien.errors import Outdated, StorageUnavailable, TryAgain
from mien.logic.results import Result, document_key, is_newer, is_rejected, serialize
from mien.logic.review_keys import review_folder
from mien.logic.uploads import Upload
from mien.logic.versions import (
    StoredDocument,
    StoredImage,
    document_metadata,
    is_outdated,
    is_version,
    stored_document,
)
from mien.settings import Settings

# A conditional write failed, because another writer was faster.
CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
MAX_WRITE_ATTEMPTS = 5


class Storage:
    """Every method may be called from several threads. Every method raises StorageUnavailable if S3 fails.

    NeedsOperator means that S3 can never accept the request.
    """

    def __init__(self, settings: Settings, s3: Any):
        self.settings = settings
        self.s3 = s3

    def write(self, upload: Upload, result: Result) -> None:
        """Writes an upload's document, unless a newer upload of the same key has one.

        A key has one document, below the results, whether it is a result or a rejection. A conditional write is enough
        to keep the newest. A rejection has a copy below the rejections, for those who look for problems. S3 has no
        transaction over two objects. So each writer looks at the second object after it has changed the first one.
        After a rejection is written and copied, its copy is deleted if another document has replaced the rejection.
        After a result has replaced a rejection, the copy of that rejection is deleted. The writer that looks last sees
        both. A first result needs no look, because a rejection before it would have been there to replace.

        A stored document can claim to be newer than it is, because its upload was read from a forged message. So the
        bucket decides: the document of the object's current version replaces every other one.

        Raises Outdated if the image was deleted or overwritten while it was classified. Its document can then be stored
        and must be deleted (delete_outdated): the event of the deletion may have been handled before it was written.
        """
        inbox = self.settings.inbox_prefix
        key = document_key(upload.key, inbox, self.settings.results_prefix)
        copy = document_key(upload.key, inbox, self.settings.rejected_prefix)
        with s3_failures("writing to S3"):
            state = self.put_if_newer(upload, key, result)
            if is_rejected(result) and state:
                self.copy_rejection(upload, key, copy, result)
            elif state == "replaced":
                self.delete_older_copy(upload, copy)
            image = find_image(self.s3, upload.bucket, upload.key)
            if image is None or not is_version(upload, image):
                raise Outdated("the image was deleted or overwritten while it was classified")

    def put_if_newer(self, upload: Upload, key: str, result: Result) -> Literal["first", "replaced"] | None:
        """Writes a document if it supersedes the stored one.

        Returns `first` if none was stored before, `replaced` if one was, the upload's own or an older one, and None if
        the document of a newer upload is stored, which stays.
        """
        condition: dict[str, str] = {"IfNoneMatch": "*"}
        for _ in range(MAX_WRITE_ATTEMPTS):
            try:
                self.s3.put_object(
                    Bucket=upload.bucket,
                    Key=key,
                    Body=serialize(result),
                    ContentType="application/json",
                    Metadata=document_metadata(upload, result),
                    **condition,
                )
                return "replaced" if "IfMatch" in condition else "first"
            except ClientError as error:
                if error_code(error) not in CONFLICT_CODES | MISSING_CODES:
                    raise
            stored = self.find(upload.bucket, key)
            if stored is None:
                condition = {"IfNoneMatch": "*"}
            elif supersedes(result, upload.sequencer, stored) or self.is_forged(stored, upload):
                condition = {"IfMatch": stored.etag}
            else:
                return "replaced" if is_of(stored, upload, result) else None
        raise StorageUnavailable(f"writing to S3: other writers were faster {MAX_WRITE_ATTEMPTS} times")

    def copy_rejection(self, upload: Upload, key: str, copy: str, result: Result) -> None:
        """Copies a rejection that was just written, and deletes the copy if another document has replaced it since."""
        self.put_if_newer(upload, copy, result)
        document = self.find(upload.bucket, key)
        if document is None or not is_of(document, upload, result):
            stored = self.find(upload.bucket, copy)
            if stored and is_of(stored, upload, result):
                self.delete(upload.bucket, copy, stored.etag)

    def delete_older_copy(self, upload: Upload, copy: str) -> None:
        """Deletes the copy of a rejection that a result has replaced. The copy of a newer rejection stays."""
        stored = self.find(upload.bucket, copy)
        if stored and (not is_newer(stored.sequencer, upload.sequencer) or self.is_forged(stored, upload)):
            self.delete(upload.bucket, copy, stored.etag)

    def is_forged(self, stored: StoredDocument, upload: Upload) -> bool:
        """Returns whether a document claims to be newer than an upload that is the object's current version."""
        if not upload.version_id or not is_newer(stored.sequencer, upload.sequencer):
            return False
        current = find_image(self.s3, upload.bucket, upload.key)
        return current is not None and current.version_id == upload.version_id

    def delete_outdated(self, bucket: str, key: str) -> tuple[int, StoredImage | None]:
        """Deletes the documents of an image that are not about its current version: all, if the image is deleted.

        The reviews of a deleted image are deleted too. Those of an older version stay until its current version is
        deleted; nobody is shown them.

        The documents are looked up before the image, and each is deleted only if it has not changed since. So the
        document of an upload that comes in the meantime always stays: it is a changed or a new document.

        Returns the number of deleted documents and reviews, copies not counted, and the current version of the image
        or None if it is deleted. Raises TryAgain if a document has changed in the meantime.
        """
        inbox = self.settings.inbox_prefix
        copy, document = (
            document_key(key, inbox, p) for p in (self.settings.rejected_prefix, self.settings.results_prefix)
        )
        deleted = 0
        with s3_failures("deleting the document of a removed image"):
            # The copy of a rejection first: it must not be left without its document.
            found = [(name, stored) for name in (copy, document) if (stored := self.find(bucket, name))]
            reviews = list(list_reviews(self.s3, bucket, review_folder(key, inbox, self.settings.reviews_prefix)))
            image = find_image(self.s3, bucket, key)
            outdated = [(name, stored.etag) for name, stored in found if is_outdated(stored, image)]
            for name, etag in outdated if image else outdated + reviews:
                if not self.delete(bucket, name, etag):
                    raise TryAgain("a document changed while it was deleted")
                deleted += name != copy
        return deleted, image

    def find(self, bucket: str, key: str) -> StoredDocument | None:
        """Returns the document at a key, or None if there is none."""
        answer = look(self.s3, bucket, key)
        return stored_document(answer) if answer else None

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


def supersedes(result: Result, sequencer: str, stored: StoredDocument) -> bool:
    """Returns whether an upload's document replaces a stored one: that of an older upload, or a rejection by a result.

    If both belong to the same upload, every writer keeps the result.
    """
    if is_newer(sequencer, stored.sequencer):
        return True
    return sequencer == stored.sequencer and stored.is_rejected and not is_rejected(result)


def is_of(stored: StoredDocument, upload: Upload, result: Result) -> bool:
    """Returns whether a stored document is the upload's document."""
    return stored.sequencer == upload.sequencer and stored.is_rejected == is_rejected(result)
