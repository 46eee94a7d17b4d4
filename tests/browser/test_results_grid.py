"""The Results section: faces as a grid, its keys, its address, its folders, and what it says while it loads."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.support.bucket import Bucket

from . import accessibility
from .photos import Photo, color_of, label, store
from .results_api import PAGE, ResultsApi, document_of, rejection
from .visitor import TIMEOUT_MS, Visitor, wait_until

GROUP = Photo("group.jpg", 640, 480, [(400, 120, 560, 320), (60, 150, 180, 300), (240, 200, 260, 222)])
SINGLE = Photo("single.jpg", 640, 480, [(220, 100, 420, 350)])
LANDSCAPE = Photo("landscape.jpg", 640, 480)


@pytest.fixture
def api(new_visitor: Visitor) -> ResultsApi:
    return ResultsApi(new_visitor.page)


@pytest.fixture
def small(api: ResultsApi, new_visitor: Visitor) -> Visitor:
    """A person who sees a group, a single face, a landscape, and an image that was rejected."""
    api.documents = [document_of(photo, f"a/{photo.name}") for photo in (GROUP, LANDSCAPE, SINGLE)]
    api.rejected = [rejection("a/text.png")]
    new_visitor.open_page()
    new_visitor.wait_for_results(5)
    return new_visitor


def cards(visitor: Visitor) -> Locator:
    return visitor.page.locator("#results > li button")


def captions(visitor: Visitor) -> Locator:
    return visitor.page.locator("#results > li button > .line")


def status(visitor: Visitor) -> Locator:
    return visitor.page.locator("#results-status")


def focused_name(visitor: Visitor) -> str:
    return str(visitor.page.evaluate("document.activeElement.ariaLabel"))


def many(count: int, photo: Photo = SINGLE) -> list[dict[str, Any]]:
    return [document_of(photo, f"{number:05}.jpg") for number in range(count)]


def test_each_face_is_a_card_with_its_label_and_states_are_cards_of_their_own(small: Visitor) -> None:
    expect(captions(small)).to_have_text(["angry 90%", "disgust 80%", "too small", "no face", "angry 90%"])
    expect(cards(small).first).to_have_accessible_name("Open a/group.jpg, face 1 of 3, angry 90%")
    expect(status(small)).to_have_text("4 faces in 3 photos. All results are loaded.")
    small.press_group("rejected")
    expect(cards(small)).to_have_accessible_name("Open a/text.png, rejected")
    expect(status(small)).to_have_text("0 of 4 faces, in 1 of 4 photos. All results are loaded.")
    small.press_group("no face")
    expect(captions(small)).to_have_text(["no face", "rejected"])


def test_the_switch_shows_photos_instead_of_faces_and_bars_on_demand(small: Visitor) -> None:
    small.page.get_by_role("checkbox", name="Bars").check()
    expect(small.page.locator("#results .bars")).to_have_count(3)
    small.page.get_by_role("radio", name="Photos").check()
    small.wait_for_results(3)
    expect(small.page.locator("#results .card .outcome")).to_have_text(["3 faces", "No face found", "angry 90%"])


def test_a_crop_shows_the_square_that_the_model_saw(visitor: Visitor, bucket: Bucket) -> None:
    """The crop of the second face has its box in the middle, and reaches outside the photo."""
    photo = Photo("crop.jpg", 400, 300, [(150, 100, 250, 200), (0, 0, 60, 60)])
    document = photo.document()
    document["faces"][0] |= {"crop": [150, 100, 250, 200], "turn": 180}
    document["faces"][1] |= {"crop": [-60, -60, 60, 60]}
    store(bucket, "crops/", photo, document)
    visitor.show_faces("crops/", 2)
    for number, crop in enumerate(visitor.page.locator("#results canvas").all()):
        expect(crop).not_to_have_js_property("width", 0, timeout=TIMEOUT_MS)
        shown = Image.open(io.BytesIO(crop.screenshot())).convert("RGB")
        width, height = shown.size
        # In the second crop, the face's own corner is repeated over the part outside the photo.
        for x, y in ((0.5, 0.5), (0.1, 0.1), (0.9, 0.1), (0.1, 0.9)):
            assert shown.getpixel((int(x * width), int(y * height))) == pytest.approx(color_of(number), abs=40)


def test_filters_for_confidence_and_detection_score_are_two_things(small: Visitor) -> None:
    page = small.page
    page.locator("#max-score").fill("94")
    expect(captions(small)).to_have_text(["disgust 80%", "too small"])
    page.locator("#min-confidence").fill("70")
    expect(captions(small)).to_have_text(["disgust 80%"])
    page.locator("#max-confidence").fill("60")
    expect(page.locator("#confidence-range")).to_contain_text("Nothing is from 70 to 60: exchange the two numbers.")
    expect(status(small)).to_have_text("None of 4 results match the filters. All results are loaded.")
    page.get_by_role("button", name="Clear filters").click()
    small.wait_for_results(5)
    expect(page.locator("#max-confidence")).to_have_value("100")


def test_the_first_result_is_three_tabs_away_and_keys_move_in_the_grid(api: ResultsApi, new_visitor: Visitor) -> None:
    api.documents = many(300)
    new_visitor.open_page()
    expect(status(new_visitor)).to_contain_text("300 faces", timeout=TIMEOUT_MS)
    page = new_visitor.page
    for key in ("Tab", "Tab", "Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    assert focused_name(new_visitor).startswith("Open 00000.jpg")
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('#results')).gridTemplateColumns.split(' ').length"
    )
    for key, number in (("ArrowRight", 1), ("ArrowDown", columns + 1), ("ArrowUp", 1), ("ArrowLeft", 0), ("End", None)):
        page.keyboard.press(key)
        if number is not None:
            assert focused_name(new_visitor).startswith(f"Open {number:05}.jpg")
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    assert focused_name(new_visitor) > f"Open {2 * columns:05}"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("ArrowRight")
    name = page.get_by_role("dialog").get_by_role("heading").first.inner_text()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile(f"^Open {re.escape(name)}"))


def test_filters_are_in_the_address_and_back_takes_them_back(small: Visitor) -> None:
    page = small.page
    small.press_group("disgust")
    expect(captions(small)).to_have_text(["disgust 80%"])
    page.get_by_label("Order").select_option("Most certain first")
    assert page.url.endswith("#show=disgust&order=most")
    page.reload()
    expect(captions(small)).to_have_text(["disgust 80%"], timeout=TIMEOUT_MS)
    expect(page.get_by_label("Order")).to_have_value("most")
    page.go_back()
    page.go_back()
    small.wait_for_results(5)


def test_the_viewer_is_in_the_address_and_back_closes_it(small: Visitor) -> None:
    page, viewer = small.page, small.page.get_by_role("dialog")
    cards(small).nth(1).click()
    expect(viewer).to_be_visible()
    address = page.url
    assert address.endswith("#image=a/group.jpg&face=2")
    page.go_back()
    expect(viewer).to_be_hidden()
    expect(cards(small).nth(1)).to_be_focused()
    page.goto("about:blank")
    page.goto(f"{address}&key={small.key}")
    expect(viewer.get_by_role("heading").first).to_have_text("a/group.jpg", timeout=TIMEOUT_MS)
    assert page.url == address
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page).to_have_url(small.url)


def test_a_folder_is_chosen_from_a_list_and_a_pasted_address_is_understood(
    api: ResultsApi, new_visitor: Visitor
) -> None:
    api.documents = [document_of(SINGLE, name) for name in ("a/1.jpg", "a/b/2.jpg", "c/3.jpg")]
    old = {"prefix": "a/", "documents": 2, "rejected": 1, "has_more": False, "written": "2026-01-01T10:00:00Z"}
    new = {"prefix": "c/", "documents": 1000, "rejected": 0, "has_more": True, "written": "2026-01-02T10:00:00Z"}
    api.folders = [old, new]
    new_visitor.open_page()
    new_visitor.wait_for_results(3)
    page = new_visitor.page
    rows = page.locator("#folder-list button")
    expect(rows).to_have_text(
        [re.compile("^All folders"), re.compile("^c/over 1,000 results"), re.compile("^a/2 .*1 r")]
    )
    rows.nth(2).click()
    new_visitor.wait_for_results(2)
    expect(rows.nth(2)).to_have_attribute("aria-current", "true")
    for text in ("s3://bucket/inbox/a/b/", "inbox/a/b/", "/a/b/", "a/b/"):
        page.get_by_label("Folder in the inbox").fill(text)
        page.get_by_role("button", name="Refresh").click()
        new_visitor.wait_for_results(1)
        expect(page.get_by_label("Folder in the inbox")).to_have_value("a/b/")
    assert page.url.endswith("#folder=a/b/")


def test_the_first_page_is_shown_at_once_and_a_download_waits_for_all(
    api: ResultsApi, new_visitor: Visitor, tmp_path: Path
) -> None:
    api.documents = many(350)
    api.is_held = lambda query: query.get("after") == str(2 * PAGE)
    new_visitor.open_page()
    page = new_visitor.page
    expect(page.locator("#results-progress")).to_have_text("200 results loaded, more to come…", timeout=TIMEOUT_MS)
    expect(status(new_visitor)).to_contain_text("200 faces in 200 photos. Not all results are loaded yet")
    expect(page.locator("#results > li")).not_to_have_count(0)
    page.get_by_role("button", name="Download CSV").click()
    expect(page.locator("#download-csv")).to_have_text("CSV waits for all results (200 loaded). Cancel")
    with page.expect_download() as download:
        api.release()
    download.value.save_as(tmp_path / "results.csv")
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 351
    expect(status(new_visitor)).to_have_text("350 faces in 350 photos. All results are loaded.")


def test_new_results_appear_by_themselves_and_move_nothing_that_is_looked_at(
    api: ResultsApi, new_visitor: Visitor
) -> None:
    api.documents = [document_of(SINGLE, name) for name in ("IMG_10.jpg", "IMG_2.jpg")]
    new_visitor.open_page()
    new_visitor.wait_for_results(2)
    expect(cards(new_visitor).first).to_have_accessible_name("Open IMG_2.jpg, angry 90%")
    cards(new_visitor).first.focus()
    api.documents.append(document_of(SINGLE, "IMG_1.jpg", "2026-01-01T10:00:01Z"))
    new_visitor.wait_for_results(3)
    assert "since" in api.requests[-1]
    expect(cards(new_visitor).first).to_be_focused()
    expect(cards(new_visitor).last).to_have_accessible_name("Open IMG_1.jpg, angry 90%")
    new_visitor.page.get_by_role("button", name="Sort 1 new card in").click()
    expect(cards(new_visitor).first).to_have_accessible_name("Open IMG_1.jpg, angry 90%")


def test_cards_follow_while_a_person_scrolls_up_to_a_number_that_is_said(api: ResultsApi, new_visitor: Visitor) -> None:
    crowd = Photo(
        "crowd.jpg", 1000, 800, [(x, y, x + 30, y + 30) for y in range(0, 800, 80) for x in range(0, 1000, 100)]
    )
    api.documents = [document_of(crowd, f"{number}.jpg") for number in range(25)]
    new_visitor.open_page()
    expect(status(new_visitor)).to_contain_text("2,500 faces in 25 photos", timeout=TIMEOUT_MS)
    page = new_visitor.page
    assert page.locator("#results > li").count() < 1000
    for _ in range(1500):
        if page.locator("#show-more").is_visible():
            break
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(100)
    expect(page.locator("#shown-count")).to_have_text("The first 2,000 of 2,500 faces are shown.")
    page.get_by_role("button", name="Show 500 more").click()
    # Canvases far from the window keep no memory. The browser tells the page a moment later which ones are far.
    drawn = "all => all.filter(({ width }) => width > 0).length"
    wait_until(page, lambda: page.locator("#results canvas").evaluate_all(drawn) < 500)


def test_the_list_of_folders_is_a_tab_stop_even_if_the_shown_folder_is_not_in_it(
    api: ResultsApi, new_visitor: Visitor
) -> None:
    api.folders = [
        {"prefix": f"{n}/", "documents": 1, "rejected": 0, "has_more": False, "written": f"2026-01-{n:02}T10:00:00Z"}
        for n in range(1, 20)
    ]
    accessibility.prepare(new_visitor.page, 1400, "light")
    new_visitor.open_page()
    new_visitor.show_faces("elsewhere/", 0)
    folders = new_visitor.page.locator("#folder-list button")
    expect(folders).to_have_count(20)
    assert folders.evaluate_all("all => all.filter(({ tabIndex }) => tabIndex === 0).length") == 1
    accessibility.check(new_visitor.page)


def test_a_window_shows_thirty_faces(api: ResultsApi, new_visitor: Visitor) -> None:
    api.documents = many(100)
    new_visitor.page.set_viewport_size({"width": 1280, "height": 800})
    new_visitor.open_page()
    new_visitor.wait_for_results(100)
    new_visitor.page.locator("#stored-results").evaluate("section => section.scrollIntoView()")
    inside = "all => all.filter(one => one.getBoundingClientRect().bottom <= innerHeight).length"
    assert new_visitor.page.locator("#results > li").evaluate_all(inside) >= 30


def test_the_csv_is_safe_in_spreadsheets_and_its_name_has_the_filter(
    api: ResultsApi, new_visitor: Visitor, tmp_path: Path
) -> None:
    api.documents = [document_of(GROUP, "=1+1.jpg"), document_of(LANDSCAPE, "@x.jpg")]
    api.rejected = [rejection("-2.png")]
    new_visitor.open_page()
    new_visitor.wait_for_results(4)
    for group in ("disgust", "no face", "rejected"):
        new_visitor.press_group(group)
    with new_visitor.page.expect_download() as download:
        new_visitor.page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "results_disgust_no_face_rejected.csv"
    download.value.save_as(tmp_path / "results.csv")
    assert (tmp_path / "results.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    lines = (tmp_path / "results.csv").read_text("utf-8-sig").splitlines()
    rows = {row["image"]: row for row in csv.DictReader(lines)}
    assert set(rows) == {"'=1+1.jpg", "'@x.jpg", "'-2.png"}
    face = rows["'=1+1.jpg"]
    assert (face["label"], face["width"], face["height"], face["model"]) == (label(1)["label"], "640", "480", "drawn")
    assert face["written"] == "2026-01-01T10:00:00Z"
    assert (rows["'-2.png"]["status"], rows["'-2.png"]["reason"]) == ("rejected", "not_an_image")


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_grid(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor, api: ResultsApi
) -> None:
    accessibility.prepare(new_visitor.page, width, scheme)
    api.documents = [document_of(photo, f"a/{photo.name}") for photo in (GROUP, LANDSCAPE, SINGLE)]
    api.rejected = [rejection("a/text.png")]
    api.folders = [
        {"prefix": "a/", "documents": 3, "rejected": 1, "has_more": False, "written": "2026-01-01T10:00:00Z"}
    ]
    new_visitor.open_page()
    new_visitor.wait_for_results(5)
    accessibility.check(new_visitor.page)
    new_visitor.page.evaluate("for (const panel of document.querySelectorAll('details')) panel.open = true")
    new_visitor.press_group("rejected")
    new_visitor.page.locator("#min-score").fill("99")
    new_visitor.page.locator("#max-score").fill("98")
    accessibility.check(new_visitor.page)
