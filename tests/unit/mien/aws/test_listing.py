"""Stored documents, read again: one by its name, and pages of them."""

import json
from typing import Any

import pytest

from mien.aws.listing import PAGE, Listing
from mien.errors import Rejected
from mien.logic.deadline import Deadline
from mien.logic.queries import Query, parse_query
from mien.logic.results import Model, classified, document_key, image_fields, rejected, serialize
from mien.logic.uploads import Upload
from mien.settings import Settings
from tests.support.fake_s3 import FakeS3, etag_of
from tests.support.openapi import SCHEMAS, schema_errors
from tests.support.sagemaker_runtime import EVEN

SETTINGS = Settings("faces", "batch", "inbox/", "results/", "rejected/")
IMAGE_FILE = b"an image"
ETAG = etag_of(IMAGE_FILE).strip('"')
MODEL = Model("faces", "AllTraffic", "1", "2-batch")
# Names that become each other if they are decoded once too often.
ENCODED_NAMES = ["a b.png", "a%20b.png", "a%2520b.png"]


def document_of(name: str) -> dict[str, Any]:
    upload = Upload("bucket", f"inbox/{name}", "v1", ETAG, 3, "0A")
    return classified(EVEN, image_fields(upload, 48, 48), MODEL)


def key_of(name: str) -> str:
    return document_key(f"inbox/{name}", "inbox/", "results/")


def listing_of(*names: str, **foreign: bytes) -> Listing:
    """A bucket with the documents of images, and with other objects by their name below the results."""
    listing = Listing(SETTINGS, "bucket")
    stored = {key_of(name): serialize(document_of(name)) for name in names}
    listing.__dict__["s3"] = FakeS3(stored | {f"results/{name}.json": data for name, data in foreign.items()})
    return listing


def page_of(listing: Listing, query: Query) -> tuple[list[str], str | None]:
    """The names of a page's images, and its `next`."""
    shown, after = listing.page(query, Deadline(60))
    return [document["image"]["key"].removeprefix("inbox/") for document in shown], after


@pytest.mark.parametrize("name", ENCODED_NAMES)
def test_the_document_of_exactly_the_named_image_is_found(name: str) -> None:
    found = listing_of(*ENCODED_NAMES).find(name)
    assert found is not None
    assert found["image"]["key"] == f"inbox/{name}"


@pytest.mark.parametrize("name", ENCODED_NAMES)
def test_an_image_without_a_document_gets_no_document_of_another_image(name: str) -> None:
    others = [other for other in ENCODED_NAMES if other != name]
    assert listing_of(*others).find(name) is None


def test_a_document_under_the_key_of_another_image_is_not_found() -> None:
    listing = listing_of(a=serialize(document_of("b")))
    assert listing.find("a") is None
    assert page_of(listing, Query()) == ([], None)


STORED = document_of("a")
IMAGE = STORED["image"]
REJECTED = rejected(Rejected("empty", "The file is empty."), image_fields(Upload("b", "inbox/a", None, ETAG, 0, "0A")))
FOREIGN = {
    "text": b"text",
    "not utf-8": b"\xff",
    "too large": bytes(70_000),
    "deep": b"[" * 5_000,
    "a number of 5,000 digits": b"9" * 5_000,
    "a list": b"[]",
    "another schema": STORED | {"schema": 2},
    "true as the schema": STORED | {"schema": True},
    "an unknown label": STORED | {"label": "joy"},
    "a label that is a list": STORED | {"label": []},
    "a confidence in words": STORED | {"confidence": "high"},
    "a confidence above 1": STORED | {"confidence": 1.5},
    "NaN": STORED | {"confidence": float("nan")},
    "Infinity": STORED | {"probabilities": STORED["probabilities"] | {"happy": float("inf")}},
    "a large exponent": json.dumps(STORED).replace('"confidence": ', '"confidence": 1e999, "was": ').encode(),
    "NaN in a field that is not read": STORED | {"more": float("nan")},
    "a missing probability": STORED | {"probabilities": {"happy": 1.0}},
    "another probability": STORED | {"probabilities": STORED["probabilities"] | {"joy": 0.0}},
    "true as a probability": STORED | {"probabilities": STORED["probabilities"] | {"happy": True}},
    "no model": {name: value for name, value in STORED.items() if name != "model"},
    "a model without a version": STORED | {"model": {"endpoint": "faces", "variant": "", "preprocessing": ""}},
    "no image": STORED | {"image": None},
    "a key that is a number": STORED | {"image": IMAGE | {"key": 1}},
    "a version that is a number": STORED | {"image": IMAGE | {"version_id": 1}},
    "a version with a lone surrogate": STORED | {"image": IMAGE | {"version_id": "\ud800"}},
    "a side in words": STORED | {"image": IMAGE | {"width": "48"}},
    "a side of 0": STORED | {"image": IMAGE | {"height": 0}},
    "a key outside the inbox": STORED | {"image": IMAGE | {"key": "a"}},
    "a rejection among the results": REJECTED | {"detail": 1},
    "a reason that is a list": REJECTED | {"reason": []},
    "a reason with spaces": REJECTED | {"reason": "a reason"},
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_an_object_that_is_not_a_document_is_skipped_and_counted(content: Any) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    listing = listing_of("0", "b", a=data)
    assert page_of(listing, Query()) == (["0", "b"], None)
    assert listing.find("a") is None
    assert listing.count_skipped() == 2
    assert listing.count_skipped() == 0


def test_a_document_that_is_missing_is_not_counted_as_skipped() -> None:
    listing = listing_of()
    assert listing.find("a") is None
    assert listing.count_skipped() == 0


@pytest.mark.parametrize(
    ("document", "prefix", "schema"), [(STORED, "results/", "StoredResult"), (REJECTED, "rejected/", "StoredRejection")]
)
def test_a_stored_url_and_unknown_fields_are_never_handed_on(
    document: dict[str, Any], prefix: str, schema: str
) -> None:
    listing = listing_of()
    image = document["image"] | {"url": "https://evil.example/", "more": 1}
    listing.s3.objects |= {f"{prefix}a.json": json.dumps(document | {"image": image, "more": 1}).encode()}
    listing.s3.objects |= {"inbox/a": IMAGE_FILE}
    found = listing.find("a")
    assert found is not None
    assert found["image"]["url"] == "https://signed.example/inbox/a"
    assert schema_errors(found, SCHEMAS[schema]) == []


# Characters that S3 accepts in keys, but that XML or a URL has only in an encoded form, or that look like a `next`.
CHARACTERS = ["\t", "\n", "\x00", "\x7f", "\ufffe", " ", "%20", "+", "&", "~", "~YQ", "\N{GRINNING FACE}"]


@pytest.mark.parametrize("character", CHARACTERS, ids=ascii)
def test_the_list_goes_on_behind_every_key_at_which_a_page_ends(character: str) -> None:
    names = [f"{number:04}{character}.png" for number in range(2 * PAGE + 1)]
    listing, found, after = listing_of(*names), list[str](), ""
    while True:
        shown, following = page_of(listing, parse_query({"after": after}))
        found += shown
        if following is None:
            break
        after = following
    assert found == names
