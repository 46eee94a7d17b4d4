"""POST /uploads and GET /results of the deployed API: images that a form uploads, and the documents about them."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from local.paths import SAMPLES
from mien.aws.listing import MAX_READ, PAGE
from mien.logic.images import MAX_BYTES
from tests import corpus
from tests.support.bucket import Bucket
from tests.support.forms import Form, request_form
from tests.support.rest import Send

LABELS = [path.name for path in sorted(SAMPLES.iterdir()) if path.is_dir()]


@pytest.fixture(scope="session")
def form(send: Send) -> Callable[[str], Form]:
    """Requests a form for PNGs in a folder of the inbox."""

    return partial(request_form, send)


def results(send: Send, **query: str) -> dict[str, Any]:
    answer = send("GET", "/results?" + urlencode(query))
    assert answer.status == 200, answer.body
    return answer.json


@pytest.fixture(scope="session")
def folder(bucket: Bucket, send: Send, form: Callable[[str], Form], sample: bytes) -> str:
    """A folder that was uploaded with a form: one face per label, faces with difficult names, and a text file."""
    name = "uploaded/"
    given = form(name)
    for label in LABELS:
        assert given.send((SAMPLES / label / "1.png").read_bytes(), f"{label}.png")[0] == 201
    key = given.fields["key"].replace("${filename}", "ü +%41&#?.png")
    assert given.send(sample, key=key)[0] == 201
    assert given.send(b"text", "text.png")[0] == 201
    for stored in ("text.png", "ü +%41&#?.png", *(f"{label}.png" for label in LABELS)):
        bucket.await_document(name + stored)
    return name


@pytest.mark.usefixtures("folder")
def test_uploaded_images_are_listed_in_the_order_of_their_keys(send: Send, folder: str) -> None:
    listed = results(send, prefix=folder)
    names = [document["image"]["key"].removeprefix("inbox/" + folder) for document in listed["results"]]
    assert names == [*sorted(f"{label}.png" for label in LABELS), "ü +%41&#?.png"]
    assert "next" not in listed
    [rejected] = results(send, prefix=folder, status="rejected")["results"]
    assert (rejected["image"]["key"], rejected["reason"]) == (f"inbox/{folder}text.png", "not_an_image")


def test_a_listed_document_is_the_stored_one_with_the_url_of_its_picture(
    send: Send, bucket: Bucket, folder: str, sample: bytes
) -> None:
    [document] = results(send, prefix=folder + "ü")["results"]
    url = document["image"].pop("url")
    del document["written"]
    assert [document] == bucket.documents(folder + "ü +%41&#?.png")
    with urllib.request.urlopen(url, timeout=60) as picture:
        assert picture.read() == sample


@pytest.mark.parametrize("name", ["happy.png", "ü +%41&#?.png", "text.png"])
def test_the_document_of_one_image_is_found_whether_it_was_rejected_or_not(
    name: str, send: Send, bucket: Bucket, folder: str
) -> None:
    document = send("GET", "/results/" + quote(folder + name)).json
    del document["image"]["url"], document["written"]
    assert [document] == bucket.documents(folder + name)


def test_a_name_with_percent_signs_is_not_the_image_that_it_encodes(send: Send, bucket: Bucket, sample: bytes) -> None:
    for name in ("encoded/a b.png", "encoded/a%20b.png"):
        bucket.upload(name, sample)
        bucket.await_document(name)
        found = send("GET", "/results/" + quote(name)).json
        assert found["image"]["key"] == bucket.inbox + name


@pytest.mark.parametrize("name", ["none.png", "uploaded", "..", "a%2Fb", "%00", "%0a", "%ff", "x" * 1100])
def test_an_image_without_a_document_is_a_404(name: str, send: Send) -> None:
    answer = send("GET", "/results/" + name)
    assert (answer.status, answer.json["reason"]) == (404, "no_document")


def test_a_label_selects_its_documents(send: Send, folder: str) -> None:
    every = results(send, prefix=folder)["results"]
    for label in {document["label"] for document in every}:
        listed = results(send, prefix=folder, label=label)
        assert listed["results"] == [
            {**document, "image": {**document["image"], "url": found["image"]["url"]}}
            for document, found in zip([d for d in every if d["label"] == label], listed["results"], strict=True)
        ]


@pytest.mark.parametrize(
    "query",
    ["label=sad,angry", "status=done", "label=sad&status=rejected", "prefix=%01", "after=" + "x" * 1025, "since=now"],
)
def test_an_invalid_query_is_refused(query: str, send: Send) -> None:
    answer = send("GET", f"/results?{query}")
    assert (answer.status, answer.json["reason"]) == (400, "malformed")


@pytest.fixture(scope="session")
def many(bucket: Bucket, folder: str) -> str:
    """More documents than one request reads, each 50th with another label, and some objects that are not documents."""
    [happy] = bucket.documents(f"{folder}happy.png")
    for number in range(MAX_READ + 150):
        label = "disgust" if number % 50 == 49 else "happy"
        fields = {"label": label, "confidence": 0.9, "probabilities": {"disgust": 0.1, "happy": 0.1} | {label: 0.9}}
        document = {
            **happy,
            **fields,
            "faces": [{**happy["faces"][0], **fields}],
            "image": {**happy["image"], "key": f"inbox/many/{number:04}.png"},
        }
        bucket.s3.put_object(
            Bucket=bucket.name, Key=f"{bucket.results}many/{number:04}.png.json", Body=json.dumps(document).encode()
        )
    for name, data in (("0003a.txt", b"text"), ("0003b.json", b'{"label": 3}'), ("0003c.bin", bytes(1_000_000))):
        bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}many/{name}", Body=data)
    return "many/"


def pages(send: Send, **query: str) -> list[list[str]]:
    """The names on each page, up to the last page."""
    found: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = results(send, **query, **after)
        found.append([document["image"]["key"].rpartition("/")[2] for document in page["results"]])
        if "next" not in page:
            return found
        after = {"after": page["next"]}


def test_pages_show_every_document_once(send: Send, many: str) -> None:
    found = pages(send, prefix=many)
    assert [name for page in found for name in page] == [f"{number:04}.png" for number in range(MAX_READ + 150)]
    assert max(map(len, found)) == PAGE


def test_a_page_may_end_with_a_key_that_has_control_characters(send: Send, bucket: Bucket, folder: str) -> None:
    [happy] = bucket.documents(f"{folder}happy.png")
    names = [f"control/{number:03}\t.png" for number in range(PAGE + 1)]
    for name in names:
        document = {**happy, "image": {**happy["image"], "key": bucket.inbox + name}}
        body = json.dumps(document).encode()
        bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}{name}.json", Body=body)
    found = [name for page in pages(send, prefix="control/") for name in page]
    assert found == [name.removeprefix("control/") for name in names]


def test_a_rare_label_is_found_although_each_page_reads_a_limited_number(send: Send, many: str) -> None:
    found = pages(send, prefix=many, label="disgust")
    assert [name for page in found for name in page] == [f"{number:04}.png" for number in range(49, MAX_READ + 150, 50)]
    assert len(found) == 2
    assert pages(send, prefix=many, label="sad") == [[], []]


@pytest.mark.parametrize(
    ("fields", "data", "says"),
    [
        ({"key": "results/1.png.json"}, b"x", "AccessDenied"),
        ({"key": "inbox/limited/../other.png"}, b"x", None),
        ({"key": "inbox/other/1.png"}, b"x", "AccessDenied"),
        ({"Content_Type": "text/html"}, b"<script>", "AccessDenied"),
        ({"Content_Type": "image/svg+xml"}, b"<svg/>", "AccessDenied"),
        ({}, b"", "EntityTooSmall"),
        ({}, bytes(MAX_BYTES + 1), "EntityTooLarge"),
    ],
    ids=["another prefix", "dots are a name", "another folder", "no image", "svg", "empty", "too large"],
)
def test_a_form_accepts_only_its_folder_its_type_and_its_size(
    fields: dict[str, str], data: bytes, says: str | None, form: Callable[[str], Form]
) -> None:
    """MiniStack checks the policy. Only AWS checks its signature."""
    status, words = form("limited/").send(data, **fields)
    if says is None:
        assert status == 201
    else:
        assert status in (400, 403)
        assert says in words


def test_an_image_of_the_maximum_size_can_be_uploaded(form: Callable[[str], Form], bucket: Bucket) -> None:
    assert form("limited/").send(bytes(MAX_BYTES), "largest.png")[0] == 201
    assert bucket.await_document("limited/largest.png")["reason"] == "not_an_image"


def test_each_form_without_a_folder_is_for_a_new_one(send: Send) -> None:
    first, second = (send("POST", "/uploads").json["prefix"] for _ in range(2))
    assert first != second
    assert first.startswith("inbox/")


def test_forms_and_documents_need_the_api_key(send: Send) -> None:
    for method, path in (("POST", "/uploads"), ("GET", "/results"), ("GET", "/results/1.png")):
        answer = send(method, path, x_api_key="guessed")
        assert (answer.status, answer.json["reason"]) == (403, "forbidden")


def test_the_page_needs_no_key(send: Send) -> None:
    answer = send("GET", "/", x_api_key="")
    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    [script] = re.findall(r'src="(page/\w+/app.js)"', answer.body)
    assert send("GET", f"/{script}", x_api_key="").content_type == "text/javascript; charset=utf-8"
    assert send("GET", f"/{script.replace('app', 'none')}", x_api_key="").status == 404


def test_a_bad_image_that_a_form_uploaded_is_rejected(form: Callable[[str], Form], bucket: Bucket) -> None:
    assert form("bad/").send(corpus.BAD["1x1.png"].data)[0] == 201
    assert bucket.await_document("bad/1.png")["reason"] == "too_small"
