"""Recent runs survive a reload: their counts, what was not sent, and the way to send it."""

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.support.bucket import Bucket

from . import accessibility
from .conftest import FACES, Model
from .visitor import TIMEOUT_MS, Visitor


def runs(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("region", name="Earlier runs in this browser").locator("#runs > li")


@pytest.fixture
def forced(visitor: Visitor) -> Visitor:
    """A person who leaves the page although it warns that images are not sent yet."""
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    return visitor


def test_a_run_is_found_again_after_a_reload_until_it_is_forgotten(visitor: Visitor) -> None:
    visitor.choose_files(*FACES[:3])
    visitor.wait_for_labels(3)
    folder = visitor.folder
    expect(runs(visitor)).to_have_count(0)
    visitor.page.reload()
    expect(runs(visitor)).to_contain_text([f"3 images in {folder}"])
    expect(runs(visitor)).to_contain_text(["3 labelled."])
    runs(visitor).get_by_role("button", name="Show the results").click()
    visitor.wait_for_results(3)
    visitor.page.get_by_role("button", name="Forget these runs").click()
    expect(runs(visitor)).to_have_count(0)
    visitor.page.reload()
    expect(visitor.page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)
    expect(runs(visitor)).to_have_count(0)


def test_a_run_that_waits_for_its_labels_is_followed_after_a_reload(forced: Visitor, model: Model) -> None:
    model.go_down()
    forced.choose_files(*FACES[:2])
    expect(forced.batch).to_contain_text("In the inbox, waiting for its label", timeout=TIMEOUT_MS)
    expect(forced.batch.locator(".outcome", has_text="In the inbox")).to_have_count(2, timeout=TIMEOUT_MS)
    forced.page.reload()
    expect(runs(forced)).to_contain_text(["0 labelled, 2 in the inbox, waiting."])
    model.come_up()
    expect(runs(forced)).to_contain_text(["2 labelled."], timeout=3 * TIMEOUT_MS)


def test_what_was_not_sent_is_named_and_goes_into_the_same_folder(forced: Visitor, bucket: Bucket) -> None:
    page = forced.page
    stuck = []

    def bucket_answer(route: Route) -> None:
        if is_upload(route) and FACES[1].name.encode() in (route.request.post_data_buffer or b""):
            stuck.append(route)
        else:
            route.continue_()

    page.route("**/*", bucket_answer)
    forced.choose_files(*FACES[:3])
    expect(forced.batch).to_contain_text("2 of 3 images done: 2 labelled.", timeout=TIMEOUT_MS)
    folder = forced.folder
    page.reload()
    page.unroute_all()
    expect(runs(forced)).to_contain_text(["2 labelled, 1 not sent."])
    page.get_by_text("1 image not sent").click()
    expect(runs(forced).get_by_role("listitem")).to_have_text([FACES[1].name])
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose the files again…").click()
    chooser.value.set_files(FACES[:3])
    forced.wait_for_labels(1)
    expect(runs(forced)).to_contain_text(["3 labelled."], timeout=2 * TIMEOUT_MS)
    assert set(bucket.results_in(folder)) == {folder + face.name for face in FACES[:3]}


def is_upload(route: Route) -> bool:
    return (route.request.headers.get("content-type") or "").startswith("multipart/")


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_in_the_list(width: int, new_visitor: Visitor) -> None:
    accessibility.prepare(new_visitor.page, width, "dark")
    new_visitor.open_page()
    run = {
        "prefix": "page/2026-01-01T00-00-00Z-abcd/",
        "began": "2026-01-01T00:00:00Z",
        "total": 12,
        "unsuitable": 1,
        "missingCount": 3,
        "missing": ["a.png", "b.png", "c.png"],
        "counts": {"labelled": 7, "no_face": 1, "too_small": 0, "refused": 0},
        "sendingUntil": 0,
    }
    new_visitor.page.evaluate("run => localStorage.setItem('mien-runs', JSON.stringify([run]))", run)
    new_visitor.page.reload()
    expect(runs(new_visitor)).to_contain_text(["7 labelled, 1 without a face, 4 not sent."])
    new_visitor.page.get_by_text("3 images not sent").click()
    accessibility.check(new_visitor.page)
