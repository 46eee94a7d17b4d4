"""POST /classify with one or several images: the results, their order, and the limits."""

import importlib
import json
from types import ModuleType

import pytest

from local.paths import DETECTOR
from mien.logic.deadline import RESPONSE_SECONDS, Deadline
from mien.logic.pictures import GRAY_48, Find, Picture, read_picture
from mien.logic.requests import MAX_CALLS, MAX_IMAGES
from mien.pipeline.pictures import PictureReader, load_finder
from mien.pipeline.requests import SLOWEST_IMAGE
from tests import corpus
from tests.support.api import SECONDS, Response, StartApi
from tests.support.clock import Clock
from tests.support.images import base64_of, json_body
from tests.support.photos import GROUP, NOBODY, PEOPLE
from tests.support.sagemaker_runtime import EVEN, Reply, always, even_rows, model_error, serving


def reasons_or_statuses(response: Response) -> list[str]:
    return [entry.get("reason", entry["status"]) for entry in response.json["results"]]


def test_several_images_cost_one_call_and_are_answered_in_their_order(start_api: StartApi, sample: bytes) -> None:
    images = [sample, b"text", corpus.BAD["1x1.png"].data, corpus.GOOD["large.png"].data, b""]
    with serving(even_rows) as (url, requests):
        response = start_api(url).classify(json_body(*images))
    assert len(requests) == 1
    assert response.status == 200
    assert reasons_or_statuses(response) == ["classified", "not_an_image", "too_small", "no_face", "empty"]
    assert [entry["image"].get("width") for entry in response.json["results"]][::3] == [48, 960]


def test_an_entry_that_is_not_base64_is_rejected_alone(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, _):
        response = start_api(url).classify(json.dumps({"images": ["***", base64_of(sample)]}))
    assert reasons_or_statuses(response) == ["not_base64", "classified"]


def test_a_list_of_one_image_is_answered_with_a_list(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, _):
        response = start_api(url).classify(json_body(sample))
    assert reasons_or_statuses(response) == ["classified"]


def test_a_list_without_a_readable_image_costs_no_call(start_api: StartApi) -> None:
    with serving(even_rows) as (url, requests):
        response = start_api(url).classify(json_body(b"a", b"b"))
    assert (response.status, requests) == (200, [])


def test_the_plain_text_answer_has_one_line_per_image(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, _):
        response = start_api(url).classify(json_body(sample, b"text"), headers={"Accept": "text/plain"})
    assert response.body == "angry\nrejected\n"


def test_a_photo_is_answered_with_all_of_its_faces_largest_first(start_api: StartApi) -> None:
    with serving(even_rows) as (url, requests):
        result = start_api(url).classify_image(base64_of(GROUP)).json
    assert (result["status"], result["faces_found"], len(result["faces"])) == ("classified", PEOPLE, PEOPLE)
    areas = [(face["box"][2] - face["box"][0]) * (face["box"][3] - face["box"][1]) for face in result["faces"]]
    assert areas == sorted(areas, reverse=True)
    assert len(requests) == 1


def test_the_faces_of_all_images_share_one_call(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, requests):
        entries = start_api(url).classify(json_body(GROUP, sample, NOBODY, GROUP)).json["results"]
    assert [len(entry["faces"]) for entry in entries] == [PEOPLE, 1, 0, PEOPLE]
    assert [entry["status"] for entry in entries] == ["classified", "classified", "no_face", "classified"]
    [request] = requests
    assert f"'shape': ({2 * PEOPLE + 1}, 48, 48)".encode() in request.body


def test_as_text_a_photo_has_one_line_per_face_and_several_images_one_line_each(
    start_api: StartApi, sample: bytes
) -> None:
    text = {"Accept": "text/plain"}
    with serving(even_rows) as (url, _):
        api = start_api(url)
        assert api.classify_image(base64_of(GROUP), headers=text).body == "angry\n" * PEOPLE
        assert api.classify_image(base64_of(NOBODY), headers=text).body == "none\n"
        several = api.classify(json_body(GROUP, NOBODY, sample), headers=text).body
    assert several.splitlines() == [",".join(["angry"] * PEOPLE), "none", "angry"]


def test_a_photo_without_a_face_costs_no_call(start_api: StartApi) -> None:
    with serving(even_rows) as (url, requests):
        result = start_api(url).classify_image(base64_of(NOBODY)).json
    assert (result["status"], result["faces"], requests) == ("no_face", [], [])


