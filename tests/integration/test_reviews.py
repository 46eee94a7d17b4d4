"""PUT, GET and DELETE of reviews through the deployed API, and what becomes of the reviews of a deleted image."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mien.aws.listing import PAGE
from tests.support.bucket import Bucket
from tests.support.photos import NOBODY
from tests.support.rest import Response, Send
from tests.support.waiting import eventually


def put(send: Send, name: str, **fields: Any) -> Response:
    body = {"face": 1, "reviewer": "Ann", "verdict": "right"} | fields
    return send("PUT", "/reviews/" + quote(name), json.dumps(body).encode(), Content_Type="application/json")


def delete(send: Send, name: str, face: int = 1, reviewer: str = "Ann") -> Response:
    return send("DELETE", f"/reviews/{quote(name)}?" + urlencode({"face": face, "reviewer": reviewer}))


def reviews(send: Send, prefix: str, **query: str) -> dict[str, Any]:
    answer = send("GET", "/reviews?" + urlencode({"prefix": prefix, **query}))
    assert answer.status == 200, answer.body
    return answer.json


def verdicts(send: Send, prefix: str) -> list[tuple[str, str]]:
    return [(review["reviewer"], review["verdict"]) for review in reviews(send, prefix)["reviews"]]


def test_a_review_has_the_face_and_the_model_of_the_result(send: Send, bucket: Bucket, sample: bytes) -> None:
    result = bucket.classify("reviewed/ü +%41&#?.png", sample)
    review = put(send, "reviewed/ü +%41&#?.png", verdict="label", label="sad", note="looks down").json
    [face] = result["faces"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", review.pop("written"))
    assert review == {
        "schema": 1,
        "image": {name: result["image"][name] for name in ("key", "version_id", "etag")},
        "face": 1,
        "box": face["box"],
        "predicted": {"label": "happy", "confidence": face["confidence"]},
        "model": result["model"],
        "verdict": "label",
        "label": "sad",
        "note": "looks down",
        "reviewer": "Ann",
    }
    [listed] = reviews(send, "reviewed/ü")["reviews"]
    assert listed.pop("written")
    assert listed == review
    # The result itself never changes.
    assert bucket.documents("reviewed/ü +%41&#?.png") == [result]


def test_a_second_review_replaces_the_first_one_of_the_same_reviewer_only(
    send: Send, bucket: Bucket, sample: bytes
) -> None:
    bucket.classify("twice/1.png", sample)
    for reviewer, verdict in (("Ann", "right"), ("Ben / 王", "unsure"), ("../2.png/1.Cid", "right"), ("Ann", "unsure")):
        assert put(send, "twice/1.png", reviewer=reviewer, verdict=verdict).status == 200
    expected = [("../2.png/1.Cid", "right"), ("Ann", "unsure"), ("Ben / 王", "unsure")]
    assert verdicts(send, "twice/") == expected
    assert delete(send, "twice/1.png", reviewer="Ben / 王").status == 204
    assert delete(send, "twice/1.png", reviewer="Ben / 王").status == 204
    assert verdicts(send, "twice/") == [expected[0], expected[1]]
    assert delete(send, "twice/none.png").status == 204


def test_pages_show_every_review_once_and_skip_other_objects(send: Send, bucket: Bucket, sample: bytes) -> None:
    bucket.classify("many reviews.png", sample)
    review = put(send, "many reviews.png").json
    del review["written"]
    names = [f"Reviewer-{number:03}" for number in range(PAGE + 20)]
    for name in names:
        body = json.dumps(review | {"reviewer": name}).encode()
        bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.reviews}many reviews.png/1.{name}.json", Body=body)
    for key in ("1.Reviewer-050a.json", "text"):
        bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.reviews}many reviews.png/{key}", Body=b"{}")
    first = reviews(send, "many reviews.png/")
    second = reviews(send, "many reviews.png/", after=first["next"])
    assert "next" not in second
    found = [review["reviewer"] for page in (first, second) for review in page["reviews"]]
    assert found == ["Ann", *names]
    assert len(first["reviews"]) == PAGE - 1


def test_what_has_no_result_or_no_such_face_can_not_be_reviewed(send: Send, bucket: Bucket, sample: bytes) -> None:
    bucket.classify("refused/1.png", sample)
    bucket.classify("refused/text.png", b"text")
    for name, fields, status, reason in (
        ("refused/none.png", {}, 404, "no_document"),
        ("refused/text.png", {}, 404, "no_document"),
        ("refused/1.png", {"face": 2}, 409, "no_such_face"),
        ("refused/1.png", {"face": 0}, 409, "no_such_face"),
        ("refused/1.png", {"verdict": "wrong"}, 400, "malformed"),
        ("refused/1.png", {"box": [0, 0, 9, 9]}, 400, "malformed"),
    ):
        answer = put(send, name, **fields)
        assert (answer.status, answer.json["reason"]) == (status, reason)
    assert reviews(send, "refused/") == {"reviews": []}


def test_an_image_without_a_face_is_reviewed_as_face_0(send: Send, bucket: Bucket) -> None:
    assert bucket.classify("empty studio.jpg", NOBODY)["status"] == "no_face"
    review = put(send, "empty studio.jpg", face=0).json
    assert (review["box"], review["predicted"]) == (None, None)
    assert put(send, "empty studio.jpg", face=0, verdict="not_a_face").status == 400


def test_an_image_that_was_overwritten_can_not_be_reviewed_until_it_has_its_result(
    send: Send, bucket: Bucket, sample: bytes
) -> None:
    result = bucket.classify("overwritten/1.png", sample)
    old = json.dumps(result | {"image": result["image"] | {"etag": "0" * 32}}).encode()
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}overwritten/1.png.json", Body=old)
    answer = put(send, "overwritten/1.png")
    assert (answer.status, answer.json["reason"]) == (409, "image_changed")
    assert bucket.keys(f"{bucket.reviews}overwritten/") == []


@pytest.mark.parametrize("name", ["deleted review.png", "x" * 1000 + ".png"], ids=["short", "long"])
def test_deleting_an_image_deletes_its_reviews(name: str, send: Send, bucket: Bucket, sample: bytes) -> None:
    bucket.upload(name, sample)
    assert eventually(lambda: send("GET", "/results/" + quote(name)).status == 200)
    for reviewer in ("Ann", "👩" * 64):
        assert put(send, name, reviewer=reviewer).status == 200
    start = bucket.reviews + name[:100]
    assert len(bucket.keys(start)) == 2
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name)
    assert eventually(lambda: bucket.keys(start) == [])


@pytest.mark.parametrize("query", ["prefix=%01", "after=" + "x" * 1025])
def test_an_invalid_query_is_refused(query: str, send: Send) -> None:
    answer = send("GET", f"/reviews?{query}")
    assert (answer.status, answer.json["reason"]) == (400, "malformed")


def test_reviews_need_the_api_key(send: Send) -> None:
    for method, path in (("GET", "/reviews"), ("PUT", "/reviews/1.png"), ("DELETE", "/reviews/1.png")):
        answer = send(method, path, x_api_key="guessed")
        assert (answer.status, answer.json["reason"]) == (403, "forbidden")
