"""What reviewers send → reviews, and stored bytes → reviews."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InvalidRequest
from mien.logic.opinions import MAX_NOTE, MAX_REVIEWER, NO_FACE, VERDICTS, Opinion, parse_opinion, parse_place
from mien.logic.pictures import MAX_FACES
from mien.logic.requests import JSON
from mien.logic.results import MAX_KEY_BYTES, serialize
from mien.logic.review_keys import encode_reviewer, review_folder, review_key
from mien.logic.reviews import make_review, parse_review
from tests.support.openapi import REVIEW, SCHEMAS, schema_errors

IMAGE = {"bucket": "b", "key": "inbox/a/1.png", "version_id": "v1", "etag": "e1", "sequencer": "0A", "width": 99}
MODEL = {"endpoint": "faces", "variant": "all", "version": "1", "preprocessing": "5-gray-48", "detector": "d"}
CLASSES = {"happy": 0.8, "sad": 0.2}
HAPPY = {"box": [1, 2, 30, 40], "score": 0.9, "label": "happy", "confidence": 0.8, "probabilities": CLASSES}
SMALL = {"box": [50, 2, 60, 12], "score": 0.7, "reason": "too_small"}
DOCUMENT = {"schema": 2, "status": "classified", "faces": [HAPPY, SMALL], "image": IMAGE, "model": MODEL}
NO_FACES = DOCUMENT | {"status": "no_face", "faces": []}
OLD_MODEL = {name: value for name, value in MODEL.items() if name != "detector"}
OLD = {"schema": 1, "status": "classified", "label": "sad", "confidence": 0.5, "image": IMAGE, "model": OLD_MODEL}
RIGHT = {"face": 1, "reviewer": "Ann", "verdict": "right"}
STORED_REVIEW = {"$ref": f"{REVIEW}#/$defs/StoredReview"}
KEY = "reviews/a/1.png/1.Ann.json"


def parse(fields: Any, content_type: str = JSON) -> Opinion:
    return parse_opinion(json.dumps(fields), content_type)


def stored(**changes: Any) -> dict[str, Any]:
    return make_review(Opinion(1, "Ann", "right"), DOCUMENT) | changes


def read(review: Any, key: str = KEY) -> Any:
    return parse_review(json.dumps(review).encode(), key, "inbox/", "reviews/")


def test_a_review_repeats_what_the_reviewer_saw() -> None:
    review = make_review(parse(RIGHT | {"verdict": "label", "label": "sad", "note": " looks down "}), DOCUMENT)
    assert review == {
        "schema": 1,
        "image": {"key": "inbox/a/1.png", "version_id": "v1", "etag": "e1"},
        "face": 1,
        "box": [1, 2, 30, 40],
        "predicted": {"label": "happy", "confidence": 0.8},
        "model": MODEL,
        "verdict": "label",
        "label": "sad",
        "note": "looks down",
        "reviewer": "Ann",
    }
    assert schema_errors(review, STORED_REVIEW) == []


def test_a_label_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="has no such label"):
        make_review(parse(RIGHT | {"verdict": "label", "label": "joyful"}), DOCUMENT)


def test_without_a_labelled_face_any_label_can_be_the_right_one() -> None:
    opinion = parse({"face": NO_FACE, "reviewer": "Ann", "verdict": "label", "label": "joyful"})
    assert make_review(opinion, NO_FACES)["label"] == "joyful"


def test_a_face_that_is_too_small_has_no_prediction() -> None:
    review = make_review(Opinion(2, "Ann", "unsure"), DOCUMENT)
    assert (review["box"], review["predicted"]) == (SMALL["box"], None)


def test_the_one_face_of_an_old_result_has_no_box() -> None:
    review = make_review(Opinion(1, "Ann", "right"), OLD)
    assert (review["box"], review["predicted"]) == (None, {"label": "sad", "confidence": 0.5})
    assert read(review) == review


def test_an_image_in_which_no_face_was_found_is_reviewed_as_face_0() -> None:
    review = make_review(Opinion(NO_FACE, "Ann", "right"), NO_FACES)
    assert (review["face"], review["box"], review["predicted"]) == (0, None, None)
    assert schema_errors(review, STORED_REVIEW) == []
    with pytest.raises(InvalidRequest, match="send the verdict right"):
        parse(RIGHT | {"face": NO_FACE, "verdict": "not_a_face"})


@pytest.mark.parametrize(
    ("face", "document", "words"), [(3, DOCUMENT, "2 faces"), (0, DOCUMENT, "2 faces"), (1, NO_FACES, "no face")]
)
def test_a_face_that_the_result_does_not_have_is_a_conflict(face: int, document: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=f"has {words}, so there is no face {face}") as refused:
        make_review(Opinion(face, "Ann", "right"), document)
    assert (refused.value.status, refused.value.reason) == (409, "no_such_face")


INVALID: dict[str, Any] = {
    "no face": {"reviewer": "Ann", "verdict": "right"},
    "a face in words": RIGHT | {"face": "1"},
    "true as a face": RIGHT | {"face": True},
    "a face below 0": RIGHT | {"face": -1},
    "a face above the limit": RIGHT | {"face": MAX_FACES + 1},
    "no reviewer": {"face": 1, "verdict": "right"},
    "a reviewer of spaces": RIGHT | {"reviewer": " \t "},
    "a reviewer of joiners": RIGHT | {"reviewer": "\u200c\u200d"},
    "a reviewer with a line feed": RIGHT | {"reviewer": "A\nB"},
    "a reviewer with a mark that turns text around": RIGHT | {"reviewer": "A\u202eB"},
    "a reviewer with a lone surrogate": RIGHT | {"reviewer": "\ud800"},
    "a long reviewer": RIGHT | {"reviewer": "x" * (MAX_REVIEWER + 1)},
    "no verdict": {"face": 1, "reviewer": "Ann"},
    "another verdict": RIGHT | {"verdict": "wrong"},
    "a verdict that is a list": RIGHT | {"verdict": []},
    "no label": RIGHT | {"verdict": "label"},
    "two labels": RIGHT | {"verdict": "label", "label": "joy, grief"},
    "a label that is a list": RIGHT | {"verdict": "label", "label": []},
    "a label with another verdict": RIGHT | {"label": "sad"},
    "a long note": RIGHT | {"note": "x" * (MAX_NOTE + 1)},
    "a note that is null": RIGHT | {"note": None},
    "a note with a lone surrogate": RIGHT | {"note": "\ud800"},
    "a field that the stack fills": RIGHT | {"box": [1, 2, 3, 4]},
    "a list": [RIGHT],
    "a text": "right",
}


@pytest.mark.parametrize("fields", INVALID.values(), ids=INVALID)
def test_an_invalid_review_is_refused_with_a_sentence(fields: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(fields)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")
    assert refused.value.detail.endswith(".")


def test_another_content_type_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(RIGHT, "text/plain")
    assert refused.value.status == 415


@pytest.mark.parametrize(
    "name", ["Ann", "Ann O'Neil", "../../x", "a/b", "王小明", "Zoë", "می‌خواهم", "👩‍🚒", "~", "%41"]
)
def test_names_of_all_scripts_are_accepted_without_the_spaces_around_them(name: str) -> None:
    assert parse(RIGHT | {"reviewer": f" {name}\t"}).reviewer == name
    assert parse_place({"face": "1", "reviewer": f" {name}"}) == (1, name)


def test_a_name_is_the_same_however_a_keyboard_composes_it() -> None:
    assert parse(RIGHT | {"reviewer": "Zoe\u0308"}).reviewer == parse(RIGHT | {"reviewer": "Zo\u00eb"}).reviewer


@pytest.mark.parametrize(
    "parameters",
    [{}, {"face": "1"}, {"reviewer": "Ann"}, {"face": "x", "reviewer": "Ann"}, {"face": "9" * 9, "reviewer": "Ann"}],
    ids=str,
)
def test_a_review_is_deleted_only_with_its_face_and_its_reviewer(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        parse_place(parameters)


def test_a_stored_review_is_handed_on_without_unknown_fields() -> None:
    review = stored(note="why", verdict="label", label="sad")
    foreign = review | {"more": 1, "image": review["image"] | {"url": "https://evil.example/"}}
    foreign |= {"predicted": review["predicted"] | {"more": 1}, "model": MODEL | {"more": 1}}
    assert read(foreign) == review


FOREIGN: dict[str, Any] = {
    "another schema": stored(schema=2),
    "true as the schema": stored(schema=True),
    "no image": stored(image=None),
    "an etag that is a number": stored(image={"key": "inbox/a/1.png", "version_id": None, "etag": 1}),
    "a key outside the inbox": stored(image={"key": "a/1.png", "version_id": None, "etag": "e"}),
    "another image": stored(image={"key": "inbox/a/2.png", "version_id": None, "etag": "e"}),
    "another face": stored(face=2),
    "another reviewer": stored(reviewer="Bob"),
    "another verdict": stored(verdict="wrong"),
    "a box of three": stored(box=[1, 2, 3]),
    "a box without area": stored(box=[1, 2, 1, 4]),
    "two labels at once": stored(predicted={"label": "joy, grief", "confidence": 0.5}),
    "a confidence above 1": stored(predicted={"label": "sad", "confidence": 1.5}),
    "a model without a version": stored(model={"endpoint": "faces"}),
    "a version with a lone surrogate": stored(model=MODEL | {"version": "\ud800"}),
    "a text": "right",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_an_object_that_is_not_a_review_is_skipped(content: Any) -> None:
    assert read(content) is None


@pytest.mark.parametrize("data", [b"", b"no json", b"\xff", b"[" * 100_000, b'{"schema": NaN}'])
def test_bytes_that_are_no_json_are_skipped(data: bytes) -> None:
    assert parse_review(data, KEY, "inbox/", "reviews/") is None


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_KEY_BYTES // 4)
people = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=MAX_REVIEWER)


@given(names, people, st.integers(0, MAX_FACES))
def test_the_name_of_a_reviewer_never_leaves_its_place_in_the_key(name: str, reviewer: str, face: int) -> None:
    key = review_key(f"inbox/{name}", face, reviewer, "inbox/", "reviews/")
    assert len(key.encode()) <= MAX_KEY_BYTES
    file = key.removeprefix(review_folder(f"inbox/{name}", "inbox/", "reviews/"))
    assert "/" not in file
    assert file.isascii()


@given(people, people)
def test_two_reviewers_never_have_the_same_key(one: str, other: str) -> None:
    assert (encode_reviewer(one) == encode_reviewer(other)) is (one == other)


def test_a_name_that_looks_like_a_cut_one_is_not_the_cut_one() -> None:
    long = "👩" * MAX_REVIEWER
    cut = encode_reviewer(long)
    assert encode_reviewer(cut) != cut
    image = "n" * 1000
    folder = review_folder(f"inbox/{image}", "inbox/", "reviews/").removeprefix("reviews/").removesuffix("/")
    assert review_folder(f"inbox/{folder}", "inbox/", "reviews/") != f"reviews/{folder}/"


@pytest.mark.parametrize("name", ["a/1.png", "n" * 1018], ids=["short", "long"])
@pytest.mark.parametrize("reviewer", ["Ann", "👩" * MAX_REVIEWER], ids=["short", "long"])
def test_every_review_is_read_back_from_its_key(name: str, reviewer: str) -> None:
    document = DOCUMENT | {"image": IMAGE | {"key": f"inbox/{name}"}}
    review = make_review(Opinion(1, reviewer, "right"), document)
    key = review_key(f"inbox/{name}", 1, reviewer, "inbox/", "reviews/")
    assert parse_review(serialize(review), key, "inbox/", "reviews/") == review


def test_the_schema_has_the_limits_of_the_code() -> None:
    assert SCHEMAS["Verdict"]["enum"] == list(VERDICTS)
    assert SCHEMAS["FaceNumber"]["maximum"] == MAX_FACES
    assert SCHEMAS["Reviewer"]["maxLength"] == MAX_REVIEWER
    assert SCHEMAS["Note"]["maxLength"] == MAX_NOTE