def test_each_face_is_a_call_where_the_endpoint_accepts_one_image(start_api: StartApi) -> None:
    with serving(always(200, EVEN)) as (url, requests):
        result = start_api(url, ENDPOINT_INPUT="image").classify_image(base64_of(GROUP)).json
    assert len(result["faces"]) == len(requests) == PEOPLE


def test_without_detection_a_photo_is_one_face(start_api: StartApi) -> None:
    with serving(even_rows) as (url, _):
        result = start_api(url, FACES="whole").classify_image(base64_of(GROUP)).json
    [face] = result["faces"]
    assert "score" not in face
    assert result["model"]["detector"] == ""


def test_a_face_on_which_the_model_fails_fails_its_image_and_no_other(start_api: StartApi, sample: bytes) -> None:
    poison = read_picture(GROUP, GRAY_48, find_in_group()).faces[3].face
    assert poison

    def respond(body: bytes) -> Reply:
        return model_error(500) if poison.pixels in body else even_rows(body)

    with serving(respond) as (url, _):
        entries = start_api(url).classify(json_body(sample, GROUP, sample)).json["results"]
    assert [entry["status"] for entry in entries] == ["classified", "failed", "classified"]


def find_in_group() -> Find:
    return load_finder(DETECTOR).find


def test_a_full_list_costs_one_call_and_a_longer_one_is_refused(start_api: StartApi, sample: bytes) -> None:
    with serving(even_rows) as (url, requests):
        api = start_api(url)
        assert len(api.classify(json_body(*[sample] * MAX_IMAGES)).json["results"]) == MAX_IMAGES
        assert len(requests) == 1
        refused = api.classify(json_body(*[sample] * (MAX_IMAGES + 1)))
    assert (refused.status, refused.json["reason"], len(requests)) == (413, "too_many_images", 1)


def test_fewer_images_are_accepted_where_each_image_costs_a_call(start_api: StartApi, sample: bytes) -> None:
    with serving(always(200, EVEN)) as (url, requests):
        api = start_api(url, ENDPOINT_INPUT="image")
        assert len(api.classify(json_body(*[sample] * MAX_CALLS)).json["results"]) == MAX_CALLS
        assert len(requests) == MAX_CALLS
        assert api.classify(json_body(*[sample] * (MAX_CALLS + 1))).status == 413
    assert len(requests) == MAX_CALLS


def test_an_image_on_which_the_model_fails_does_not_fail_the_others(start_api: StartApi, sample: bytes) -> None:
    poison = bytes([77]) * 100

    def respond(body: bytes) -> Reply:
        return model_error(500, "secret") if poison in body else even_rows(body)

    bad = corpus.encoded(corpus.gray().point(lambda _: 77), "PNG")
    with serving(respond) as (url, _):
        response = start_api(url).classify(json_body(sample, bad, sample))
    assert [entry["status"] for entry in response.json["results"]] == ["classified", "failed", "classified"]
    assert response.json["results"][1]["reason"] == "unavailable"
    assert "secret" not in response.body


def test_images_for_which_no_time_is_left_fail_alone(
    start_api: StartApi, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    with serving(even_rows) as (url, requests):
        api = start_api(url)
        monkeypatch.setattr(
            Deadline, "from_context", staticmethod(lambda _: Deadline(SECONDS - RESPONSE_SECONDS, clock=clock))
        )
        module = importlib.import_module("mien.handlers.api")
        read, half = PictureReader.read, reading_time(module) / 2

        def read_slowly(reader: PictureReader, data: bytes) -> Picture:
            clock.now += half
            return read(reader, data)

        monkeypatch.setattr(PictureReader, "read", read_slowly)
        response = api.classify(json_body(*[sample] * 3))
    assert [entry["status"] for entry in response.json["results"]] == ["classified", "classified", "failed"]
    assert response.json["results"][2]["reason"] == "timeout"
    assert len(requests) == 1


def test_at_least_a_tenth_of_a_second_is_left_to_read_each_image() -> None:
    assert reading_time(importlib.import_module("mien.handlers.api")) / MAX_IMAGES >= 0.1


def reading_time(api: ModuleType) -> float:
    """Seconds in which all images of one request must be read, so that a call of the endpoint still fits."""
    return float(SECONDS - RESPONSE_SECONDS - api.endpoint.longest_call - SLOWEST_IMAGE)
