"""What the page shows of the model's state, above all while it is waking up, and how often it asks."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor

HEALTH = re.compile("_user_request_/health$")
CLASSIFY = re.compile("_user_request_/classify$")
UP = {"status": "up", "version": "1.0.0"}
# As the API answers while the model is waking up.
STARTING = {
    "status": 503,
    "reason": "starting",
    "detail": "The model is waking up, which can take a minute. Try again in 5 seconds.",
}
HALF_AN_HOUR_MS = 30 * 60 * 1000
# The page hides itself from its own scripts, as if another tab were chosen.
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@dataclass
class Api:
    """The API in front of a model that sleeps or is awake.

    checks: how often the page asked for the model's state.
    """

    is_awake: bool = True
    checks: list[bool] = field(default_factory=list)

    def answer_health(self, route: Route) -> None:
        self.checks.append(self.is_awake)
        self.answer(route)

    def answer_classify(self, route: Route) -> None:
        if self.is_awake:
            route.continue_()
        else:
            self.answer(route)

    def answer(self, route: Route) -> None:
        if self.is_awake:
            route.fulfill(json=UP)
        else:
            headers = {"Retry-After": "5", "Content-Type": "application/problem+json"}
            route.fulfill(status=503, headers=headers, body=json.dumps(STARTING))


@pytest.fixture
def api(new_visitor: Visitor) -> Iterator[Api]:
    api = Api()
    new_visitor.page.route(HEALTH, api.answer_health)
    new_visitor.page.route(CLASSIFY, api.answer_classify)
    yield api
    new_visitor.page.unroute_all(behavior="ignoreErrors")


def open_page(visitor: Visitor, state: str) -> None:
    visitor.page.goto(f"{visitor.url}#key={visitor.key}")
    expect(visitor.page.locator("#health")).to_have_text(state, timeout=TIMEOUT_MS)


def pass_time(page: Page, milliseconds: int) -> None:
    """Moves the page's clock, so that all its timers run."""
    for _ in range(10):
        page.clock.run_for(milliseconds // 10)


WAKING = "Model: waking up; asking again…"
AVAILABLE = "Model: available"


def test_an_open_page_asks_once_for_the_state_of_a_model_that_is_up(new_visitor: Visitor, api: Api) -> None:
    new_visitor.page.clock.install()
    open_page(new_visitor, AVAILABLE)
    pass_time(new_visitor.page, HALF_AN_HOUR_MS)
    for hidden in (True, False):
        new_visitor.page.evaluate(HIDE, hidden)
    pass_time(new_visitor.page, HALF_AN_HOUR_MS)
    assert len(api.checks) == 1


def test_the_page_sees_by_itself_that_the_model_woke_up(new_visitor: Visitor, api: Api) -> None:
    api.is_awake = False
    open_page(new_visitor, WAKING)
    api.is_awake = True
    expect(new_visitor.page.locator("#health")).to_have_text(AVAILABLE, timeout=TIMEOUT_MS)
    assert api.checks[-1]


def test_a_hidden_page_never_asks(new_visitor: Visitor, api: Api) -> None:
    page = new_visitor.page
    page.clock.install()
    api.is_awake = False
    open_page(new_visitor, WAKING)
    page.evaluate(HIDE, True)
    count = len(api.checks)
    pass_time(page, HALF_AN_HOUR_MS)
    assert len(api.checks) == count
    api.is_awake = True
    page.evaluate(HIDE, False)
    expect(page.locator("#health")).to_have_text(AVAILABLE, timeout=TIMEOUT_MS)
    assert len(api.checks) == count + 1


def test_a_single_image_waits_for_the_waking_model(new_visitor: Visitor, api: Api) -> None:
    open_page(new_visitor, AVAILABLE)
    api.is_awake = False
    new_visitor.choose_files(FACES[0])
    expect(new_visitor.batch).to_contain_text(
        re.compile(r"The model is waking up, which can take a minute\. This page asks it again in \d s\."),
        timeout=TIMEOUT_MS,
    )
    expect(new_visitor.page.locator("#health")).to_have_text(WAKING, timeout=TIMEOUT_MS)
    api.is_awake = True
    new_visitor.wait_for_labels(1)
    expect(new_visitor.page.locator("#health")).to_have_text(AVAILABLE, timeout=TIMEOUT_MS)


def test_a_batch_in_the_inbox_says_that_the_model_is_waking_up(new_visitor: Visitor, api: Api) -> None:
    """The results are kept from the page, as if the inbox waited for the model too."""
    open_page(new_visitor, AVAILABLE)
    api.is_awake = False
    results = re.compile(r"_user_request_/results/")
    not_there = {"status": 404, "reason": "no_document", "detail": "There is no document yet."}
    new_visitor.page.route(results, lambda route: route.fulfill(status=404, json=not_there))
    new_visitor.choose_files(*FACES[:3])
    notice = new_visitor.batch.get_by_text("The model is waking up, which can take a minute. The images are safe")
    expect(notice).to_be_visible(timeout=TIMEOUT_MS)
    api.is_awake = True
    new_visitor.page.unroute(results)
    new_visitor.wait_for_labels(3)
    expect(notice).to_be_hidden()


def test_the_webcam_waits_for_the_waking_model(new_visitor: Visitor, api: Api) -> None:
    open_page(new_visitor, AVAILABLE)
    api.is_awake = False
    webcam = new_visitor.page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    expect(webcam).to_contain_text("The model is waking up, which can take a minute.", timeout=TIMEOUT_MS)
    api.is_awake = True
    expect(webcam).to_contain_text("frames per second", timeout=TIMEOUT_MS)


def test_the_words_about_a_waking_model_fit_on_a_phone(phone: Visitor) -> None:
    phone.page.route(HEALTH, Api(is_awake=False).answer_health)
    phone.page.reload()
    expect(phone.page.locator("#health")).to_have_text(WAKING, timeout=TIMEOUT_MS)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.page.unroute_all(behavior="ignoreErrors")
