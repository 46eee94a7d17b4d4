"""Which document stays when two meet, and which is deleted when its image is gone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from mien.aws.storage import Storage, supersedes
from mien.errors import StorageUnavailable, TryAgain
from tests.support.pictures import SETTINGS

IMAGE, RESULT, REJECTION = "inbox/a.png", "results/a.png.json", "rejected/a.png.json"
REVIEWS = ("reviews/a.png/1.Ann.json", "reviews/a.png/2.Bob.json")


class S3:
    """A bucket in memory. It holds each object's ETag and version of its image, as a HEAD request shows them.

    before_deletion: is called before each deletion, to change the bucket in between.
    """

    def __init__(self, objects: dict[str, tuple[str, str]], before_deletion: Callable[[], None] = lambda: None):
        self.objects = objects
        self.before_deletion = before_deletion

    def head_object(self, **request: Any) -> dict[str, Any]:
        found = self.objects.get(request["Key"])
        if found is None:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        etag, version = found
        return {"ETag": f'"{etag}"', "VersionId": version, "Metadata": {"sequencer": "0A", "version-id": version}}

    def get_paginator(self, operation: str) -> "S3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Lists the objects of one folder, each on its own page."""
        prefix, delimiter = request["Prefix"], request["Delimiter"]
        yield {}
        for key, (etag, _) in list(self.objects.items()):
            if key.startswith(prefix) and delimiter not in key.removeprefix(prefix):
                yield {"Contents": [{"Key": key, "ETag": f'"{etag}"'}]}

    def delete_object(self, **request: Any) -> None:
        self.before_deletion()
        found = self.objects.get(request["Key"])
        if found is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "DeleteObject")
        if f'"{found[0]}"' != request["IfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "DeleteObject")
        del self.objects[request["Key"]]


def storage_over(s3: Any) -> Storage:
    storage = Storage(SETTINGS, connections=1)
    storage.s3 = s3
    return storage


@given(st.text("0123456789ABCDEF", max_size=20), st.text("0123456789ABCDEF", max_size=20))
def test_of_a_result_and_a_rejection_exactly_one_supersedes_the_other(one: str, other: str) -> None:
    result, rejection = {"status": "classified"}, {"status": "rejected"}
    assert supersedes(result, one, other) is not supersedes(rejection, other, one)


def test_all_documents_of_a_deleted_image_are_deleted() -> None:
    s3 = S3({RESULT: ("r", "v1"), REJECTION: ("j", "v2"), "results/b.png.json": ("o", "v3")})
    assert storage_over(s3).delete_outdated("bucket", IMAGE) == (2, None)
    assert set(s3.objects) == {"results/b.png.json"}


def test_the_reviews_of_a_deleted_image_are_deleted_and_not_those_of_images_in_a_folder_of_its_name() -> None:
    others = {"reviews/a.png/b.png/1.Ann.json": ("o", "v3"), "reviews/a.pngs/1.Ann.json": ("o", "v4")}
    s3 = S3({RESULT: ("r", "v1"), **others, **dict.fromkeys(REVIEWS, ("e", "v1"))})
    assert storage_over(s3).delete_outdated("bucket", IMAGE) == (3, None)
    assert s3.objects == others


def test_the_reviews_of_an_image_that_is_there_stay() -> None:
    """It was deleted and uploaded again. If the bytes are the same, so is the ETag, and the reviews are still right."""
    s3 = S3({IMAGE: ("e", "v2"), **dict.fromkeys(REVIEWS, ("e", "v1"))})
    assert storage_over(s3).delete_outdated("bucket", IMAGE)[0] == 0
    assert set(s3.objects) == {IMAGE, *REVIEWS}


def test_a_review_that_is_written_again_in_the_meantime_is_looked_at_once_more() -> None:
    s3 = S3({REVIEWS[0]: ("old", "v1")}, lambda: s3.objects.update({REVIEWS[0]: ("new", "v1")}))
    with pytest.raises(TryAgain, match="changed"):
        storage_over(s3).delete_outdated("bucket", IMAGE)


def test_of_an_image_that_is_there_only_documents_about_other_versions_are_deleted() -> None:
    s3 = S3({IMAGE: ("e", "v2"), RESULT: ("r", "v1"), REJECTION: ("j", "v2")})
    deleted, image = storage_over(s3).delete_outdated("bucket", IMAGE)
    assert (deleted, image and image.version_id) == (1, "v2")
    assert set(s3.objects) == {IMAGE, REJECTION}


def test_a_document_that_a_newer_upload_writes_in_the_meantime_is_not_deleted() -> None:
    """The image was missing when it was looked up. Then it was uploaded and classified."""

    def upload() -> None:
        s3.objects |= {IMAGE: ("e", "v2"), RESULT: ("new", "v2")}

    s3 = S3({RESULT: ("old", "v1")}, upload)
    with pytest.raises(TryAgain, match="changed"):
        storage_over(s3).delete_outdated("bucket", IMAGE)
    assert s3.objects[RESULT] == ("new", "v2")
    assert storage_over(s3).delete_outdated("bucket", IMAGE)[0] == 0


def test_a_document_that_another_invocation_deletes_in_the_meantime_is_no_failure() -> None:
    s3 = S3({RESULT: ("r", "v1")}, lambda: s3.objects.clear())
    storage_over(s3).delete_outdated("bucket", IMAGE)
    assert s3.objects == {}


def test_a_deletion_that_s3_refuses_is_tried_again() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}}, "DeleteObject")

    with pytest.raises(StorageUnavailable, match="deleting the document of a removed image: SlowDown"):
        storage_over(S3({RESULT: ("r", "v1")}, refuse)).delete_outdated("bucket", IMAGE)
