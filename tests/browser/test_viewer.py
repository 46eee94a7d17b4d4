"""The viewer: one large picture, its faces, and what the model says about the chosen one."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.bucket import Bucket

from . import accessibility
from .fake_reviews import FakeReviews
from .modules import serve_modules
from .photos import Photo, store
from .test_faces import CROWD, DISTANT, GROUP, LANDSCAPE, SINGLE, WHOLE
from .viewing import faces_of, open_photos, steps_of
from .visitor import Visitor, file_payload, wait_until

LONG = Photo(f"{'a-long-name-' * 20}end.jpg", 640, 480, GROUP.boxes)
NESTED = Photo("nested.jpg", 600, 600, [(50, 50, 550, 550), (200, 200, 400, 400)])
PHOTOS = [GROUP, SINGLE, LANDSCAPE, CROWD, DISTANT, WHOLE, LONG, NESTED]
FOLDER = "viewer/"


@pytest.fixture
def visitor(visitor_of_modules: Visitor) -> Visitor:
    """A person who has opened the page. The tests open its viewer with photos of their own."""
    return visitor_of_modules


@pytest.fixture(scope="module")
def folder(bucket: Bucket) -> str:
    for photo in PHOTOS:
        document = CROWD.document(faces_found=137) if photo is CROWD else None
        store(bucket, FOLDER, photo, WHOLE.whole_document() if photo is WHOLE else document)
    return FOLDER


@pytest.fixture
def person(visitor: Visitor, folder: str) -> Visitor:
    """A person who has not reviewed anything."""
    FakeReviews({}).attach(visitor.page)
    return visitor


def position_of(page: Page) -> str:
    return page.locator("#viewer-position").inner_text()


def middle_of(page: Page, number: int) -> tuple[float, float]:
    """The middle of a face's box in the window."""
    box = page.locator("#viewer .box").filter(has=page.get_by_text(str(number), exact=True)).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_left_and_right_step_through_photos_and_up_and_down_through_faces_over_the_edge(person: Visitor) -> None:
    page = person.page
    open_photos(person, FOLDER, [GROUP, LANDSCAPE, SINGLE])
    steps = [
        ("ArrowDown", "face 2 of 3, photo 1 of 3", [0, 1]),
        ("ArrowDown", "face 3 of 3, photo 1 of 3", [0, 2]),
        ("ArrowDown", "photo 2 of 3", [1, 0]),
        ("ArrowDown", "face 1 of 1, photo 3 of 3", [2, 0]),
        ("ArrowUp", "photo 2 of 3", [1, 0]),
        ("ArrowUp", "face 3 of 3, photo 1 of 3", [0, 2]),
        ("ArrowRight", "photo 2 of 3", [1, 0]),
        ("End", "face 1 of 1, photo 3 of 3", [2, 0]),
        ("Home", "face 1 of 3, photo 1 of 3", [0, 0]),
    ]
    for key, position, _ in steps:
        page.keyboard.press(key)
        assert position_of(page) == position, key
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert position_of(page) == "face 1 of 3, photo 1 of 3"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    wait_until(page, lambda: steps_of(person)[-1][0] == "closed")
    assert steps_of(person) == [*(place for _, _, place in steps), ["closed", 0, 0]]


def test_the_buttons_step_like_the_keys_and_stay_in_place(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [GROUP, LONG, LANDSCAPE, SINGLE])
    buttons = [
        viewer.get_by_role("button", name=name)
        for name in ("Previous photo", "Previous face", "Next face", "Next photo", "Zoom in", "Close")
    ]
    places = [button.bounding_box() for button in buttons]
    picture = page.locator("#viewer-picture").bounding_box()
    for _ in range(3):
        buttons[3].click()
        assert [button.bounding_box() for button in buttons] == places
        assert page.locator("#viewer-picture").bounding_box() == picture
    assert position_of(page) == "face 1 of 1, photo 4 of 4"
    expect(buttons[3]).to_have_attribute("aria-disabled", "true")
    expect(buttons[3]).to_be_focused()
    buttons[1].click()
    assert position_of(page) == "photo 3 of 4"


def test_the_viewer_begins_with_the_given_face(person: Visitor) -> None:
    viewer = open_photos(person, FOLDER, [SINGLE, GROUP], first=1, face=1)
    assert position_of(person.page) == "face 2 of 3, photo 2 of 2"
    expect(viewer.locator("#viewer-outcome")).to_have_text("disgust")


