"""Which documents are deleted when their image is gone."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from mien.aws.storage import Storage
from mien.errors import StorageUnavailable, TryAgain
from tests.support.memory_bucket import MemoryBucket
from tests.support.pictures import SETTINGS

IMAGE, RESULT, REJECTION = "inbox/a.png", "results/a.png.json", "rejected/a.png.json"
REVIEWS = ("reviews/a.png/1.Ann.json", "reviews/a.png/2.Bob.json")


class S3(MemoryBucket):
    """Each object belongs to a version of its image.

    before_deletion: is called before each deletion, to change the bucket in between.
    """

    def __init__(self, versions: dict[str, str], before_deletion: Callable[[], None] = lambda: None):
        super().__init__()
        self.before_deletion = before_deletion
        for key, version in versions.items():
            self.of_version(key, version)

    def of_version(self, key: str, version: str) -> str:
        return self.store(key, b"", version, **{"version-id": version})

    def begin(self, operation: str) -> None:
        super().begin(operation)
        if operation == "DeleteObject":
            self.before_deletion()


def storage_over(s3: S3) -> Storage:
    return Storage(SETTINGS, s3)


def test_all_documents_of_a_deleted_image_are_deleted() -> None:
    s3 = S3({RESULT: "v1", REJECTION: "v2", "results/b.png.json": "v3"})
    assert storage_over(s3).delete_outdated("bucket", IMAGE) == (1, None)
    assert set(s3.objects) == {"results/b.png.json"}


def test_the_reviews_of_a_deleted_image_are_deleted_and_not_those_of_images_in_a_folder_of_its_name() -> None:
    others = {"reviews/a.png/b.png/1.Ann.json": "v3", "reviews/a.pngs/1.Ann.json": "v4"}
    s3 = S3({RESULT: "v1", **others, **dict.fromkeys(REVIEWS, "v1")})
    assert storage_over(s3).delete_outdated("bucket", IMAGE) == (3, None)
    assert set(s3.objects) == set(others)


def test_the_reviews_of_an_image_that_is_there_stay() -> None:
    """It was deleted and uploaded again. If the bytes are the same, so is the ETag, and the reviews are still right."""
    s3 = S3({IMAGE: "v2", **dict.fromkeys(REVIEWS, "v1")})
    assert storage_over(s3).delete_outdated("bucket", IMAGE)[0] == 0
    assert set(s3.objects) == {IMAGE, *REVIEWS}


def test_a_review_that_is_written_again_in_the_meantime_is_looked_at_once_more() -> None:
    def write_again() -> None:
        s3.of_version(REVIEWS[0], "v1")

    s3 = S3({REVIEWS[0]: "v1"}, write_again)
    with pytest.raises(TryAgain, match="changed"):
        storage_over(s3).delete_outdated("bucket", IMAGE)


def test_of_an_image_that_is_there_only_documents_about_other_versions_are_deleted() -> None:
    s3 = S3({IMAGE: "v2", RESULT: "v1", REJECTION: "v2"})
    deleted, image = storage_over(s3).delete_outdated("bucket", IMAGE)
    assert (deleted, image and image.version_id) == (1, "v2")
    assert set(s3.objects) == {IMAGE, REJECTION}


def test_a_document_that_a_newer_upload_writes_in_the_meantime_is_not_deleted() -> None:
    """The image was missing when it was looked up. Then it was uploaded and classified."""
    newer: list[str] = []

    def upload() -> None:
        s3.of_version(IMAGE, "v2")
        newer.append(s3.of_version(RESULT, "v2"))

    s3 = S3({RESULT: "v1"}, upload)
    with pytest.raises(TryAgain, match="changed"):
        storage_over(s3).delete_outdated("bucket", IMAGE)
    assert [s3.objects[RESULT].etag] == newer
    assert storage_over(s3).delete_outdated("bucket", IMAGE)[0] == 0


def test_a_document_that_another_invocation_deletes_in_the_meantime_is_no_failure() -> None:
    s3 = S3({RESULT: "v1"}, lambda: s3.objects.clear())
    storage_over(s3).delete_outdated("bucket", IMAGE)
    assert s3.objects == {}


def test_a_deletion_that_s3_refuses_is_tried_again() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "DeleteObject")

    with pytest.raises(StorageUnavailable, match="deleting the document of a removed image: SlowDown"):
        storage_over(S3({RESULT: "v1"}, refuse)).delete_outdated("bucket", IMAGE)
