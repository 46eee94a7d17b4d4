"""The address of an image is signed only if its document is about the image that is stored now."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mien.aws.pictures import MAX_LISTED, THREADS, with_urls
from mien.errors import StorageUnavailable
from mien.logic.results import Result
from tests.support.fake_s3 import FakeS3, etag_of

NAMES = [f"{number:03}.png" for number in range(100)]


def documents(*names: str) -> list[Result]:
    """Documents about images that all have the content `a face`."""
    etag = etag_of(b"a face").strip('"')
    return [{"image": {"key": f"inbox/{name}", "version_id": "v1", "etag": etag}} for name in names]


def bucket(**contents: bytes) -> FakeS3:
    """A bucket with all images of NAMES, and others by the name `_NUMBER`."""
    changed = {f"inbox/{name.removeprefix('_')}.png": data for name, data in contents.items()}
    return FakeS3({f"inbox/{name}": b"a face" for name in NAMES} | changed)


def shown(s3: Any, names: list[str], span: int = 1) -> list[str]:
    """The names of the images that get an address."""
    listed = with_urls(s3, "bucket", documents(*names), span)
    assert [document["image"]["key"] for document in listed] == [f"inbox/{name}" for name in names]
    for document in listed:
        url = document["image"].get("url")
        assert url in (None, f"https://signed.example/{document['image']['key']}")
    return [name for name, document in zip(names, listed, strict=True) if "url" in document["image"]]


@pytest.mark.parametrize("count", [1, THREADS, THREADS + 1, 100])
def test_images_that_are_unchanged_are_shown(count: int) -> None:
    assert shown(bucket(), NAMES[:count], count) == NAMES[:count]


@pytest.mark.parametrize("count", [3, 100])
def test_images_that_were_deleted_or_overwritten_are_not_shown(count: int) -> None:
    s3 = bucket(_001=b"another face")
    del s3.objects["inbox/002.png"]
    assert shown(s3, NAMES[:count], count) == [name for name in NAMES[:count] if name not in ("001.png", "002.png")]


def test_an_image_whose_etag_is_not_known_is_not_shown() -> None:
    [document] = documents("000.png")
    document["image"]["etag"] = ""
    assert with_urls(bucket(), "bucket", [document]) == [document]


def test_a_page_costs_one_request() -> None:
    s3 = bucket()
    assert shown(s3, NAMES, len(NAMES)) == NAMES
    assert s3.requests == ["list_objects_v2"]


def test_images_with_many_others_between_them_are_looked_up_one_by_one() -> None:
    s3 = bucket(**{f"_001-{number:05}": b"between" for number in range(2 * MAX_LISTED)})
    del s3.objects["inbox/098.png"]
    assert shown(s3, NAMES, len(NAMES)) == [name for name in NAMES if name != "098.png"]
    assert s3.requests == ["list_objects_v2", *["head_object"] * 99]


def test_the_order_of_keys_is_that_of_their_bytes() -> None:
    names = ["\uff21.png", *(f"\N{GRINNING FACE}{number:02}.png" for number in range(30)), "a.png", "\t.png", "b"]
    s3 = FakeS3({f"inbox/{name}": b"a face" for name in names})
    for span in (1, 10, 40):
        assert shown(s3, names, span) == names


def test_no_request_is_sent_for_no_documents() -> None:
    s3 = bucket()
    assert with_urls(s3, "bucket", []) == []
    assert s3.requests == []


@pytest.mark.parametrize("count", [1, 100])
def test_a_failure_of_s3_is_a_failure_of_the_page(count: int) -> None:
    class Broken(FakeS3):
        def head_object(self, **request: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "HeadObject")

        def list_objects_v2(self, **request: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2")

    with pytest.raises(StorageUnavailable, match="looking up images: SlowDown"):
        shown(Broken(), NAMES[:count], count)