def test_a_click_or_the_mouse_over_a_face_is_the_same_in_the_picture_and_in_the_strip(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [GROUP])
    faces = faces_of(viewer)
    page.mouse.move(*middle_of(page, 2))
    expect(viewer.locator(".box.pointed .number")).to_have_text("2")
    expect(faces.nth(1)).to_have_class("pointed")
    page.mouse.down()
    page.mouse.up()
    expect(faces.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(viewer.locator(".box.chosen .number")).to_have_text("2")
    faces.nth(0).hover()
    expect(viewer.locator(".box.pointed .number")).to_have_text("1")
    expect(faces.nth(0)).to_have_class("pointed")
    faces.nth(0).click()
    expect(viewer.locator(".box.chosen .number")).to_have_text("1")
    expect(viewer.get_by_role("list", name="Probability of each label").locator(".highest")).to_contain_text("angry")
    page.mouse.move(2, 2)
    expect(viewer.locator(".pointed")).to_have_count(0)


def test_a_face_within_another_can_be_chosen_in_the_picture(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [NESTED])
    page.mouse.click(*middle_of(page, 2))
    expect(viewer.locator(".box.chosen .number")).to_have_text("2")


def test_each_face_is_a_button_with_a_spoken_name(person: Visitor) -> None:
    faces = faces_of(open_photos(person, FOLDER, [GROUP]))
    for position, name in enumerate(
        (
            "Face 1 of 3: angry, confidence 90%, detection score 95%",
            "Face 2 of 3: disgust, confidence 80%, detection score 94%",
            "Face 3 of 3: too small to label, detection score 93%",
        )
    ):
        expect(faces.nth(position)).to_have_accessible_name(name)
    whole = faces_of(open_photos(person, FOLDER, [WHOLE]))
    expect(whole).to_have_accessible_name("Face 1 of 1: angry, confidence 90%, labelled whole")


def test_the_focus_follows_the_chosen_face_within_the_strip(person: Visitor) -> None:
    page = person.page
    faces = faces_of(open_photos(person, FOLDER, [CROWD]))
    faces.nth(0).focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    expect(faces.nth(20)).to_be_focused()
    expect(faces.nth(20)).to_be_in_viewport()


def test_the_result_comes_first_the_confidence_once_and_the_ids_are_folded_away(person: Visitor) -> None:
    viewer = open_photos(person, FOLDER, [GROUP])
    expect(viewer.locator("#viewer-outcome")).to_have_text("angry")
    text = viewer.locator("#viewer-result").inner_text()
    assert text.startswith("angry")
    assert text.count("90") == 1
    assert text.count("Detection score: 95%") == text.count("Expression confidence") == 1
    expect(viewer.locator("#viewer-fields")).to_be_hidden()
    viewer.get_by_text("All fields").click()
    expect(viewer.locator("#viewer-fields")).to_contain_text("endpoint")
    expect(viewer.locator("#viewer-fields")).to_be_visible()


def test_the_crop_is_shown_in_gray_and_with_48_pixels_as_the_model_saw_it(person: Visitor) -> None:
    viewer = open_photos(person, FOLDER, [GROUP])
    canvas = viewer.locator("#viewer-crop canvas")
    expect(canvas).to_have_js_property("width", 48)
    box = canvas.bounding_box()
    assert box
    assert box["width"] > 2 * 48
    expect(viewer.get_by_text("What the model saw")).to_be_visible()
    faces_of(viewer).nth(2).click()
    expect(canvas).to_have_count(0)


def zoom_label(page: Page) -> str:
    return page.locator("#viewer-zoom-fit").inner_text()


def picture_width(page: Page) -> float:
    box = page.locator("#viewer-picture img").bounding_box()
    assert box
    return box["width"]


def test_the_picture_is_zoomed_with_wheel_keys_and_buttons_and_its_boxes_stay_on_the_faces(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [GROUP])
    fitted = picture_width(page)
    x, y = middle_of(page, 2)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    expect(page.locator("#viewer-zoom-fit")).to_have_text("200%")
    assert picture_width(page) == pytest.approx(2 * fitted, abs=2)
    # What was under the mouse is still there.
    assert middle_of(page, 2) == pytest.approx((x, y), abs=2)
    line = "getComputedStyle(document.querySelector('.box.face:not(.chosen)')).borderLeftWidth"
    assert float(page.evaluate(line).removesuffix("px")) < 3
    page.keyboard.press("0")
    assert zoom_label(page) == "Fit"
    assert picture_width(page) == pytest.approx(fitted, abs=1)
    page.keyboard.press("+")
    viewer.get_by_role("button", name="Zoom in").click()
    assert zoom_label(page) == "225%"
    page.keyboard.press("-")
    assert zoom_label(page) == "150%"
    viewer.get_by_role("button", name="Zoom out").click()
    assert zoom_label(page) == "Fit"
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    open_photos(person, FOLDER, [SINGLE])
    assert zoom_label(page) == "Fit"


def test_a_zoomed_picture_is_dragged_and_its_edges_stay_outside_the_frame(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [GROUP])
    for _ in range(3):
        page.keyboard.press("+")
    frame = page.locator("#viewer-picture").bounding_box()
    before = page.locator("#viewer-picture img").bounding_box()
    assert frame
    assert before
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    after = page.locator("#viewer-picture img").bounding_box()
    assert after
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((60, 40), abs=1)
    # A drag chooses no face.
    expect(viewer.locator(".box.chosen .number")).to_have_text("1")
    page.mouse.down()
    page.mouse.move(x + 3000, y + 3000, steps=4)
    page.mouse.up()
    edge = page.locator("#viewer-picture img").bounding_box()
    assert edge
    assert (edge["x"], edge["y"]) == pytest.approx((frame["x"], frame["y"]), abs=1)


TOUCH = """async ([from, to]) => {
  const area = document.querySelector("#viewer-picture");
  const send = (type, id, [x, y]) => area.dispatchEvent(new PointerEvent(type, {
    pointerId: id, pointerType: "touch", clientX: x, clientY: y, button: type === "pointermove" ? -1 : 0, bubbles: true,
  }));
  area.setPointerCapture = () => {};
  from.forEach((point, id) => send("pointerdown", id + 1, point));
  to.forEach((point, id) => send("pointermove", id + 1, point));
  to.forEach((point, id) => send("pointerup", id + 1, point));
}"""


def test_a_finger_swipes_to_the_next_photo_and_two_fingers_zoom(person: Visitor) -> None:
    page = person.page
    page.set_viewport_size({"width": 390, "height": 844})
    open_photos(person, FOLDER, [GROUP, SINGLE])
    page.evaluate(TOUCH, [[[300, 250]], [[150, 260]]])
    assert position_of(page) == "face 1 of 1, photo 2 of 2"
    page.evaluate(TOUCH, [[[150, 250]], [[300, 240]]])
    assert position_of(page) == "face 1 of 3, photo 1 of 2"
    # Down is how the page scrolls.
    page.evaluate(TOUCH, [[[200, 150]], [[220, 300]]])
    assert position_of(page) == "face 1 of 3, photo 1 of 2"
    page.evaluate(TOUCH, [[[180, 250], [220, 250]], [[160, 250], [240, 250]]])
    assert zoom_label(page) == "200%"
    # One finger now moves the picture.
    page.evaluate(TOUCH, [[[300, 250]], [[150, 260]]])
    assert position_of(page) == "face 1 of 3, photo 1 of 2"


def test_every_target_has_44_pixels_on_a_phone(person: Visitor) -> None:
    page = person.page
    page.set_viewport_size({"width": 390, "height": 844})
    viewer = open_photos(person, FOLDER, [GROUP])
    for button in viewer.get_by_role("button").all():
        box = button.bounding_box()
        assert box, button
        assert min(box["width"], box["height"]) >= 44, button.inner_text()


@pytest.mark.parametrize("size", [(640, 400), (390, 844), (320, 568)])
def test_the_steps_are_in_the_window_and_all_can_be_reached_when_the_page_is_enlarged(
    size: tuple[int, int], person: Visitor
) -> None:
    """640 x 400 is a window of 1280 x 800 at 200%."""
    page = person.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    viewer = open_photos(person, FOLDER, [LONG, SINGLE])
    for name in ("Close", "Next photo", "Next face"):
        expect(viewer.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    viewer.get_by_text("All fields").click()
    viewer.locator("#viewer-fields").get_by_text("sequencer").scroll_into_view_if_needed()
    for name in ("Close", "Next photo", "Next face"):
        expect(viewer.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert viewer.evaluate("viewer => viewer.scrollWidth - viewer.clientWidth") == 0


def answer_whole(page: Page, requests: list[dict[str, Any]], status: int = 200) -> None:
    problem = {"status": status, "reason": "unavailable", "detail": "The model is unavailable."}

    def answer(route: Route) -> None:
        request = route.request
        requests.append({"type": request.headers["content-type"], "body": request.post_data_buffer})
        route.fulfill(status=status, json=LANDSCAPE.whole_document() if status == 200 else problem)

    page.route(re.compile(r"_user_request_/classify\?faces=whole$"), answer)


def test_a_stored_picture_without_a_face_can_be_labelled_whole(person: Visitor) -> None:
    page = person.page
    requests: list[dict[str, Any]] = []
    answer_whole(page, requests, status=503)
    viewer = open_photos(person, FOLDER, [LANDSCAPE, SINGLE])
    expect(viewer.locator("#viewer-outcome")).to_have_text("No face found")
    label = viewer.get_by_role("button", name="Label the whole square anyway")
    label.click()
    expect(viewer.get_by_role("alert")).to_have_text("The model is unavailable.")
    page.unroute_all()
    FakeReviews({}).attach(page)
    answer_whole(page, requests)
    label.click()
    expect(viewer.locator("#viewer-outcome")).to_have_text("angry")
    expect(viewer).to_contain_text("Labelled whole, not stored.")
    expect(viewer.locator(".box")).to_have_text("labelled whole")
    expect(label).to_have_count(0)
    # Nobody could find the face of this answer again, so it can't be reviewed.
    expect(viewer.locator("#review")).to_be_hidden()
    assert requests[-1] == {"type": "application/json", "body": b'{"name":"viewer/landscape.jpg"}'}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(viewer).to_contain_text("Labelled whole, not stored.")


def test_a_picture_from_the_disk_without_a_face_can_be_labelled_whole(person: Visitor) -> None:
    page = person.page
    page.route(re.compile("_user_request_/classify$"), lambda route: route.fulfill(json=LANDSCAPE.document()))
    requests: list[dict[str, Any]] = []
    answer_whole(page, requests)
    file = file_payload("landscape.jpg", LANDSCAPE.file(), "image/jpeg")
    person.choose_files(file)
    page.locator("#batches").get_by_role("button", name=re.compile("Open.*landscape.jpg")).click()
    viewer = page.get_by_role("dialog")
    viewer.get_by_role("button", name="Label the whole square anyway").click()
    expect(viewer).to_contain_text("Labelled whole, not stored.")
    assert requests == [{"type": "image/jpeg", "body": file["buffer"]}]


def test_faces_that_are_too_small_are_a_state_of_their_own(person: Visitor) -> None:
    viewer = open_photos(person, FOLDER, [DISTANT])
    expect(viewer.locator("#viewer-outcome")).to_have_text("2 faces, too small to label")
    expect(viewer).to_contain_text("The face has too few pixels for a label.")
    expect(viewer).to_contain_text("Size: 20 × 23 pixels")
    expect(viewer.locator(".error")).to_have_count(1)
    expect(viewer.locator("#viewer-crop canvas")).to_have_count(0)


def test_the_keys_are_listed_on_request(person: Visitor) -> None:
    page = person.page
    viewer = open_photos(person, FOLDER, [GROUP])
    expect(page.locator("#viewer-keys")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#viewer-keys")).to_contain_text("previous and next photo")
    viewer.get_by_role("button", name="Keys").click()
    expect(page.locator("#viewer-keys")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_any_state_of_the_viewer(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor, folder: str
) -> None:
    page = new_visitor.page
    accessibility.prepare(page, width, scheme)
    FakeReviews({}).attach(page)
    serve_modules(page)
    new_visitor.open_page()
    for photo in (GROUP, CROWD, LANDSCAPE, DISTANT, WHOLE, LONG):
        open_photos(new_visitor, FOLDER, [photo, SINGLE])
        accessibility.check(page)
        page.keyboard.press("Escape")
    viewer = open_photos(new_visitor, FOLDER, [GROUP])
    viewer.get_by_text("All fields").click()
    page.keyboard.press("?")
    for _ in range(3):
        page.keyboard.press("+")
    accessibility.check(page)
