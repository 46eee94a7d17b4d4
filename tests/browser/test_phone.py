"""The page on a phone: targets for fingers, and no words about dragging."""

from playwright.sync_api import expect

from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor

TARGET = 44
CONTROLS = "button, a, select, summary, label:has(input), input"
SMALL_TARGETS = """([scope, controls, side]) => [...document.querySelectorAll(`${scope} :is(${controls})`)]
  .filter((node) => node.checkVisibility() && !node.matches("label input"))
  .filter((node) => Math.min(node.getBoundingClientRect().height, node.getBoundingClientRect().width) < side)
  .map((node) => node.outerHTML)"""


def small_targets(phone: Visitor, scope: str) -> list[str]:
    found: list[str] = phone.page.evaluate(SMALL_TARGETS, [scope, CONTROLS, TARGET])
    return found


def test_targets_have_forty_four_pixels(phone: Visitor) -> None:
    phone.choose_files(*FACES[:2])
    phone.wait_for_labels(2)
    for scope in ("header", "#classify"):
        assert small_targets(phone, scope) == []
    phone.page.get_by_role("button", name="change").click()
    assert small_targets(phone, "header") == []
    phone.page.reload()
    expect(phone.page.get_by_role("heading", name="Earlier runs")).to_be_visible()
    assert small_targets(phone, "#classify") == []


def test_the_results_have_targets_of_forty_four_pixels(phone: Visitor, stored_folder: str) -> None:
    page = phone.page
    page.locator("#stored-results details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    expect(page.locator("#results > li").first).to_be_visible(timeout=TIMEOUT_MS)
    assert small_targets(phone, "#stored-results") == []


def test_nothing_says_that_images_can_be_dropped_or_pasted(phone: Visitor, visitor: Visitor) -> None:
    expect(visitor.page.get_by_text("Drop images or a folder here")).to_be_visible()
    for words in ("Drop images or a folder here", "You can also paste"):
        expect(phone.page.get_by_text(words)).to_be_hidden()
    expect(phone.page.get_by_role("button", name="Choose images…")).to_be_in_viewport()
