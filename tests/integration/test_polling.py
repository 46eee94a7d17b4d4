"""GET /results?since= and GET /folders of the deployed API, and POST /classify with the name of a stored image."""

import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from local.paths import SAMPLES
from mien.logic.times import format_time
from tests.support.bucket import Bucket
from tests.support.photos import NOBODY
from tests.support.rest import Send


def results(send: Send, **query: str) -> list[dict[str, Any]]:
    answer = send("GET", "/results?" + urlencode(query))
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["results"]
    return found


def folders(send: Send, prefix: str = "") -> dict[str, dict[str, Any]]:
    """All folders within one, by their names."""
    found: dict[str, dict[str, Any]] = {}
    after: dict[str, str] = {}
    while True:
        answer = send("GET", "/folders?" + urlencode({"prefix": prefix} | after))
        assert answer.status == 200, answer.body
        found |= {folder["prefix"]: folder for folder in answer.json["folders"]}
        if "next" not in answer.json:
            return found
        after = {"after": answer.json["next"]}


@pytest.fixture(scope="module")
def uploaded(bucket: Bucket, sample: bytes) -> str:
    """A folder with two results, one of them in a folder within it, and a rejection."""
    folder = "polled é/"
    for name, data in (("1.png", sample), ("within/2.png", sample), ("text.png", b"text")):
        bucket.upload(folder + name, data)
    for name in ("1.png", "within/2.png", "text.png"):
        bucket.await_document(folder + name)
    return folder


def test_only_documents_since_a_time_are_listed(send: Send, bucket: Bucket, uploaded: str, sample: bytes) -> None:
    before = results(send, prefix=uploaded)
    assert len(before) == 2
    newest = max(document["written"] for document in before)
    while format_time(datetime.now(UTC)) <= newest:
        time.sleep(0.1)
    bucket.await_document(f"{uploaded}new.png", bucket.upload(f"{uploaded}new.png", sample)["VersionId"])
    after = results(send, prefix=uploaded, since=newest)
    [new] = [document for document in after if document["written"] > newest]
    assert new["image"]["key"] == f"inbox/{uploaded}new.png"
    assert results(send, prefix=uploaded, since=new["written"], label=new["label"]) != []
    assert results(send, prefix=uploaded, since="9999-01-01T00:00:00Z") == []
    [rejected] = results(send, prefix=uploaded, status="rejected", since="2000-01-01T00:00:00Z")
    assert rejected["image"]["key"] == f"inbox/{uploaded}text.png"


def test_a_folder_is_listed_with_its_numbers(send: Send, uploaded: str) -> None:
    listed = folders(send)
    own = listed[uploaded]
    written = [document["written"] for document in results(send, prefix=uploaded)]
    rejected = results(send, prefix=uploaded, status="rejected")
    assert (own["documents"], own["rejected"], own["has_more"]) == (len(written), 1, False)
    assert own["written"] == max(*written, rejected[0]["written"])
    assert list(listed) == sorted(listed, key=str.encode)


def test_the_folders_within_a_folder_are_listed_too(send: Send, uploaded: str) -> None:
    assert list(folders(send, uploaded)) == [uploaded, f"{uploaded}within/"]
    assert folders(send, "none/") == {}


def test_more_folders_than_fit_on_a_page_are_all_listed(send: Send, bucket: Bucket) -> None:
    names = [f"many-folders/{number:03}/" for number in range(95)]
    for place, name in enumerate(names):
        for prefix in (bucket.results,) if place % 2 else (bucket.results, bucket.rejected):
            bucket.s3.put_object(Bucket=bucket.name, Key=f"{prefix}{name}1.png.json", Body=b"{}")
    listed = folders(send, "many-folders/")
    assert list(listed) == names
    assert [folder["rejected"] for folder in listed.values()] == [1 - place % 2 for place in range(95)]


@pytest.mark.parametrize("query", ["prefix=a", "prefix=%01/", "after=" + "x" * 1025])
def test_an_invalid_query_for_folders_is_refused(query: str, send: Send) -> None:
    answer = send("GET", f"/folders?{query}")
    assert (answer.status, answer.json["reason"]) == (400, "malformed")


def test_a_stored_image_without_a_face_can_be_labelled_whole(send: Send, bucket: Bucket) -> None:
    name = "again/nobody é.jpg"
    bucket.upload(name, NOBODY)
    assert bucket.await_document(name)["status"] == "no_face"

    def classify(path: str) -> Any:
        return send("POST", path, json.dumps({"name": name}).encode(), Content_Type="application/json").json

    assert classify("/classify")["status"] == "no_face"
    assert classify("/classify?faces=whole")["status"] == "classified"
    [stored] = bucket.documents(name)
    assert stored["status"] == "no_face"


def test_a_name_that_no_image_has_is_a_404(send: Send) -> None:
    answer = send("POST", "/classify", json.dumps({"name": "none.png"}).encode(), Content_Type="application/json")
    assert (answer.status, answer.json["reason"]) == (404, "no_image")


def test_health_says_what_the_page_needs_to_know(send: Send) -> None:
    health = send("GET", "/health").json
    assert sorted(health["labels"]) == sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
    assert (health["faces"], health["max_request_bytes"]) == ("find", 4_500_000)
