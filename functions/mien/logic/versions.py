"""Versions of an image: whether an event or a document is about the one that the inbox has now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mien.logic.results import Result, is_rejected
from mien.logic.uploads import Upload

# Names of a document's metadata. As metadata, they can be read with a HEAD request.
SEQUENCER = "sequencer"
VERSION = "version-id"
STATUS = "status"
REJECTED = "rejected"


@dataclass(frozen=True)
class StoredImage:
    """The current version of an image. version_id: None in a bucket without versions."""

    version_id: str | None
    etag: str


@dataclass(frozen=True)
class StoredDocument:
    """A document in the bucket, without its content.

    sequencer, version_id: of the upload that it belongs to. version_id is None in a bucket without versions, and for
        documents of Mien 0.2, which do not state it in their metadata.
    is_rejected: whether it is a rejection. Documents of earlier versions do not say it, and are results if they are
        below the results.
    """

    etag: str
    sequencer: str
    version_id: str | None
    is_rejected: bool


def document_metadata(upload: Upload, result: Result) -> dict[str, str]:
    """Returns the metadata of an upload's document."""
    version = {VERSION: upload.version_id} if upload.version_id else {}
    status = {STATUS: REJECTED} if is_rejected(result) else {}
    return {SEQUENCER: upload.sequencer, **version, **status}


def stored_document(answer: Mapping[str, Any]) -> StoredDocument:
    """answer: S3's answer to a GET or HEAD request."""
    metadata = answer["Metadata"]
    return StoredDocument(
        *(answer["ETag"], metadata.get(SEQUENCER, ""), metadata.get(VERSION), metadata.get(STATUS) == REJECTED)
    )


def stored_image(answer: Mapping[str, Any]) -> StoredImage:
    """answer: as for stored_document."""
    return StoredImage(answer.get("VersionId"), answer["ETag"].strip('"'))


def is_version(upload: Upload, image: StoredImage) -> bool:
    """Returns whether an event is about this version of its image. A value that is not known differs from none."""
    if upload.version_id and image.version_id:
        return upload.version_id == image.version_id
    return upload.etag in ("", image.etag)


def is_outdated(document: StoredDocument, image: StoredImage | None) -> bool:
    """Returns whether a document must be deleted, because its image is deleted or is another version.

    image: the current version, or None if the image is deleted.
    """
    if image is None:
        return True
    return None not in (document.version_id, image.version_id) and document.version_id != image.version_id
