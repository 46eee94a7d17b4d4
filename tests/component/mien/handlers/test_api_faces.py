"""POST /classify?faces=: what one request takes as faces, whatever the stack's parameter Faces says."""

import importlib
import json
import sys

import pytest

from mien.aws.listing import Listing
from tests.support.api import StartApi
from tests.support.fake_s3 import FakeS3
from tests.support.images import base64_of
from tests.support.photos import GROUP, NOBODY, PEOPLE
from tests.support.sagemaker_runtime import even_rows, serving


@pytest.mark.parametrize("of_stack", ["find", "whole"])
@pytest.mark.parametrize(("faces", "expected"), [("find", PEOPLE), ("whole", 1)])
def test_a_request_says_whether_faces_are_looked_for(
    of_stack: str, faces: str, expected: int, start_api: StartApi
) -> None:
    with serving(even_rows) as (url, _):
        result = start_api(url, FACES=of_stack).classify_image(base64_of(GROUP), query={"faces": faces}).json
    assert len(result["faces"]) == expected
    assert (result["model"]["detector"] != "") is (faces == "find")


def test_a_photo_in_which_no_face_is_found_can_be_labelled_whole(start_api: StartApi) -> None:
    with serving(even_rows) as (url, _):
        api = start_api(url)
        assert api.classify_image(base64_of(NOBODY)).json["status"] == "no_face"
        assert api.classify_image(base64_of(NOBODY), query={"faces": "whole"}).json["status"] == "classified"
        text = {"Accept": "text/plain"}
        assert api.classify_image(base64_of(NOBODY), query={"faces": "whole"}, headers=text).body == "angry\n"


def test_another_value_is_refused_with_a_sentence(start_api: StartApi, sample: bytes) -> None:
    response = start_api().classify_image(base64_of(sample), query={"faces": "all"})
    assert (response.status, response.json["reason"]) == (400, "malformed")
    assert "find or whole" in response.json["detail"]


def test_a_stack_that_takes_images_whole_loads_the_detector_only_for_a_request_that_needs_it(
    start_api: StartApi, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "mien.logic.detector", raising=False)
    monkeypatch.delitem(sys.modules, "mien.logic.faces", raising=False)
    with serving(even_rows) as (url, _):
        api = start_api(url, FACES="whole")
        assert api.classify_image(base64_of(sample), query={"faces": "whole"}).status == 200
        refused = api.classify_image(base64_of(sample), query={"faces": "find"})
    assert (refused.status, refused.json["reason"]) == (400, "no_detector")


def test_a_stack_whose_function_has_no_detector_says_so(start_api: StartApi, sample: bytes) -> None:
    response = start_api(FACES="whole", DETECTOR="none.onnx").classify_image(base64_of(sample), query={"faces": "find"})
    assert (response.status, response.json["reason"]) == (400, "no_detector")


def name(value: str) -> str:
    return json.dumps({"name": value})


@pytest.fixture
def inbox(sample: bytes, monkeypatch: pytest.MonkeyPatch) -> FakeS3:
    """A bucket with images in the inbox. No two of them have the same status, so that a name can't be mistaken."""
    stored = {"a b.png": sample, "nobody.jpg": NOBODY, "group.jpg": GROUP, "text.png": b"text", "empty.png": b""}
    bucket = FakeS3({f"inbox/{name}": data for name, data in stored.items()} | {"results/a.png": sample})
    monkeypatch.setattr(Listing, "s3", bucket)
    return bucket


@pytest.mark.parametrize(
    ("stored", "status"), [("a b.png", "classified"), ("nobody.jpg", "no_face"), ("group.jpg", "classified")]
)
@pytest.mark.usefixtures("inbox")
def test_a_stored_image_is_classified_by_its_name(stored: str, status: str, start_api: StartApi) -> None:
    with serving(even_rows) as (url, _):
        response = start_api(url).classify(name(stored))
    assert (response.status, response.json["status"]) == (200, status)
    assert set(response.json["image"]) == {"width", "height"}


def test_a_stored_image_without_a_face_can_be_labelled_whole_and_nothing_is_stored(
    inbox: FakeS3, start_api: StartApi, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(even_rows) as (url, _):
        api = start_api(url)
        whole = api.classify(name("nobody.jpg"), query={"faces": "whole"})
        text = api.classify(name("nobody.jpg"), query={"faces": "whole"}, headers={"Accept": "text/plain"})
        api.classify(name("not there.png"))
        api.classify(name("text.png"))
    assert (whole.json["status"], text.body) == ("classified", "angry\n")
    assert set(inbox.requests) == {"get_object"}
    assert not [word for word in ("nobody", "not there", "text.png") if word in capsys.readouterr().out]


@pytest.mark.parametrize(
    ("stored", "status", "reason"),
    [
        ("none.png", 404, "no_image"),
        ("a.png", 404, "no_image"),
        ("../results/a.png", 400, "malformed"),
        ("text.png", 400, "not_an_image"),
        ("empty.png", 400, "empty"),
    ],
)
@pytest.mark.usefixtures("inbox")
def test_a_name_without_a_readable_image_is_a_client_error(
    stored: str, status: int, reason: str, start_api: StartApi
) -> None:
    response = start_api().classify(name(stored))
    assert (response.status, response.json["reason"]) == (status, reason)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("InvalidObjectState", 422, "archived"),
        ("AccessDenied", 503, "unavailable"),
        ("SlowDown", 503, "unavailable"),
    ],
)
def test_an_image_that_s3_does_not_hand_out_has_its_status(
    code: str, status: int, reason: str, inbox: FakeS3, start_api: StartApi
) -> None:
    inbox.refuses = code
    response = start_api().classify(name("a b.png"))
    assert (response.status, response.json["reason"]) == (status, reason)


def test_a_stored_image_may_be_as_large_as_the_inbox_accepts(
    inbox: FakeS3, start_api: StartApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = start_api()
    monkeypatch.setattr(importlib.import_module("mien.handlers.api"), "MAX_BYTES", 100)
    inbox.objects["inbox/large.png"] = bytes(101)
    response = api.classify(name("large.png"))
    assert (response.status, response.json["reason"]) == (413, "too_large")
