"""The page itself: its key, its keyboard, its sizes, its webcam; and who can't see it, or not well, can use it."""

from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from .conftest import FACES, Model
from .visitor import PATIENCE, Visitor, payload


def test_a_key_in_the_address_is_taken_and_removed(visitor: Visitor) -> None:
    assert visitor.page.url == visitor.root
    visitor.page.reload()
    expect(visitor.page.get_by_text("Model: answers")).to_be_visible(timeout=PATIENCE)


def test_an_address_without_its_slash_leads_to_the_page_with_the_key(stranger: Visitor) -> None:
    stranger.page.goto(f"{stranger.root.rstrip('/')}#key={stranger.key}")
    expect(stranger.page.get_by_text("Model: answers")).to_be_visible(timeout=PATIENCE)
    assert stranger.page.url == stranger.root


def test_a_wrong_key_is_named_and_the_right_one_can_be_typed(stranger: Visitor) -> None:
    page = stranger.page
    page.goto(f"{stranger.root}#key=wrong")
    expect(page.get_by_text("This API key is wrong")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("API key")).to_be_focused()
    page.get_by_label("API key").fill(stranger.key)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Model: answers")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("This API key is wrong")).to_be_hidden()


def test_without_a_key_nothing_is_sent_and_it_is_asked_for(stranger: Visitor) -> None:
    stranger.page.goto(stranger.root)
    stranger.choose(FACES[0])
    expect(stranger.page.get_by_text("The API key is missing.")).to_be_visible()
    expect(stranger.page.get_by_label("API key")).to_be_focused()
    expect(stranger.page.locator("#runs > article")).to_have_count(0)


def test_the_keyboard_alone_is_enough(visitor: Visitor, kept: str) -> None:
    page = visitor.page
    # A key is pressed at once, and the browser hands choosers to us only some time after they are first asked for.
    page.on("filechooser", lambda chooser: None)
    page.get_by_role("button", name="Use this key").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Choose images…")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(FACES[0])
    visitor.await_labels(1)

    visitor.results(kept, len(FACES))
    happy = page.locator("#chart").get_by_role("button", name="happy")
    tab_to(page, "happy")
    page.keyboard.press("Space")
    expect(happy).to_have_attribute("aria-pressed", "true")
    expect(happy).to_be_focused()
    tab_to(page, "Open ")
    opened = page.evaluate("document.activeElement.ariaLabel")
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    expect(viewer.get_by_role("heading")).to_have_text(opened.removeprefix("Open "))
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    assert page.evaluate("document.activeElement.ariaLabel") == opened


def tab_to(page: Page, beginning: str) -> None:
    """Presses Tab until a control is reached whose name begins so."""
    name = "(document.activeElement.ariaLabel ?? document.activeElement.textContent)"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"{name}.startsWith({beginning!r})"):
            return
    raise AssertionError(f"no control {beginning} can be reached")


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_left_out(width: int, scheme: Literal["light", "dark"], stranger: Visitor, kept: str) -> None:
    """axe finds names and roles that are missing, weak contrasts, headings out of order, and more."""
    page = stranger.page
    page.set_viewport_size({"width": width, "height": 800})
    # Contrasts are measured, and what fades in has less than it will have.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    # An init script is the browser's own, and not held back by the page's policy.
    page.add_init_script((files("axe_playwright_python") / "axe.min.js").read_text())
    stranger.come()
    stranger.choose(*FACES[:2], payload("list.csv", b"a,b", "text/csv"))
    stranger.await_labels(3, "2 labelled, 1 rejected, 0 failed")
    stranger.results(kept, len(FACES))
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator("#results").get_by_role("button", name="Open").first.click()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def faults(page: Page) -> list[str]:
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{one['help']}: {node['html']}" for one in found for node in one["nodes"]]


def test_the_webcam_shows_bars_until_it_is_stopped(visitor: Visitor) -> None:
    page = visitor.page
    webcam = page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    rows = webcam.get_by_role("list", name="Probability of each label").get_by_role("listitem")
    expect(rows).not_to_have_count(0, timeout=PATIENCE)
    expect(webcam).to_contain_text("frames a second", timeout=PATIENCE)
    webcam.get_by_role("button", name="Stop the webcam").click()
    expect(rows).to_have_count(0)
    expect(webcam.get_by_role("button", name="Start the webcam")).to_be_visible()
    expect(page.locator("video")).to_have_js_property("srcObject", None)


def test_the_webcam_waits_while_the_model_is_down(visitor: Visitor, model: Model) -> None:
    model.go_down()
    webcam = visitor.page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    expect(webcam).to_contain_text("The webcam waits", timeout=PATIENCE)
    model.come_up()
    expect(webcam).to_contain_text("frames a second", timeout=PATIENCE)
