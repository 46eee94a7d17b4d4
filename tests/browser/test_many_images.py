"""Many images: what the page requests from the API, and how often. A fake answers in the place of the API."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Route, expect

from mien.logic.queries import format_next, parse_next

from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload

IMAGE = FACES[0].read_bytes()
PAGE = 100


def document(name: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "status": "classified",
        "label": "calm",
        "confidence": 0.75,
        "probabilities": {"calm": 0.75, "loud": 0.25},
        "image": {"key": f"inbox/{name}", "width": 48, "height": 48},
        "model": {"version": "fake"},
    }


class FakeApi:
    """Answers in the place of the bucket and the API.

    names: images in the inbox.
    is_late: whether an image has no result yet.
    listed: the parameter `after` of each request for a list of results.
    requested: names whose single results were requested.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.is_late: Callable[[str], bool] = lambda name: False
        self.listed: list[str] = []
        self.requested: list[str] = []

    def ready(self) -> set[str]:
        return {name for name in self.names if not self.is_late(name)}

    def uploads(self, route: Route) -> None:
        prefix = "inbox/" + json.loads(route.request.post_data or "")["prefix"]
        forms = {"image/png": {"key": prefix + "${filename}"}}
        url = route.request.url.replace("/uploads", "/bucket")
        answer = {"url": url, "prefix": prefix, "max_bytes": 10**7, "expires_in": 900, "forms": forms}
        route.fulfill(json=answer)

    def bucket(self, route: Route) -> None:
        body = (route.request.post_data_buffer or b"").decode(errors="replace")
        [name] = re.findall(r'name="key"\r\n\r\ninbox/(.*)\r\n', body)
        self.names.add(name)
        route.fulfill(status=201)

    def page(self, route: Route) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        if query.get("status") == "rejected":
            route.fulfill(json={"results": []})
            return
        after = parse_next(query.get("after", "")) or query.get("after", "")
        self.listed.append(after)
        left = sorted(f"{name}.json" for name in self.ready() if f"{name}.json" > after)
        results = [document(key.removesuffix(".json")) for key in left[:PAGE]]
        route.fulfill(json={"results": results} | ({"next": format_next(left[PAGE - 1])} if left[PAGE:] else {}))

    def one(self, route: Route) -> None:
        name = unquote(route.request.url.partition("/results/")[2])
        self.requested.append(name)
        if name in self.ready():
            route.fulfill(json=document(name))
        else:
            route.fulfill(status=404, json={"status": 404, "detail": "The image has no result yet."})


@pytest.fixture
def api(new_visitor: Visitor) -> FakeApi:
    """Replaces the API for the visitor, who then opens the page."""
    fake = FakeApi()
    for path, answer in {
        "uploads": fake.uploads,
        "bucket": fake.bucket,
        r"results\?.*": fake.page,
        "results/.*": fake.one,
    }.items():
        new_visitor.page.route(re.compile(f"_user_request_/{path}$"), answer)
    new_visitor.open_page()
    return fake


def test_lists_skip_pages_in_which_every_image_has_its_result(new_visitor: Visitor, api: FakeApi) -> None:
    names = [f"{number:03}.png" for number in range(350)]
    late = {names[0], *names[338:]}
    api.is_late = lambda name: name.rpartition("/")[2] in late
    new_visitor.choose_files(*(file_payload(name, IMAGE) for name in names))
    expect(new_visitor.batch).to_contain_text("337 of 350 images done", timeout=TIMEOUT_MS)
    api.listed.clear()
    for _ in range(3):
        with new_visitor.page.expect_request(re.compile(r"results\?(?!.*status=)")):
            pass
    # The first list begins before the first late image. The second begins before the next late image, which is not on
    # the first page.
    assert set(api.listed) == {"", f"{new_visitor.folder}337.png.json"}
    late.clear()
    new_visitor.wait_for_labels(350)


def test_a_few_missing_results_are_requested_by_name(new_visitor: Visitor, api: FakeApi) -> None:
    new_visitor.choose_files(*(file_payload(f"{number}.png", IMAGE) for number in range(3)))
    new_visitor.wait_for_labels(3)
    assert {name.removeprefix(new_visitor.folder) for name in api.requested} <= {"0.png", "1.png", "2.png"}


def test_all_results_are_loaded_and_the_labels_come_with_the_documents(new_visitor: Visitor, api: FakeApi) -> None:
    api.names = {f"{number:04}.png" for number in range(1500)}
    new_visitor.page.get_by_role("button", name="Refresh").click()
    status = new_visitor.page.locator("#results-status")
    expect(status).to_have_text("1,500 faces in 1,500 photos. All results are loaded.", timeout=TIMEOUT_MS)
    # The labels come with the documents. The page has none of its own.
    expect(new_visitor.page.locator("#label-chart")).to_have_text(re.compile("calm1,500loud0"))


def test_requests_get_smaller_if_the_api_accepts_fewer_images(new_visitor: Visitor, api: FakeApi) -> None:
    sizes = []

    def classify(route: Route) -> None:
        images = json.loads(route.request.post_data or "")["images"]
        sizes.append(len(images))
        if len(images) > 10:
            problem = {"status": 413, "reason": "too_many_images", "detail": "The request has too many images."}
            route.fulfill(status=413, content_type="application/problem+json", body=json.dumps(problem))
        else:
            route.fulfill(json={"results": [document("any.png")] * len(images)})

    new_visitor.page.route(re.compile("_user_request_/classify$"), classify)
    new_visitor.choose_files(*(file_payload(f"{number:02}.png", IMAGE) for number in range(40)), is_stored=False)
    new_visitor.wait_for_labels(40)
    assert sizes[0] == 40
    assert set(sizes[1:]) == {10}


def test_an_image_without_an_answer_is_sent_again(new_visitor: Visitor, api: FakeApi) -> None:
    tries = []

    def classify(route: Route) -> None:
        tries.append(route.request.headers["content-type"])
        failed = {"status": "failed", "reason": "unavailable", "detail": "The model did not answer."}
        several = [document("any.png"), failed] if len(tries) == 1 else [document("any.png")]
        route.fulfill(json={"results": several} if len(tries) == 1 else several[0])

    new_visitor.page.route(re.compile("_user_request_/classify$"), classify)
    new_visitor.choose_files(*(file_payload(f"{number}.png", IMAGE) for number in range(2)), is_stored=False)
    new_visitor.wait_for_labels(2)
    assert tries == ["application/json", "image/png"]


def test_without_a_network_the_page_waits_and_continues_when_the_network_is_back(
    new_visitor: Visitor, api: FakeApi
) -> None:
    new_visitor.page.context.set_offline(True)
    down = re.compile("_user_request_/uploads$")
    new_visitor.page.route(down, lambda route: route.abort("internetdisconnected"))
    new_visitor.choose_files(*(file_payload(f"{number}.png", IMAGE) for number in range(3)))
    expect(new_visitor.batch).to_contain_text("can’t be reached. Retrying in", timeout=TIMEOUT_MS)
    expect(new_visitor.page.get_by_text("API: unreachable")).to_be_visible(timeout=TIMEOUT_MS)
    new_visitor.page.unroute(down, None)
    new_visitor.page.context.set_offline(False)
    new_visitor.page.route(down, api.uploads)
    new_visitor.wait_for_labels(3)
    expect(new_visitor.page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)
