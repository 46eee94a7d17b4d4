"""The page as a whole: the API key, the keyboard, accessibility, small screens, the webcam and the version."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from . import accessibility
from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload


def test_a_key_in_the_address_is_used_and_removed_from_it(visitor: Visitor) -> None:
    assert visitor.page.url == visitor.url
    visitor.page.reload()
    expect(visitor.page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)


def test_an_address_without_its_last_slash_leads_to_the_page_and_keeps_the_key(new_visitor: Visitor) -> None:
    new_visitor.page.goto(f"{new_visitor.url.rstrip('/')}#key={new_visitor.key}")
    expect(new_visitor.page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)
    assert new_visitor.page.url == new_visitor.url


@pytest.mark.parametrize("version", ["9.8.7", None])
def test_the_footer_shows_the_version_if_the_api_has_one(version: str | None, new_visitor: Visitor) -> None:
    def health(route: Route) -> None:
        route.fulfill(json={"status": "up"} | ({"version": version} if version else {}))

    new_visitor.page.route(re.compile("_user_request_/health$"), health)
    new_visitor.open_page()
    footer = new_visitor.page.get_by_role("contentinfo")
    expect(footer).to_have_text(f"Mien {version}" if version else "")


@pytest.mark.parametrize(
    ("faces", "size", "color", "tagline", "says"),
    [
        (
            "find",
            48,
            "gray",
            "Labels the facial expressions in images.",
            "each face alone, in gray and reduced to 48 × 48",
        ),
        ("whole", 224, "rgb", "Labels images.", "of each picture, in color and reduced to 224 × 224 pixels"),
    ],
)
def test_the_page_says_what_this_model_sees_and_speaks_of_faces_only_if_it_is_for_them(
    faces: str, size: int, color: str, tagline: str, says: str, new_visitor: Visitor
) -> None:
    health = {"status": "up", "faces": faces, "input": {"size": size, "color": color}}
    new_visitor.page.route(re.compile("_user_request_/health$"), lambda route: route.fulfill(json=health))
    new_visitor.open_page()
    expect(new_visitor.page.get_by_role("banner")).to_contain_text(tagline)
    about = new_visitor.page.get_by_role("region", name="What the labels mean")
    expect(about).to_contain_text(says)
    expect(about.get_by_text("expression").locator("visible=true")).to_have_count(2 if faces == "find" else 0)


def test_the_page_can_be_used_with_the_keyboard_alone(visitor: Visitor, stored_folder: str) -> None:
    page = visitor.page
    # Playwright intercepts file choosers only some time after the first listener is added. The key below comes at once.
    page.on("filechooser", lambda chooser: None)
    page.get_by_role("button", name="change").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Choose images…")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(FACES[0])
    visitor.wait_for_labels(1)

    visitor.show_results(stored_folder, len(FACES))
    happy = page.locator("#label-chart").get_by_role("button", name="happy")
    # The labels are one stop, in which the arrows move.
    tab_to(page, "angry")
    while not happy.evaluate("button => button === document.activeElement"):
        page.keyboard.press("ArrowDown")
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
    """Presses Tab until a control has the focus whose name begins with `beginning`."""
    name = "(document.activeElement.ariaLabel ?? document.activeElement.textContent)"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(f"{name}.startsWith({beginning!r})"):
            return
    raise AssertionError(f"Tab reaches no control whose name begins with {beginning!r}")


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_and_the_page_needs_no_horizontal_scrolling(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor, stored_folder: str
) -> None:
    page = new_visitor.page
    accessibility.prepare(page, width, scheme)
    new_visitor.open_page()
    new_visitor.choose_files(*FACES[:2], file_payload("list.csv", b"a,b", "text/csv"))
    new_visitor.wait_for_labels(3, "2 labelled, 1 not sent")
    new_visitor.show_results(stored_folder, len(FACES))
    accessibility.check(page)
    page.locator("#results").get_by_role("button", name="Open").first.click()
    accessibility.check(page)


def test_the_webcam_says_that_its_picture_has_no_face_until_it_is_stopped(visitor: Visitor) -> None:
    page = visitor.page
    webcam = page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    expect(webcam).to_contain_text(re.compile(r"No face found; [\d.]+ frames per second"), timeout=TIMEOUT_MS)
    expect(webcam.locator(".box, .bars")).to_have_count(0)
    webcam.get_by_role("button", name="Stop the webcam").click()
    expect(webcam).to_contain_text("Stopped.")
    expect(webcam.get_by_role("button", name="Start the webcam")).to_be_visible()
    expect(page.locator("video")).to_have_js_property("srcObject", None)


def test_the_webcam_waits_while_the_model_is_unavailable(visitor: Visitor) -> None:
    problem = {"status": 503, "reason": "unavailable", "detail": "The model is unavailable."}
    classify = re.compile("_user_request_/classify$")
    visitor.page.route(classify, lambda route: route.fulfill(status=503, json=problem))
    webcam = visitor.page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    expect(webcam).to_contain_text("Retrying in", timeout=TIMEOUT_MS)
    visitor.page.unroute(classify)
    expect(webcam).to_contain_text("frames per second", timeout=TIMEOUT_MS)
