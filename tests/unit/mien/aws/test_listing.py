"""Stored documents, read again: one by its name, and pages of them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mien.aws.listing import MAX_LISTED, MAX_LISTS, PAGE, TIMEOUTS, Listing
from mien.errors import Rejected
from mien.logic.deadline import Deadline
from mien.logic.labels import MAX_LABELS
from mien.logic.pictures import MAX_FACES
from mien.logic.queries import Query, parse_query
from mien.logic.results import LABEL_FIELDS, document_key, image_fields, rejected, serialize
from mien.logic.uploads import Upload
from tests.support.fake_s3 import FakeS3, etag_of
from tests.support.labels import LABELS
from tests.support.openapi import SCHEMAS, schema_errors
from tests.support.pictures import SETTINGS, document, found

IMAGE_FILE = b"an image"
ETAG = etag_of(IMAGE_FILE).strip('"')
# The label of faces that are all equally probable.
MANY = [f"label {number}" for number in range(MAX_LABELS)]
EVEN_LABEL = LABELS[0]
# Names that become each other if they are decoded once too often.
ENCODED_NAMES = ["a b.png", "a%20b.png", "a%2520b.png"]


def document_of(name: str) -> dict[str, Any]:
    return document(Upload("bucket", f"inbox/{name}", "v1", ETAG, 3, "0A"))


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


UPLOAD = Upload("bucket", "inbox/a", "v1", ETAG, 3, "0A")
STORED = document_of("a")
SEVERAL = document(UPLOAD, found((0, 0, 40, 40), 0.9), found((0, 0, 9, 9), 0.8, is_large=False))
NO_FACE = {name: value for name, value in STORED.items() if name not in LABEL_FIELDS}
NO_FACE |= {"status": "no_face", "faces": [], "faces_found": 0}
TOO_SMALL = document(UPLOAD, found((0, 0, 9, 9), 0.8, is_large=False))
OLD = {name: value for name, value in STORED.items() if name not in ("faces", "faces_found")}
OLD |= {"schema": 1, "model": {name: value for name, value in STORED["model"].items() if name != "detector"}}
IMAGE = STORED["image"]
[FACE] = STORED["faces"]
REJECTED = rejected(Rejected("empty", "The file is empty."), image_fields(UPLOAD))
OLD_REJECTED = REJECTED | {"schema": 1}


def with_face(**changes: Any) -> dict[str, Any]:
    return STORED | {"faces": [FACE | changes]}


FOREIGN = {
    "text": b"text",
    "not utf-8": b"\xff",
    "too large": bytes(70_000),
    "deep": b"[" * 5_000,
    "a number of 5,000 digits": b"9" * 5_000,
    "a list": b"[]",
    "another schema": STORED | {"schema": 3},
    "true as the schema": OLD | {"schema": True},
    "no faces": OLD | {"schema": 2},
    "faces that are no list": STORED | {"faces": FACE},
    "a face that is no object": STORED | {"faces": [[]]},
    "fewer faces found than listed": STORED | {"faces_found": 0},
    "faces found in words": STORED | {"faces_found": "1"},
    "true as the number of faces": STORED | {"faces_found": True},
    "more faces than can be listed": STORED | {"faces": [FACE] * 101, "faces_found": 101},
    "a label without a face": NO_FACE | {"status": "classified"},
    "no face, and one": STORED | {"status": "no_face"},
    "a label, and all faces too small": STORED | {"status": "too_small"},
    "a box of three edges": with_face(box=[0, 0, 1]),
    "a box that ends before it begins": with_face(box=[5, 0, 5, 9]),
    "a box outside of the image": with_face(box=[-1, 0, 5, 9]),
    "a box in parts of pixels": with_face(box=[0, 0, 5, 9.5]),
    "true as an edge": with_face(box=[False, 0, True, 9]),
    "a score above 1": with_face(score=2),
    "a crop that is no square": with_face(crop=[0, 0, 9, 8]),
    "no crop": with_face(crop=None),
    "a turn by half a right angle": with_face(turn=45),
    "an unknown label": with_face(label="joy"),
    "a label that is a list": with_face(label=[]),
    "a confidence in words": with_face(confidence="high"),
    "a confidence above 1": with_face(confidence=1.5),
    "NaN": with_face(confidence=float("nan")),
    "Infinity": with_face(probabilities=FACE["probabilities"] | {"happy": float("inf")}),
    "a large exponent": json.dumps(STORED).replace('"confidence": ', '"confidence": 1e999, "was": ').encode(),
    "NaN in a field that is not read": STORED | {"more": float("nan")},
    "a missing probability": with_face(probabilities={"happy": 1.0}),
    "a probability of no label": with_face(probabilities=FACE["probabilities"] | {"": 0.0}),
    "more labels than a model has": with_face(probabilities=FACE["probabilities"] | dict.fromkeys(MANY, 0.0)),
    "a confidence that is not the label's probability": with_face(confidence=0.01),
    "true as a probability": with_face(probabilities=FACE["probabilities"] | {"happy": True}),
    "another reason": TOO_SMALL | {"faces": [{"box": [0, 0, 9, 9], "score": 0.8, "reason": "ugly"}]},
    "an old document with an unknown label": OLD | {"label": "joy"},
    "an old document with a confidence above 1": OLD | {"confidence": 1.5},
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
    ("stored", "schema"),
    [
        (STORED, "StoredResult"),
        (SEVERAL, "StoredResult"),
        (NO_FACE, "StoredResult"),
        (TOO_SMALL, "StoredResult"),
        (OLD, "OldStoredResult"),
        (REJECTED, "StoredRejection"),
        (OLD_REJECTED, "StoredRejection"),
    ],
)
def test_a_document_is_handed_on_without_a_stored_url_and_without_unknown_fields(
    stored: dict[str, Any], schema: str
) -> None:
    listing = listing_of()
    image = stored["image"] | {"url": "https://evil.example/", "more": 1}
    faces = {"faces": [face | {"more": 1} for face in stored["faces"]]} if "faces" in stored else {}
    stored_text = json.dumps(stored | faces | {"image": image, "more": 1, "written": "1999-01-01T00:00:00Z"})
    listing.s3.objects |= {"results/a.json": stored_text.encode(), "inbox/a": IMAGE_FILE}
    found = listing.find("a")
    assert found is not None
    assert schema_errors(found, SCHEMAS[schema]) == []
    assert found["image"].pop("url") == "https://signed.example/inbox/a"
    assert found.pop("written") == "2026-11-26T20:00:00Z"
    assert found == stored


def test_a_document_of_the_largest_number_of_faces_can_be_read_back() -> None:
    full = document(UPLOAD, *[found((10_000, 10_000, 10_200, 10_200), 0.77)] * MAX_FACES)
    assert listing_of(a=serialize(full)).find("a") is not None


STATUSES = {"a": OLD, "b": SEVERAL, "c": NO_FACE, "d": TOO_SMALL}


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({}, "abcd"),
        ({"status": "classified"}, "ab"),
        ({"status": "no_face"}, "c"),
        ({"status": "too_small"}, "d"),
        ({"label": EVEN_LABEL}, "ab"),
        ({"label": "sad"}, ""),
        ({"label": EVEN_LABEL, "status": "classified"}, "ab"),
    ],
    ids=str,
)
def test_the_list_has_the_images_with_the_label_and_the_status(parameters: dict[str, str], names: str) -> None:
    stored = {name: serialize(one | {"image": IMAGE | {"key": f"inbox/{name}"}}) for name, one in STATUSES.items()}
    assert page_of(listing_of(**stored), parse_query(parameters)) == (list(names), None)


def test_rejections_are_among_the_documents_and_are_listed_by_their_copies() -> None:
    listing = listing_of("b", a=serialize(REJECTED))
    assert page_of(listing, Query()) == (["b"], None)
    assert page_of(listing, Query(status="rejected")) == ([], None)
    listing.s3.objects["rejected/a.json"] = serialize(REJECTED)
    assert page_of(listing, Query(status="rejected")) == (["a"], None)
    assert page_of(listing, Query(status="classified")) == (["b"], None)
    assert listing.count_skipped() == 0


def test_an_image_is_found_by_the_label_of_each_of_its_faces() -> None:
    sad = FACE | {"label": "sad"}
    stored = serialize(STORED | {"faces": [FACE, sad], "faces_found": 2})
    for label in (EVEN_LABEL, "sad"):
        assert page_of(listing_of(a=stored), Query(label=label)) == (["a"], None)


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


NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def listing_since(written: dict[str, datetime]) -> Listing:
    """A bucket with the documents of images that were written at these times."""
    listing = listing_of(*written)
    listing.s3.stored = {key_of(name): time for name, time in written.items()}
    return listing


def test_a_document_says_when_it_was_written_in_whole_seconds() -> None:
    listing = listing_since({"a": NOON + timedelta(milliseconds=900)})
    [shown], _ = listing.page(Query(), Deadline(60))
    found = listing.find("a")
    assert found
    assert shown["written"] == found["written"] == "2026-11-26T12:00:00Z"


def test_only_documents_written_since_a_time_are_listed() -> None:
    second = timedelta(seconds=1)
    listing = listing_since({"a": NOON - second, "b": NOON, "c": NOON + second, "d": NOON - second / 10})
    assert page_of(listing, parse_query({"since": "2026-11-26T12:00:00Z"})) == (["b", "c"], None)
    assert page_of(listing, parse_query({"since": "2026-11-26T12:00:00Z", "prefix": "c"})) == (["c"], None)


def test_a_document_that_is_too_old_is_not_read() -> None:
    listing = listing_since({"a": NOON, "b": NOON})
    assert page_of(listing, Query(since="2026-11-26T12:00:01Z")) == ([], None)
    assert listing.s3.requests == ["list_objects_v2"]


def test_a_label_selects_among_the_recent_documents() -> None:
    listing = listing_since({"a": NOON, "b": NOON + timedelta(hours=1)})
    since = "2026-11-26T12:30:00Z"
    assert page_of(listing, Query(since=since, label=EVEN_LABEL)) == (["b"], None)
    assert page_of(listing, Query(since=since, label="sad")) == ([], None)
    assert listing.s3.requests.count("get_object") == 2


def pages_of(listing: Listing, query: dict[str, str], deadline: Deadline | None = None) -> list[list[str]]:
    """The names on each page, up to the last one."""
    pages, after = list[list[str]](), ""
    while True:
        shown, following = listing.page(parse_query(query | {"after": after}), deadline or Deadline(1e9))
        pages.append([document["image"]["key"].removeprefix("inbox/") for document in shown])
        if following is None:
            return pages
        after = following


def names_of(number: int) -> list[str]:
    return [f"{place:05}.png" for place in range(number)]


def test_an_unchanged_folder_is_listed_and_not_read() -> None:
    listing = listing_since(dict.fromkeys(names_of(3 * MAX_LISTED), NOON))
    assert pages_of(listing, {"since": "2026-11-26T13:00:00Z"}) == [[]]
    assert listing.s3.requests == ["list_objects_v2"] * 3


@pytest.mark.parametrize("recent", [1, PAGE, PAGE + 1, 3 * PAGE])
def test_every_recent_document_of_a_large_folder_is_shown_once(recent: int) -> None:
    names = names_of(2 * MAX_LISTED)
    newest = names[:: len(names) // recent][:recent]
    listing = listing_since({name: NOON + timedelta(hours=name in newest) for name in names})
    pages = pages_of(listing, {"since": "2026-11-26T13:00:00Z"})
    assert [name for page in pages for name in page] == newest
    assert max(map(len, pages)) <= PAGE


def test_one_page_sends_a_limited_number_of_requests_and_the_next_page_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.aws.listing.MAX_LISTED", 2)
    names = names_of(2 * MAX_LISTS + 3)
    listing = listing_since({name: NOON + timedelta(hours=name == names[-1]) for name in names})
    assert pages_of(listing, {"since": "2026-11-26T13:00:00Z"}) == [[], [names[-1]]]


def test_a_page_without_time_lists_once_and_the_next_page_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.aws.listing.MAX_LISTED", 2)
    names = names_of(5)
    listing = listing_since(dict.fromkeys(names, NOON))
    little = Deadline(TIMEOUTS.longest - 1, clock=lambda: 0)
    assert pages_of(listing, {"since": "2026-11-26T13:00:00Z"}, little) == [[], [], []]
    assert pages_of(listing, {"since": "2026-11-26T11:00:00Z"}, little) == [names[:2], names[2:4], names[4:]]
