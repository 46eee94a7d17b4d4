"""Several invocations write and delete the documents of one image at once, in any order of their requests."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.aws.storage import Storage
from mien.errors import Outdated, Rejected, TryAgain
from mien.logic.results import image_fields, rejected
from mien.logic.uploads import Upload
from tests.support.interleaving import Interleaving
from tests.support.memory_bucket import MemoryBucket
from tests.support.pictures import SETTINGS, document

IMAGE, DOCUMENT, COPY = "inbox/a.png", "results/a.png.json", "rejected/a.png.json"
CHOICES = st.lists(st.integers(0, 5), max_size=60)


def upload(number: int) -> Upload:
    """The upload of this number to one key. Later ones have larger numbers."""
    return Upload("bucket", IMAGE, f"v{number}", "", 3, f"{number:02X}")


def document_of(number: int, is_rejected: bool) -> dict[str, Any]:
    one = upload(number)
    return rejected(Rejected("empty", "The file is empty."), image_fields(one)) if is_rejected else document(one)


def storage_over(bucket: MemoryBucket) -> Storage:
    return Storage(SETTINGS, bucket)


def writer(bucket: MemoryBucket, number: int, is_rejected: bool) -> Callable[[], None]:
    """What an invocation does with an upload after it has read the image."""
    storage = storage_over(bucket)

    def write() -> None:
        try:
            storage.write(upload(number), document_of(number, is_rejected))
        except Outdated:
            clear(storage)

    return write


def clear(storage: Storage) -> None:
    while True:
        try:
            storage.delete_outdated("bucket", IMAGE)
        except TryAgain:
            continue
        return


def remover(bucket: MemoryBucket) -> Callable[[], None]:
    """A person deletes the image, and an invocation handles the event of it."""

    def remove() -> None:
        bucket.before()
        bucket.objects.pop(IMAGE, None)
        clear(storage_over(bucket))

    return remove


def assert_document(bucket: MemoryBucket, number: int, is_rejected: bool) -> None:
    """The only documents are the one of this upload and, if it is a rejection, its copy."""
    places = [DOCUMENT, COPY] if is_rejected else [DOCUMENT]
    assert sorted(bucket.objects) == sorted([IMAGE, *places])
    for place in places:
        assert json.loads(bucket.objects[place].body) == document_of(number, is_rejected)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=3), CHOICES)
def test_of_several_uploads_the_newest_has_the_only_document(kinds: list[bool], choices: list[int]) -> None:
    order = Interleaving(choices)
    bucket = MemoryBucket(order.pause)
    bucket.store(IMAGE, version=f"v{len(kinds)}")
    order.run([writer(bucket, number, kind) for number, kind in enumerate(kinds, 1)])
    assert_document(bucket, len(kinds), kinds[-1])


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(st.booleans(), min_size=2, max_size=3), CHOICES)
def test_an_upload_that_is_handled_several_times_has_one_document_and_a_result_wins(
    is_replacement: bool, kinds: list[bool], choices: list[int]
) -> None:
    """The same message can be received several times. A model that fails on a face can make a rejection once."""
    order = Interleaving(choices)
    bucket = MemoryBucket(order.pause)
    if is_replacement:
        bucket.store(IMAGE, version="v1")
        writer(bucket, 1, is_rejected=True)()
    bucket.store(IMAGE, version="v2")
    order.run([writer(bucket, 2, kind) for kind in kinds])
    assert_document(bucket, 2, all(kinds))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=2), CHOICES)
def test_a_deleted_image_has_no_document(kinds: list[bool], choices: list[int]) -> None:
    order = Interleaving(choices)
    bucket = MemoryBucket(order.pause)
    bucket.store(IMAGE, version=f"v{len(kinds)}")
    order.run([remover(bucket), *(writer(bucket, number, kind) for number, kind in enumerate(kinds, 1))])
    assert bucket.objects == {}


@pytest.mark.parametrize("before", [None, False, True], ids=["new", "after a result", "after a rejection"])
@pytest.mark.parametrize("is_rejected", [False, True], ids=["result", "rejection"])
def test_a_document_replaces_that_of_an_older_upload_and_its_copy(before: bool | None, is_rejected: bool) -> None:
    bucket = MemoryBucket()
    if before is not None:
        bucket.store(IMAGE, version="v1")
        writer(bucket, 1, before)()
    bucket.store(IMAGE, version="v2")
    writer(bucket, 2, is_rejected)()
    assert_document(bucket, 2, is_rejected)


def test_a_first_result_costs_one_write_and_one_look_at_the_image() -> None:
    bucket = MemoryBucket()
    bucket.store(IMAGE, version="v1")
    writer(bucket, 1, is_rejected=False)()
    assert bucket.requests == ["PutObject", "HeadObject"]


@pytest.mark.parametrize("is_rejected", [False, True], ids=["result", "rejection"])
def test_a_document_that_claims_to_be_of_a_later_upload_is_replaced_with_its_copy(is_rejected: bool) -> None:
    """Its message was forged: the bucket's current version is another one."""
    bucket = MemoryBucket()
    bucket.store(IMAGE, version="v2")
    for place in (DOCUMENT, COPY):
        bucket.store(place, b"{}", sequencer="FF", status="rejected", **{"version-id": "v0"})
    writer(bucket, 2, is_rejected)()
    assert_document(bucket, 2, is_rejected)
