"""What people say about faces: with keys and buttons, saved, undone, counted, and never lost silently."""

import csv
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.bucket import Bucket
from tests.support.labels import LABELS

from . import accessibility
from .fake_reviews import FakeReviews
from .modules import call, serve_modules
from .photos import Photo, store
from .test_faces import COUPLE, GROUP, LANDSCAPE, SINGLE
from .viewing import faces_of, open_photos
from .visitor import TIMEOUT_MS, Visitor, wait_until

PHOTOS: list[Photo] = [COUPLE, GROUP, LANDSCAPE, SINGLE]
FOLDER = "reviewed/"
NAMES = [FOLDER + photo.name for photo in PHOTOS]
SAD = str(LABELS.index("sad") + 1)


@pytest.fixture(scope="module")
def etags(bucket: Bucket) -> dict[str, str]:
    """The ETags of the stored photos, by name."""
    for photo in PHOTOS:
        store(bucket, FOLDER, photo)
    return {name: document["image"]["etag"] for name, document in bucket.results_in(FOLDER).items()}


@pytest.fixture
def api(page: Page, etags: dict[str, str]) -> FakeReviews:
    fake = FakeReviews(etags)
    fake.attach(page)
    return fake


@pytest.fixture
def visitor(api: FakeReviews, visitor_of_modules: Visitor) -> Visitor:
    """A person who has opened the page. The tests open its viewer with photos of their own."""
    return visitor_of_modules


@pytest.fixture
def ann(visitor: Visitor, api: FakeReviews) -> Visitor:
    """A person who has typed her name once."""
    visitor.page.evaluate("localStorage.setItem('mien-reviewer', 'Ann')")
    return visitor


def open_viewer(visitor: Visitor) -> Locator:
    return open_photos(visitor, FOLDER, PHOTOS)


def position(page: Page) -> str:
    return page.locator("#viewer-position").inner_text()


def judgements(api: FakeReviews) -> dict[tuple[str, int], tuple[str, str | None]]:
    return {
        (name.removeprefix(FOLDER), face): (one["verdict"], one.get("label"))
        for (name, face, _), one in api.stored.items()
    }


def wait_until_saved(page: Page, count: int, api: FakeReviews) -> None:
    expect(page.locator("#review-retry")).to_be_hidden()
    wait_until(page, lambda: len(api.stored) == count)


def test_the_name_is_typed_once_and_can_be_changed(visitor: Visitor, api: FakeReviews) -> None:
    page = visitor.page
    viewer = open_viewer(visitor)
    page.keyboard.press("r")
    expect(viewer.get_by_label("Your name, for the reviews")).to_be_focused()
    assert not api.stored
    page.keyboard.type("Ann r")
    page.keyboard.press("Enter")
    expect(viewer).to_contain_text("You review as Ann r.")
    page.keyboard.press("r")
    wait_until_saved(page, 1, api)
    assert {reviewer for _, _, reviewer in api.stored} == {"Ann r"}
    page.reload()
    viewer = open_viewer(visitor)
    expect(viewer).to_contain_text("You review as Ann r.")
    expect(viewer.locator("#review-progress")).to_have_text("1 of 5 faces reviewed")
    viewer.get_by_role("button", name="Change").click()
    viewer.get_by_label("Your name, for the reviews").fill("Ben")
    page.keyboard.press("Enter")
    expect(viewer).to_contain_text("You review as Ben.")
    expect(viewer.locator("#review-progress")).to_have_text("0 of 5 faces reviewed")
    expect(viewer.locator("#review-others")).to_have_text("Ann r: right")


