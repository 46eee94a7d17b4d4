"""One image: a large layout that comes into view by itself, on a wide screen and on a phone."""

import pytest
from playwright.sync_api import Locator, expect

from local.paths import ALL_SAMPLES

from . import accessibility
from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor

PHOTO = ALL_SAMPLES / "photos" / "group.jpg"


def edges(place: Locator) -> tuple[float, float, float, float]:
    box = place.bounding_box()
    assert box
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def test_on_a_wide_screen_the_answer_is_beside_the_picture(visitor: Visitor) -> None:
    visitor.choose_files(FACES[0])
    visitor.wait_for_labels(1)
    _, top, right, _ = edges(visitor.batch.locator(".picture"))
    left, answer_top, _, _ = edges(visitor.batch.locator(".answer"))
    assert (left > right, answer_top < top + 40) == (True, True)
    expect(visitor.batch.locator(".outcome")).to_be_in_viewport()
    expect(visitor.batch.get_by_role("heading")).to_be_focused()
    expect(visitor.batch.get_by_role("progressbar")).to_have_count(0)
    expect(visitor.batch).not_to_contain_text("1 of 1")


def test_on_a_phone_the_answer_is_below_the_picture_and_comes_into_view(phone: Visitor) -> None:
    phone.choose_files(FACES[0])
    phone.wait_for_labels(1)
    # The page still scrolls: both places must be from the same moment.
    is_below = """batch => batch.querySelector(".answer").getBoundingClientRect().top
      >= batch.querySelector(".picture").getBoundingClientRect().bottom"""
    assert phone.batch.evaluate(is_below)
    expect(phone.batch.locator(".outcome")).to_be_in_viewport()
    expect(phone.batch.locator(".bars")).to_be_in_viewport()


def test_the_answer_is_announced(visitor: Visitor) -> None:
    visitor.choose_files(FACES[0])
    visitor.wait_for_labels(1)
    outcome = visitor.batch.locator(".outcome").inner_text()
    expect(visitor.page.locator("#announcer")).to_have_text(f"{FACES[0].name}: {outcome}.", timeout=TIMEOUT_MS)


def test_several_faces_are_a_list_in_which_one_is_chosen(visitor: Visitor) -> None:
    visitor.choose_files(PHOTO)
    visitor.wait_for_labels(1, "7 faces")
    second = visitor.batch.get_by_role("list", name="Faces, largest first").get_by_role("button").nth(1)
    label = second.inner_text().split()[1]
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(visitor.batch.locator(".bars .highest .label")).to_have_text(label)
    expect(visitor.batch.locator(".box.chosen")).to_have_count(1)


def test_a_new_image_stands_above_the_one_before(visitor: Visitor) -> None:
    for face in FACES[:2]:
        visitor.choose_files(face)
        visitor.wait_for_labels(1)
    headings = visitor.page.locator("#batches h3")
    expect(headings).to_have_text([f"{face.name}, not stored" for face in FACES[1::-1]])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(width: int, scheme: accessibility.Scheme, new_visitor: Visitor) -> None:
    accessibility.prepare(new_visitor.page, width, scheme)
    new_visitor.open_page()
    new_visitor.choose_files(PHOTO)
    new_visitor.wait_for_labels(1, "7 faces")
    accessibility.check(new_visitor.page)
