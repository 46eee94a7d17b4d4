"""Whether an event or a document is about the version of an image that the inbox has."""

from dataclasses import replace

import pytest

from mien.logic.uploads import Upload
from mien.logic.versions import (
    StoredDocument,
    StoredImage,
    document_metadata,
    is_outdated,
    is_version,
    stored_document,
)

UPLOAD = Upload("b", "inbox/a.png", "v1", "e1", 3, "0A")


@pytest.mark.parametrize(
    ("version_id", "etag", "image", "expected"),
    [
        ("v1", "e1", StoredImage("v1", "e1"), True),
        # The same bytes, uploaded twice: the second upload has its own event.
        ("v1", "e1", StoredImage("v2", "e1"), False),
        ("v1", "", StoredImage("v1", "e1"), True),
        (None, "e1", StoredImage(None, "e1"), True),
        (None, "e1", StoredImage(None, "e2"), False),
        (None, "e1", StoredImage("v1", "e2"), False),
        (None, "", StoredImage("v1", "e1"), True),
        ("v1", "e1", StoredImage(None, "e2"), False),
    ],
)
def test_an_event_is_about_a_version_by_its_id_or_its_etag(
    version_id: str | None, etag: str, image: StoredImage, expected: bool
) -> None:
    assert is_version(replace(UPLOAD, version_id=version_id, etag=etag), image) is expected


@pytest.mark.parametrize(
    ("version_id", "image", "expected"),
    [
        ("v1", None, True),
        (None, None, True),
        ("v1", StoredImage("v1", "e"), False),
        ("v1", StoredImage("v2", "e"), True),
        (None, StoredImage("v2", "e"), False),
        ("v1", StoredImage(None, "e"), False),
    ],
)
def test_a_document_is_outdated_if_its_image_is_deleted_or_another_version(
    version_id: str | None, image: StoredImage | None, expected: bool
) -> None:
    assert is_outdated(StoredDocument("d", "0A", version_id, False), image) is expected


@pytest.mark.parametrize("version_id", ["v1", None])
@pytest.mark.parametrize("status", ["classified", "no_face", "rejected"])
def test_a_document_states_its_version_and_whether_it_is_a_rejection_in_its_metadata(
    status: str, version_id: str | None
) -> None:
    metadata = document_metadata(replace(UPLOAD, version_id=version_id), {"status": status})
    stored = stored_document({"ETag": '"d"', "Metadata": metadata})
    assert stored == StoredDocument('"d"', "0A", version_id, status == "rejected")
