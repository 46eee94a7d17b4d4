"""The page of a stack that stores its results as JSON Lines, in an embedded cloud of its own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from local.cloud import Cloud
from local.stack import start_application
from tests.support.bucket import Bucket

from . import accessibility
from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload

HEALTH = re.compile("_user_request_/health$")
DOCUMENTS = re.compile("_user_request_/(results|folders|reviews)")
NOTE = "This application stores the results of its inbox as JSON Lines"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with start_application(ResultFormat="lines") as running:
        yield running


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


def expect_no_gallery(page: Page) -> None:
    expect(page.get_by_text(NOTE)).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.locator("#gallery")).to_be_hidden()
    expect(page.get_by_role("radio", name="Store images and results")).to_be_hidden()


def test_the_page_says_where_the_results_are_and_has_no_gallery(visitor: Visitor) -> None:
    expect_no_gallery(visitor.page)
    expect(visitor.page.get_by_role("radio", name="Store nothing")).to_be_checked()


def test_it_says_so_too_while_the_model_does_not_answer(new_visitor: Visitor) -> None:
    new_visitor.page.route(HEALTH, lambda route: route.fulfill(status=503, json={"reason": "unavailable"}))
    new_visitor.page.goto(f"{new_visitor.url}#key={new_visitor.key}")
    expect_no_gallery(new_visitor.page)
    expect(new_visitor.page.locator("#health")).to_have_text("Model: unavailable")


def test_images_are_classified_and_nothing_is_stored(visitor: Visitor, bucket: Bucket) -> None:
    expect_no_gallery(visitor.page)
    happy = [face for face in FACES if face.parent.name == "happy"][:3]
    faces = [file_payload(face.name, face.read_bytes()) for face in happy]
    visitor.page.locator("#file-input").set_input_files(faces)
    visitor.wait_for_labels(3)
    assert [card.label for card in visitor.batch_cards()] == ["happy"] * 3
    assert bucket.keys() == []


def test_a_choice_that_the_browser_remembers_from_another_stack_does_not_count(new_visitor: Visitor) -> None:
    new_visitor.page.add_init_script("localStorage.setItem('mien-keep', 'inbox')")
    new_visitor.open_page()
    expect_no_gallery(new_visitor.page)
    expect(new_visitor.page.get_by_role("radio", name="Store nothing")).to_be_checked()


def test_images_that_were_chosen_for_the_inbox_before_the_key_was_known_are_stored_and_the_page_says_where_to_look(
    new_visitor: Visitor, bucket: Bucket
) -> None:
    page = new_visitor.page
    page.add_init_script("localStorage.setItem('mien-keep', 'inbox')")
    page.goto(new_visitor.url)
    faces = [file_payload(face.name, face.read_bytes()) for face in FACES[:2]]
    page.locator("#file-input").set_input_files(faces)
    page.get_by_label("API key").fill(new_visitor.key)
    page.get_by_role("button", name="Use this key").click()
    expect(new_visitor.batch).to_have_attribute("aria-busy", "false", timeout=TIMEOUT_MS)
    expect(new_visitor.batch).to_contain_text("In the inbox; its label will be a line in the bucket")
    expect(new_visitor.batch.get_by_role("button", name="Try again")).to_be_hidden()
    assert len(bucket.keys(bucket.inbox)) == 2


def test_an_image_that_only_the_inbox_accepts_is_not_offered_to_be_sent_there(visitor: Visitor) -> None:
    expect_no_gallery(visitor.page)
    # A TIFF can't be made smaller in the browser.
    large = file_payload("large.tif", b"II*\x00" + bytes(5_000_000), "image/tiff")
    visitor.page.locator("#file-input").set_input_files([large])
    expect(visitor.batch).to_have_attribute("aria-busy", "false", timeout=TIMEOUT_MS)
    expect(visitor.batch.get_by_role("button", name="to the inbox")).to_be_hidden()


def test_the_page_asks_for_documents_no_more_once_it_knows(new_visitor: Visitor) -> None:
    page = new_visitor.page
    page.clock.install()
    new_visitor.open_page()
    expect_no_gallery(page)
    asked: list[str] = []

    def log(request: Request) -> None:
        if DOCUMENTS.search(request.url):
            asked.append(request.url)

    page.on("request", log)
    page.clock.run_for(120_000)
    assert asked == []


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_the_page_is_accessible(width: int, scheme: accessibility.Scheme, new_visitor: Visitor) -> None:
    accessibility.prepare(new_visitor.page, width, scheme)
    new_visitor.open_page()
    expect_no_gallery(new_visitor.page)
    accessibility.check(new_visitor.page)
