"""The API key: what was chosen waits for a right one, one message says where it comes from, and the header stays."""

import pytest
from playwright.sync_api import Page, expect

from . import accessibility
from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor

REFUSED = "The API does not accept this key."


def header_height(page: Page) -> float:
    box = page.locator("body > header").bounding_box()
    assert box
    return box["height"]


def enter_key(visitor: Visitor, key: str) -> None:
    visitor.page.get_by_label("API key").fill(key)
    visitor.page.keyboard.press("Enter")


def test_chosen_images_wait_for_a_right_key_and_then_go_on_by_themselves(new_visitor: Visitor) -> None:
    page = new_visitor.page
    page.goto(new_visitor.url)
    expect(page.get_by_text("This page needs the API’s key.")).to_be_visible()
    height = header_height(page)
    new_visitor.choose_files(*FACES[:2])
    expect(page.get_by_label("API key")).to_be_focused()
    expect(new_visitor.batch).to_contain_text("Waiting for the API’s key.")

    enter_key(new_visitor, "wrong")
    expect(page.locator("#key-state")).to_have_text(REFUSED, timeout=TIMEOUT_MS)
    expect(page.locator("#key-help")).to_contain_text(
        "make up prints it. For a stack on AWS, aws apigateway get-api-key"
    )
    expect(page.get_by_label("API key")).to_be_focused()
    assert header_height(page) == height

    enter_key(new_visitor, new_visitor.key)
    expect(page.locator("#key-state")).to_contain_text("The key works.", timeout=TIMEOUT_MS)
    expect(page.get_by_label("API key")).to_be_hidden()
    expect(page.locator("#key-in-use")).to_have_text("Key in use · change")
    assert header_height(page) == height
    new_visitor.wait_for_labels(2)


def test_a_wrong_key_in_the_address_is_reported_and_can_be_corrected(new_visitor: Visitor) -> None:
    page = new_visitor.page
    page.goto(f"{new_visitor.url}#key=wrong")
    expect(page.locator("#key-state")).to_have_text(REFUSED, timeout=TIMEOUT_MS)
    expect(page.get_by_label("API key")).to_be_focused()
    enter_key(new_visitor, new_visitor.key)
    expect(page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)


def test_a_single_image_waits_for_the_key_too(new_visitor: Visitor) -> None:
    new_visitor.page.goto(new_visitor.url)
    new_visitor.choose_files(FACES[0])
    enter_key(new_visitor, new_visitor.key)
    new_visitor.wait_for_labels(1)


def test_a_key_in_use_can_be_changed(visitor: Visitor) -> None:
    page = visitor.page
    expect(page.get_by_label("API key")).to_be_hidden()
    height = header_height(page)
    page.get_by_role("button", name="change").click()
    expect(page.get_by_label("API key")).to_be_focused()
    assert header_height(page) == height
    enter_key(visitor, visitor.key)
    expect(page.get_by_role("button", name="change")).to_be_focused(timeout=TIMEOUT_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_without_a_key_and_with_a_wrong_one(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor
) -> None:
    accessibility.prepare(new_visitor.page, width, scheme)
    new_visitor.page.goto(new_visitor.url)
    accessibility.check(new_visitor.page)
    enter_key(new_visitor, "wrong")
    expect(new_visitor.page.locator("#key-state")).to_have_text(REFUSED, timeout=TIMEOUT_MS)
    accessibility.check(new_visitor.page)
