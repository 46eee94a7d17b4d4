"""Many images, and an API with its limits: what the page asks for, and how often. The API is played here."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Route, expect

from .conftest import FACES
from .visitor import PATIENCE, Visitor, payload

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
        "model": {"version": "played"},
    }


class Api:
    """Plays the bucket and its results. names: of images in the inbox; is_late: whether an image's result is not there
    yet; listed: after which names results were listed; asked: the names that were asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.is_late: Callable[[str], bool] = lambda name: False
        self.listed: list[str] = []
        self.asked: list[str] = []

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
        if query["status"] == "rejected":
            route.fulfill(json={"results": []})
            return
        after = query.get("after", "")
        self.listed.append(after)
        left = sorted(f"{name}.json" for name in self.ready() if f"{name}.json" > after)
        results = [document(key.removesuffix(".json")) for key in left[:PAGE]]
        route.fulfill(json={"results": results} | ({"next": left[PAGE - 1]} if left[PAGE:] else {}))

    def one(self, route: Route) -> None:
        name = unquote(route.request.url.partition("/results/")[2])
        self.asked.append(name)
        if name in self.ready():
            route.fulfill(json=document(name))
        else:
            route.fulfill(status=404, json={"status": 404, "detail": "There is none yet."})


@pytest.fixture
def api(stranger: Visitor) -> Api:
    """In the place of the real one."""
    played = Api()
    for path, answer in {
        "uploads": played.uploads,
        "bucket": played.bucket,
        r"results\?.*": played.page,
        "results/.*": played.one,
    }.items():
        stranger.page.route(re.compile(f"_user_request_/{path}$"), answer)
    stranger.come()
    return played


def test_late_images_do_not_have_all_others_listed_again(stranger: Visitor, api: Api) -> None:
    names = [f"{number:03}.png" for number in range(350)]
    late = {names[0], *names[338:]}
    api.is_late = lambda name: name.rpartition("/")[2] in late
    stranger.choose(*(payload(name, IMAGE) for name in names))
    expect(stranger.run).to_contain_text("337 of 350 images done", timeout=PATIENCE)
    api.listed.clear()
    for _ in range(3):
        with stranger.page.expect_request(re.compile("status=classified")):
            pass
    # From the first of them, and then from the next of them that is not on the first page.
    assert set(api.listed) == {"", f"{stranger.folder}337.png.json"}
    late.clear()
    stranger.await_labels(350)


def test_a_few_images_are_asked_for_by_name(stranger: Visitor, api: Api) -> None:
    stranger.choose(*(payload(f"{number}.png", IMAGE) for number in range(3)))
    stranger.await_labels(3)
    assert {name.removeprefix(stranger.folder) for name in api.asked} <= {"0.png", "1.png", "2.png"}


def test_a_thousand_results_are_loaded_at_a_time_and_sixty_shown(stranger: Visitor, api: Api) -> None:
    api.names = {f"{number:04}.png" for number in range(1500)}
    stranger.page.get_by_role("button", name="Refresh").click()
    loaded = stranger.page.locator("#loaded")
    expect(loaded).to_have_text("1,000 of 1,000 results here; there are more to load.", timeout=PATIENCE)
    stranger.page.get_by_role("button", name="Load 1,000 more").click()
    expect(loaded).to_have_text("1,500 of 1,500 results here; there are no others.", timeout=PATIENCE)
    expect(stranger.page.locator("#results > li")).to_have_count(60)
    stranger.page.get_by_role("button", name="Show 60 more of 1,500").click()
    expect(stranger.page.locator("#results > li")).to_have_count(120)
    # The classes are the model's: the page knows none by itself.
    expect(stranger.page.locator("#chart")).to_have_text(re.compile("calm1,500loud0"))


def test_fewer_images_are_sent_at_once_where_the_model_takes_one_a_call(stranger: Visitor, api: Api) -> None:
    sizes = []

    def classify(route: Route) -> None:
        images = json.loads(route.request.post_data or "")["images"]
        sizes.append(len(images))
        if len(images) > 10:
            problem = {"status": 413, "reason": "too_many_images", "detail": "So many are not taken."}
            route.fulfill(status=413, content_type="application/problem+json", body=json.dumps(problem))
        else:
            route.fulfill(json={"results": [document("any.png")] * len(images)})

    stranger.page.route(re.compile("_user_request_/classify$"), classify)
    stranger.page.get_by_label("Keep nothing").check()
    stranger.choose(*(payload(f"{number:02}.png", IMAGE) for number in range(40)))
    stranger.await_labels(40)
    assert sizes[0] == 40
    assert set(sizes[1:]) == {10}


def test_an_image_without_an_answer_is_tried_again_with_the_next_ones(stranger: Visitor, api: Api) -> None:
    tries = []

    def classify(route: Route) -> None:
        tries.append(route.request.headers["content-type"])
        failed = {"status": "failed", "reason": "unavailable", "detail": "There was no answer this time."}
        several = [document("any.png"), failed] if len(tries) == 1 else [document("any.png")]
        route.fulfill(json={"results": several} if len(tries) == 1 else several[0])

    stranger.page.route(re.compile("_user_request_/classify$"), classify)
    stranger.page.get_by_label("Keep nothing").check()
    stranger.choose(*(payload(f"{number}.png", IMAGE) for number in range(2)))
    stranger.await_labels(2)
    assert tries == ["application/json", "image/png"]


def test_without_a_network_the_page_says_so_and_goes_on_when_it_is_back(stranger: Visitor, api: Api) -> None:
    stranger.page.context.set_offline(True)
    down = re.compile("_user_request_/uploads$")
    stranger.page.route(down, lambda route: route.abort("internetdisconnected"))
    stranger.choose(*(payload(f"{number}.png", IMAGE) for number in range(3)))
    expect(stranger.run).to_contain_text("can’t be reached. Trying again in", timeout=PATIENCE)
    expect(stranger.page.get_by_text("API: can’t be reached")).to_be_visible(timeout=PATIENCE)
    stranger.page.unroute(down, None)
    stranger.page.context.set_offline(False)
    stranger.page.route(down, api.uploads)
    stranger.await_labels(3)
    expect(stranger.page.get_by_text("Model: answers")).to_be_visible(timeout=PATIENCE)