def test_keys_review_face_after_face_and_the_progress_is_shown(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    viewer = open_viewer(ann)
    progress = viewer.locator("#review-progress")
    expect(progress).to_have_text("0 of 5 faces reviewed")
    page.keyboard.press("r")
    assert position(page) == "face 2 of 2, photo 1 of 4"
    page.keyboard.press(SAD)
    assert position(page) == "face 1 of 3, photo 2 of 4"
    expect(progress).to_have_text("2 of 5 faces reviewed")
    page.keyboard.press("x")
    page.keyboard.press("s")
    # Faces that are too small, and photos without a face, have no label to review.
    assert position(page) == "face 1 of 1, photo 4 of 4"
    page.keyboard.press("1")
    expect(progress).to_have_text("5 of 5 faces reviewed")
    wait_until_saved(page, 5, api)
    assert judgements(api) == {
        ("couple.jpg", 1): ("right", None),
        ("couple.jpg", 2): ("label", "sad"),
        ("group.jpg", 1): ("not_a_face", None),
        ("group.jpg", 2): ("unsure", None),
        # Who chooses the model's own label says that it is right.
        ("single.jpg", 1): ("right", None),
    }


def test_buttons_do_the_same_and_show_their_keys_and_what_was_said(ann: Visitor, api: FakeReviews) -> None:
    viewer = open_viewer(ann)
    go_on = viewer.get_by_label("Then go on to the next face to review")
    go_on.uncheck()
    names = ["Right r", "Not a face x", "Not sure s", *(f"{label} {n}" for n, label in enumerate(LABELS, 1))]
    for name in names:
        button = viewer.locator("#review").get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-keyshortcuts", name[-1])
        button.click()
    pressed = viewer.locator("#review").get_by_role("button", pressed=True)
    expect(pressed).to_have_text(names[-1])
    expect(faces_of(viewer).first.locator("review-chip")).to_have_text(f"→ {LABELS[-1]}")
    expect(faces_of(viewer).first).to_have_accessible_name(
        f"Face 1 of 2: angry, confidence 90%, detection score 95%, reviewed by Ann: {LABELS[-1]}"
    )
    wait_until_saved(ann.page, 1, api)
    expect(ann.page.locator("#review-state")).to_have_text("")


def test_a_note_belongs_to_the_review_before_and_after_the_verdict(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    viewer = open_viewer(ann)
    viewer.get_by_label("Then go on").uncheck()
    note = viewer.get_by_label("Note")
    page.keyboard.press("n")
    page.keyboard.type("looks 1 down")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(note).to_have_value("")
    page.keyboard.press("ArrowUp")
    expect(note).to_have_value("looks 1 down")
    page.keyboard.press(SAD)
    wait_until_saved(page, 1, api)
    page.keyboard.press("n")
    note.fill("another")
    # Escape leaves the note and not the viewer.
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(note).to_have_value("")
    wait_until(page, lambda: api.stored[NAMES[0], 1, "Ann"].get("note") == "another")
    assert api.stored[NAMES[0], 1, "Ann"]["label"] == "sad"


def test_undo_restores_what_was_said_before_and_returns_to_the_face(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    viewer = open_viewer(ann)
    page.keyboard.press("r")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("x")
    page.keyboard.press("2")
    wait_until_saved(page, 2, api)
    page.keyboard.press("End")
    page.keyboard.press("Control+z")
    assert position(page) == "face 2 of 2, photo 1 of 4"
    wait_until_saved(page, 1, api)
    page.keyboard.press("u")
    assert position(page) == "face 1 of 2, photo 1 of 4"
    expect(viewer.locator("#review").get_by_role("button", pressed=True)).to_have_text("Right r")
    viewer.get_by_role("button", name="Undo").click()
    wait_until_saved(page, 0, api)
    expect(viewer.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("u")
    expect(viewer.locator("#review-progress")).to_have_text("0 of 5 faces reviewed")


def test_a_review_that_can_not_be_saved_is_shown_as_such_and_can_be_saved_again(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    viewer = open_viewer(ann)
    api.is_down = True
    viewer.get_by_label("Then go on").uncheck()
    page.keyboard.press("r")
    expect(viewer.locator("#review-state")).to_have_text("Not saved: The bucket does not answer.")
    expect(faces_of(viewer).first.locator("review-chip")).to_have_text("✓ right, not saved")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    again = viewer.get_by_role("button", name="Save again")
    expect(again).to_have_text("Save again (2 not saved)")
    # The browser asks before it leaves the page.
    assert page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    api.is_down = False
    again.click()
    wait_until_saved(page, 2, api)
    expect(again).to_be_hidden()
    expect(viewer.locator("#review-state")).to_have_text("")
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_the_reviews_of_all_people_are_loaded_page_by_page_but_not_those_of_an_older_image(
    ann: Visitor, api: FakeReviews
) -> None:
    for reviewer in ("Ann", "Ben", "Cleo"):
        api.add(NAMES[0], face=1, reviewer=reviewer, verdict="unsure" if reviewer == "Ben" else "right")
    api.add(NAMES[0], etag="old", face=2, reviewer="Ann", verdict="right")
    api.add("elsewhere/1.jpg", etag="1", face=1, reviewer="Ann", verdict="right")
    api.requests.clear()
    ann.page.reload()
    viewer = open_viewer(ann)
    expect(viewer.locator("#review-progress")).to_have_text("1 of 5 faces reviewed")
    expect(viewer.locator("#review-others")).to_have_text("Ben: not sure; Cleo: right")
    expect(viewer.locator("review-chip:visible")).to_have_text("✓ right")
    # The results load the reviews of all that they show, so the viewer need not.
    assert api.requests == ["GET"] * 3


def test_a_photo_without_a_face_can_be_reviewed(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    viewer = open_photos(ann, FOLDER, PHOTOS, first=2)
    expect(viewer.get_by_role("button", name="Not a face")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("x")
    page.keyboard.press("r")
    wait_until_saved(page, 1, api)
    assert judgements(api) == {("landscape.jpg", 0): ("right", None)}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_while_a_person_reviews(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor, etags: dict[str, str]
) -> None:
    page = new_visitor.page
    accessibility.prepare(page, width, scheme)
    api = FakeReviews(etags)
    api.attach(page)
    serve_modules(page)
    new_visitor.open_page()
    open_viewer(new_visitor)
    page.keyboard.press("r")
    accessibility.check(page)
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    page.keyboard.press("r")
    page.keyboard.press("ArrowUp")
    api.add(NAMES[0], face=1, reviewer="Ben", verdict="unsure", note="blurred")
    accessibility.check(page)
    api.is_down = True
    page.keyboard.press("x")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#review-state")).to_contain_text("Not saved")
    accessibility.check(page)


def test_the_intervals_are_those_of_wilson(visitor: Visitor) -> None:
    def share(part: int, of: int) -> Any:
        return call(visitor.page, "review/statistics.js", "share", part, of)

    # Source: Newcombe, "Two-sided confidence intervals for the single proportion", 1998.
    assert share(81, 263) == {
        "part": 81,
        "of": 263,
        "low": pytest.approx(0.2553, abs=1e-4),
        "high": pytest.approx(0.3662, abs=1e-4),
    }
    assert share(0, 20) == {"part": 0, "of": 20, "low": 0, "high": pytest.approx(0.1611, abs=1e-4)}
    assert share(0, 0) == {"part": 0, "of": 0, "low": 0, "high": 1}


COUNT = """async said => {
  const load = path => import(new URL(path, document.querySelector("script[src]").src).href);
  const { reviewStatistics } = await load("review/statistics.js");
  const { reviews } = await load("review/review-store.js");
  const targets = said.map(([predicted], face) => ({ name: "x", etag: "1", face, predicted, id: `x\\n1\\n${face}` }));
  for (const [face, [, people]] of said.entries()) {
    for (const [who, answer] of Object.entries(people)) {
      const judgement = answer.length === 1 ? { verdict: "label", label: answer } : { verdict: answer };
      await reviews.set(targets[face], who, judgement);
    }
  }
  return reviewStatistics(targets, ["c", "b", "a"]);
}"""


def test_the_answer_about_a_face_is_what_most_people_say_and_the_others_are_counted_apart(
    ann: Visitor, api: FakeReviews
) -> None:
    api.etags["x"] = "1"
    said: list[tuple[str, dict[str, str]]] = [
        ("a", {"Ann": "right"}),
        ("a", {"Ann": "right", "Ben": "a", "Cy": "b"}),
        ("a", {"Ann": "b"}),
        ("b", {"Ann": "right", "Ben": "unsure"}),
        ("b", {"Ann": "right", "Ben": "a"}),
        ("b", {"Ann": "unsure"}),
        ("b", {"Ann": "not_a_face"}),
        ("b", {}),
    ]
    found = ann.page.evaluate(COUNT, said)
    assert found["labels"] == ["a", "b", "c"]
    assert (found["reviewed"], found["unsure"], found["notFaces"], found["disputed"]) == (7, 1, 1, 1)
    # Rows are the true classes.
    assert found["confusion"] == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]
    parts = {name: [(one["part"], one["of"]) for one in found[name]] for name in ("recall", "precision")}
    assert parts == {"recall": [(2, 2), (1, 2), (0, 0)], "precision": [(2, 3), (1, 1), (0, 0)]}
    assert (found["accuracy"]["part"], found["accuracy"]["of"]) == (3, 4)


def test_keys_review_the_faces_of_the_grid_and_the_csv_has_what_people_said(ann: Visitor, api: FakeReviews) -> None:
    page = ann.page
    api.add(NAMES[0], face=1, reviewer="Ben", verdict="unsure", note="blurred, and dark")
    page.reload()
    ann.show_faces(FOLDER, 7)
    cards = page.locator("#results > li button")
    cards.first.focus()
    page.keyboard.press("r")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("x")
    page.keyboard.press("u")
    page.keyboard.press(SAD)
    expect(cards.nth(3)).to_be_focused()
    wait_until_saved(page, 3, api)
    own = {face: verdict for face, verdict in judgements(api).items() if face[1]}
    assert set(own.values()) >= {("right", None), ("label", "sad")}
    page.get_by_role("radio", name="Faces").check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    with saved.value.path().open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    said = [tuple(row[name] for name in ("reviewer", "verdict", "true_label", "note")) for row in rows]
    assert said[0] == ("Ann;Ben", "right;unsure", f"{rows[0]['label']};", ";blurred, and dark")
    assert said[2] == ("Ann", "label", "sad", "")
    assert said[1] == said[3] == ("", "", "", "")


def test_without_a_name_a_key_in_the_grid_leads_to_the_field_for_it(visitor: Visitor, api: FakeReviews) -> None:
    visitor.show_faces(FOLDER, 7)
    visitor.page.locator("#results > li button").first.focus()
    visitor.page.keyboard.press("r")
    expect(visitor.page.get_by_role("dialog").get_by_label("Your name, for the reviews")).to_be_visible()
    assert not api.stored


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_review_is_stored_and_shown_in_the_grid_and_counted(
    scheme: accessibility.Scheme, new_visitor: Visitor, bucket: Bucket
) -> None:
    folder = f"judged-{scheme}/"
    for photo in (GROUP, SINGLE):
        store(bucket, folder, photo)
    page = new_visitor.page
    accessibility.prepare(page, 1280, scheme)
    new_visitor.open_page()
    page.evaluate("localStorage.setItem('mien-reviewer', 'Ann')")
    new_visitor.show_faces(folder, 4)
    page.locator("#results > li button").first.click()
    viewer = page.get_by_role("dialog")
    expect(viewer).to_contain_text("You review as Ann.")
    page.keyboard.press("r")
    expect(viewer.locator("#review-progress")).to_have_text("1 of 3 faces reviewed")
    page.keyboard.press(SAD)
    expect(viewer.locator("#review-progress")).to_have_text("2 of 3 faces reviewed")
    page.keyboard.press("Escape")
    expect(page.locator("#results review-chip:visible")).to_have_text(["✓ right", "→ sad"])
    expect(page).not_to_have_url(re.compile("image="))
    wait_until(page, lambda: len(bucket.keys(f"reviews/{folder}")) == 2)
    page.reload()
    expect(page.locator("#results review-chip:visible")).to_have_text(["✓ right", "→ sad"], timeout=TIMEOUT_MS)
    page.get_by_text("Reviews: 2 of 3 labelled faces that are shown").click()
    expect(page.locator("#review-numbers")).to_contain_text("Accuracy: 50% (9% to 91%), 1 of 2")
    expect(page.get_by_role("table", name="Faces by the label that people gave")).to_be_visible()
    accessibility.check(page)
