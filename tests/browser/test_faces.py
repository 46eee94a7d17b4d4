"""Photos with several faces, with none, and with faces that are too small: what the page shows of their documents."""

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from local.paths import ALL_SAMPLES
from tests.support.bucket import Bucket

from . import accessibility
from .modules import call
from .photos import Box, Document, Photo, color_of, store
from .visitor import TIMEOUT_MS, Visitor, file_payload

GROUP = Photo("group.jpg", 640, 480, [(400, 120, 560, 320), (60, 150, 180, 300), (240, 200, 260, 222)])
COUPLE = Photo("couple.jpg", 480, 640, [(40, 260, 200, 460), (250, 300, 400, 490)])
SINGLE = Photo("single.jpg", 640, 480, [(220, 100, 420, 350)])
LANDSCAPE = Photo("landscape.jpg", 640, 480)
DISTANT = Photo("distant.jpg", 640, 480, [(100, 100, 120, 123), (300, 100, 318, 122)])
CROWD = Photo("crowd.jpg", 1000, 400, [(x, y, x + 40, y + 50) for y in (60, 220) for x in range(20, 980, 80)])
GROUP_PHOTO, STUDIO_PHOTO = (ALL_SAMPLES / "photos" / name for name in ("group.jpg", "studio.jpg"))
OLD = Photo("old.jpg", 640, 480)
WHOLE = Photo("whole.jpg", 480, 640)
COUNT = 8

# The edges of the frame, of the picture in it, and of all boxes by the number of their face. Edges are
# left, top, right and bottom in CSS pixels, from the frame's upper left corner.
MEASURE = """frame => {
  const origin = frame.getBoundingClientRect();
  const edges = node => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    return [left - origin.left, top - origin.top, right - origin.left, bottom - origin.top];
  };
  const boxes = [...frame.querySelectorAll(".box")].map(box => {
    return [box.querySelector(".number")?.textContent ?? "whole", edges(box)];
  });
  return {
    frame: edges(frame),
    picture: edges(frame.querySelector("img, canvas, video")),
    boxes: Object.fromEntries(boxes),
  };
}"""


@pytest.fixture(scope="module")
def folder(bucket: Bucket) -> str:
    """A folder of the inbox with photos and their documents."""
    folder = "photos/"
    for photo in (GROUP, COUPLE, SINGLE, LANDSCAPE, DISTANT):
        store(bucket, folder, photo)
    store(bucket, folder, CROWD, CROWD.document(faces_found=137))
    store(bucket, folder, OLD, OLD.old_document())
    store(bucket, folder, WHOLE, WHOLE.whole_document())
    return folder


@pytest.fixture
def reviewer(visitor: Visitor, folder: str) -> Visitor:
    """A person who sees all photos of the folder."""
    visitor.show_results(folder, COUNT)
    return visitor


def answer_with(visitor: Visitor, document: Document) -> None:
    """Lets the page get this document for every image that it classifies directly."""
    visitor.page.route(re.compile("_user_request_/classify$"), lambda route: route.fulfill(json=document))


def open_button(visitor: Visitor, photo: Photo) -> Locator:
    return visitor.page.get_by_role("button", name=re.compile(rf"^Open .*\b{photo.name}"))


def card_of(visitor: Visitor, photo: Photo) -> Locator:
    return visitor.page.locator(".card").filter(has=open_button(visitor, photo))


def open_viewer(visitor: Visitor, photo: Photo) -> Locator:
    open_button(visitor, photo).click()
    viewer = visitor.page.get_by_role("dialog")
    expect(viewer.get_by_role("heading")).to_have_text(re.compile(f"{photo.name}$"))
    return viewer


def press_group(visitor: Visitor, name: str) -> None:
    visitor.page.locator("#label-chart").get_by_role("button", name=name).click()


def shown_names(visitor: Visitor) -> list[str]:
    return [card.name.rpartition("/")[2] for card in visitor.result_cards()]


def chart_counts(visitor: Visitor) -> dict[str, int]:
    rows = visitor.page.locator("#label-chart > button").all()
    return {row.locator(".label").inner_text(): int(row.locator(".value").inner_text()) for row in rows}


def check_boxes(place: Locator, photo: Photo) -> None:
    """Compares the boxes in a frame with the picture as it is rendered: with its edges, and with its pixels."""
    boxes = check_edges(place, photo.width, photo.height, photo.boxes)
    screenshot = Image.open(io.BytesIO(place.locator(".frame").screenshot())).convert("RGB")
    for number, (left, top, right, bottom) in enumerate(boxes):
        middle = screenshot.getpixel((round((left + right) / 2), round((top + bottom) / 2)))
        assert middle == pytest.approx(color_of(number), abs=40)


def check_edges(place: Locator, width: int, height: int, boxes: Sequence[Box]) -> list[list[float]]:
    """Returns the edges of the boxes, after it has compared them with those of the picture.

    width, height: of the picture, which is as large as it fits into its frame.
    boxes: in pixels of the picture as the page shows it.
    """
    frame = place.locator(".frame")
    expect(frame.locator(".box")).to_have_count(len(boxes), timeout=TIMEOUT_MS)
    measured = frame.evaluate(MEASURE)
    scale = min(measured["frame"][2] / width, measured["frame"][3] / height)
    left, top, right, bottom = measured["picture"]
    assert [right - left, bottom - top] == pytest.approx([scale * width, scale * height], abs=1)
    shown: list[list[float]] = [measured["boxes"][str(number + 1)] for number in range(len(boxes))]
    for edges, box in zip(shown, boxes, strict=True):
        x1, y1, x2, y2 = (scale * edge for edge in box)
        assert edges == pytest.approx([left + x1, top + y1, left + x2, top + y2], abs=1)
    return shown


@pytest.mark.parametrize("photo", [GROUP, COUPLE, SINGLE])
def test_boxes_are_around_the_faces_on_the_card_and_in_the_viewer(photo: Photo, reviewer: Visitor) -> None:
    card_of(reviewer, photo).scroll_into_view_if_needed()
    check_boxes(card_of(reviewer, photo), photo)
    check_boxes(open_viewer(reviewer, photo), photo)
    reviewer.page.set_viewport_size({"width": 390, "height": 844})
    check_boxes(reviewer.page.get_by_role("dialog"), photo)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_boxes_are_around_the_faces_of_a_photo_that_exif_turns(
    orientation: int, visitor: Visitor, bucket: Bucket
) -> None:
    photo = Photo(f"turned-{orientation}.jpg", GROUP.width, GROUP.height, GROUP.boxes, orientation)
    folder = f"turned-{orientation}/"
    store(bucket, folder, photo)
    visitor.show_results(folder, 1)
    check_boxes(card_of(visitor, photo), photo)
    check_boxes(open_viewer(visitor, photo), photo)
    visitor.page.keyboard.press("Escape")
    # The picture of an image that is not stored is drawn from the file.
    answer_with(visitor, photo.document())
    visitor.choose_files(file_payload("direct.jpg", photo.file(), "image/jpeg"))
    visitor.wait_for_labels(1)
    check_boxes(visitor.batch.locator(".card"), photo)


def test_no_boxes_are_drawn_if_the_browser_does_not_turn_the_picture(visitor: Visitor, bucket: Bucket) -> None:
    """Chromium ignores EXIF's orientation in WebP files."""
    photo = Photo("turned.webp", GROUP.width, GROUP.height, GROUP.boxes, orientation=6)
    store(bucket, "webp/", photo, kind="WEBP")
    visitor.show_results("webp/", 1)
    card = card_of(visitor, photo)
    expect(card).to_contain_text("Boxes are not drawn: this browser shows the picture turned or cut.")
    expect(card.locator(".box")).to_have_count(0)
    expect(card.get_by_role("listitem")).to_have_text(["1 angry 90%", "2 disgust 80%", "3 too small to label"])


def test_each_box_has_its_number_and_its_label_or_the_number_alone_where_there_is_no_room(reviewer: Visitor) -> None:
    viewer = open_viewer(reviewer, GROUP)
    expect(viewer.locator(".words")).to_have_text(["3too small", "2disgust", "1angry"])
    for words in viewer.locator(".words").all():
        expect(words.locator(".number")).to_be_visible()
        expect(words.locator(".word")).to_be_visible()
    reviewer.page.keyboard.press("Escape")
    crowd = open_viewer(reviewer, CROWD)
    expect(crowd.locator(".words .number")).to_have_count(len(CROWD.boxes))
    assert all(number.is_visible() for number in crowd.locator(".words .number").all())
    assert not any(word.is_visible() for word in crowd.locator(".words .word").all())


def test_several_faces_are_listed_largest_first_and_counted_in_the_name_of_the_image(reviewer: Visitor) -> None:
    card = card_of(reviewer, GROUP)
    expect(card.locator(".outcome")).to_have_text("3 faces")
    expect(card.get_by_role("listitem")).to_have_text(["1 angry 90%", "2 disgust 80%", "3 too small to label"])
    expect(open_button(reviewer, GROUP)).to_have_accessible_name("Open photos/group.jpg, 3 faces")
    viewer = open_viewer(reviewer, GROUP)
    expect(viewer.get_by_role("img")).to_have_accessible_name("Image photos/group.jpg, 3 faces")


def test_the_viewer_shows_the_bars_and_the_fields_of_the_chosen_face(reviewer: Visitor) -> None:
    viewer = open_viewer(reviewer, GROUP)
    faces = viewer.get_by_role("list", name="Faces, largest first").get_by_role("button")
    bars = viewer.get_by_role("list", name="Probability of each label")
    expect(faces.nth(0)).to_have_attribute("aria-pressed", "true")
    expect(bars.locator(".highest")).to_have_text("angry90.0%")
    faces.nth(1).click()
    expect(faces.nth(0)).to_have_attribute("aria-pressed", "false")
    expect(bars.locator(".highest")).to_have_text("disgust80.0%")
    expect(viewer.locator(".chosen .number")).to_have_text("2")
    expect(viewer.locator("#viewer-bars")).to_contain_text("Detection score: 94%")
    expect(viewer.locator("#viewer-fields")).to_contain_text("face120 × 150 pixels at 60, 150")
    faces.nth(2).click()
    expect(bars).to_have_count(0)
    expect(viewer.locator("#viewer-bars")).to_contain_text("too few pixels for a label")


def test_a_crowd_says_how_many_faces_were_found_and_how_many_are_listed(reviewer: Visitor) -> None:
    card = card_of(reviewer, CROWD)
    expect(card.locator(".outcome")).to_have_text("137 faces")
    expect(card.get_by_role("listitem")).to_have_count(7)
    expect(card.get_by_role("listitem").last).to_have_text("and 131 more")
    viewer = open_viewer(reviewer, CROWD)
    expect(viewer).to_contain_text("137 faces were found. These are the 24 largest.")
    expect(viewer.get_by_role("list", name="Faces, largest first").get_by_role("button")).to_have_count(24)


@pytest.mark.parametrize(
    ("photo", "words", "name"),
    [
        (LANDSCAPE, "No face found", "photos/landscape.jpg, no face found"),
        (DISTANT, "2 faces, too small to label", "photos/distant.jpg, 2 faces"),
    ],
)
def test_an_image_without_a_face_that_can_be_labelled_says_so_and_is_not_an_error(
    photo: Photo, words: str, name: str, reviewer: Visitor
) -> None:
    card = card_of(reviewer, photo)
    expect(card.locator(".outcome")).to_have_text(words)
    expect(card.locator(".error, .reason")).to_have_count(0)
    expect(open_button(reviewer, photo)).to_have_accessible_name(f"Open {name}")
    viewer = open_viewer(reviewer, photo)
    expect(viewer.locator("#viewer-outcome")).to_have_text(words)
    expect(viewer.get_by_role("list", name="Probability of each label")).to_have_count(0)
    check_boxes(viewer, photo)


def test_the_webcam_shows_the_faces_mirrored_like_its_picture(visitor: Visitor) -> None:
    answer_with(visitor, GROUP.document())
    webcam = visitor.page.get_by_role("region", name="Webcam")
    webcam.get_by_role("button", name="Start the webcam").click()
    expect(webcam).to_contain_text("angry 90%, disgust 80%, too small to label; ", timeout=TIMEOUT_MS)
    video = visitor.page.locator("video")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [GROUP.width, GROUP.height]
    assert video.evaluate("video => getComputedStyle(video).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    flipped = [(GROUP.width - right, top, GROUP.width - left, bottom) for left, top, right, bottom in GROUP.boxes]
    check_edges(webcam, GROUP.width, GROUP.height, flipped)
    expect(webcam.locator(".bars .highest")).to_have_text("angry90%")
    webcam.get_by_role("button", name="Stop the webcam").click()
    expect(webcam.locator(".bars")).to_have_count(0)


def test_the_webcam_averages_the_probabilities_of_the_same_face_only(visitor_of_modules: Visitor) -> None:
    def face(left: int, happy: float) -> dict[str, Any]:
        probabilities = {"happy": happy, "sad": 1 - happy}
        expression = {"label": "happy" if happy > 0.5 else "sad", "confidence": max(happy, 1 - happy)}
        box = [left, 100, left + 100, 200]
        return {"number": 1, "box": box, "score": 0.9, "expression": {**expression, "probabilities": probabilities}}

    def smooth(faces: list[dict[str, Any]], previous: list[dict[str, Any]]) -> list[dict[str, Any]]:
        smoothed: list[dict[str, Any]] = call(
            visitor_of_modules.page, "webcam/smoothing.js", "smoothFirst", faces, previous
        )
        return smoothed

    before = face(left=100, happy=0.75)
    [moved] = smooth([face(left=130, happy=0.25)], [before])
    assert moved["box"] == [130, 100, 230, 200]
    assert moved["expression"]["probabilities"] == {"happy": 0.5, "sad": 0.5}
    for other, previous in (([face(left=300, happy=0.25)], [before]), ([before], []), ([], [before])):
        assert smooth(other, previous) == other


def test_a_group_photo_in_the_inbox_gets_a_box_and_a_label_for_each_face(visitor: Visitor, bucket: Bucket) -> None:
    visitor.choose_files(GROUP_PHOTO, STUDIO_PHOTO)
    visitor.wait_for_labels(2, "1 labelled, 1 without a face")
    document = bucket.results_in(visitor.folder)[visitor.folder + GROUP_PHOTO.name]
    words = [f"{n} {face['label']} {100 * face['confidence']:.0f}%" for n, face in enumerate(document["faces"], 1)]
    card = visitor.batch.locator(".card").filter(has_text=GROUP_PHOTO.name)
    expect(card.locator(".outcome")).to_have_text(f"{len(words)} faces")
    expect(card.get_by_role("listitem")).to_have_text(words)
    size = document["image"]
    check_edges(card, size["width"], size["height"], [face["box"] for face in document["faces"]])
    expect(visitor.batch.locator(".card").filter(has_text=STUDIO_PHOTO.name)).to_contain_text("No face found")


def test_images_without_a_face_are_counted_apart_in_a_new_batch(visitor: Visitor) -> None:
    documents = [photo.document() for photo in (GROUP, LANDSCAPE, DISTANT)]
    answer_with(visitor, {"results": documents})
    images = [file_payload(f"{n}.jpg", GROUP.file(), "image/jpeg") for n in range(3)]
    visitor.choose_files(*images, is_stored=False)
    visitor.wait_for_labels(3, "1 labelled, 1 without a face, 1 with faces too small to label")
    visitor.page.get_by_label("Only images without a label").check()
    expect(visitor.batch.locator(".outcome")).to_have_text(["No face found", "2 faces, too small to label"])


@pytest.mark.parametrize(("photo", "words"), [(OLD, "angry 90%"), (WHOLE, "angry 90%")])
def test_an_image_that_was_labelled_whole_shows_the_square_that_was_labelled(
    photo: Photo, words: str, reviewer: Visitor
) -> None:
    card = card_of(reviewer, photo)
    card.scroll_into_view_if_needed()
    expect(card.locator(".outcome")).to_have_text(words)
    expect(card.locator(".box")).to_have_text("labelled whole")
    for place in (card, open_viewer(reviewer, photo)):
        expect(place.locator(".box")).to_be_visible()
        measured = place.locator(".frame").evaluate(MEASURE)
        left, top, right, bottom = measured["picture"]
        side = min(right - left, bottom - top)
        x, y = (left + right - side) / 2, (top + bottom - side) / 2
        assert measured["boxes"] == {"whole": pytest.approx([x, y, x + side, y + side], abs=1)}
    expect(reviewer.page.get_by_role("dialog").locator("#viewer-fields")).to_contain_text("labelled whole")


def test_an_image_matches_a_filter_if_one_of_its_faces_does(reviewer: Visitor) -> None:
    reviewer.page.get_by_label("Order").select_option("By name")
    # The chart counts faces. The crowd has four angry and four disgusted ones.
    counts = chart_counts(reviewer)
    assert counts["angry"] == 9
    assert counts["disgust"] == 6
    assert counts["too small"] == 3
    assert counts["no face"] == 1
    press_group(reviewer, "disgust")
    reviewer.wait_for_results(3)
    assert shown_names(reviewer) == ["couple.jpg", "crowd.jpg", "group.jpg"]
    press_group(reviewer, "no face")
    reviewer.wait_for_results(4)
    press_group(reviewer, "disgust")
    reviewer.wait_for_results(1)
    assert shown_names(reviewer) == ["landscape.jpg"]
    # A range of confidence leaves out the images that have none.
    press_group(reviewer, "no face")
    reviewer.page.locator("#min-confidence").fill("85")
    reviewer.wait_for_results(6)
    assert chart_counts(reviewer)["no face"] == chart_counts(reviewer)["too small"] == 0
    assert chart_counts(reviewer)["disgust"] == 0


def test_the_order_follows_the_faces_and_images_without_a_label_come_last(reviewer: Visitor) -> None:
    # The least certain face of the crowd has 30%, that of the couple and of the group 80%.
    reviewer.page.get_by_label("Order").select_option("Least certain first")
    names = shown_names(reviewer)
    assert names[0] == "crowd.jpg"
    assert set(names[1:3]) == {"couple.jpg", "group.jpg"}
    assert set(names[-2:]) == {"landscape.jpg", "distant.jpg"}
    reviewer.page.get_by_label("Order").select_option("Most certain first")
    assert set(shown_names(reviewer)[-2:]) == {"landscape.jpg", "distant.jpg"}


def download_csv(visitor: Visitor, path: Path) -> list[dict[str, Any]]:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_csv_has_a_row_for_each_face_and_for_each_image_without_one(reviewer: Visitor, tmp_path: Path) -> None:
    reviewer.page.get_by_label("Order").select_option("By name")
    rows = download_csv(reviewer, tmp_path / "results.csv")
    columns = ("image", "label", "confidence", "status", "faces", "face", "score", "left", "top", "right", "bottom")
    found = [tuple(row[column] for column in columns) for row in rows if "crowd" not in row["image"]]
    assert found == [
        ("photos/couple.jpg", "angry", "0.9", "classified", "2", "1", "0.95", "40", "260", "200", "460"),
        ("photos/couple.jpg", "disgust", "0.8", "classified", "2", "2", "0.94", "250", "300", "400", "490"),
        ("photos/distant.jpg", "", "", "too_small", "2", "1", "0.95", "100", "100", "120", "123"),
        ("photos/distant.jpg", "", "", "too_small", "2", "2", "0.94", "300", "100", "318", "122"),
        ("photos/group.jpg", "angry", "0.9", "classified", "3", "1", "0.95", "400", "120", "560", "320"),
        ("photos/group.jpg", "disgust", "0.8", "classified", "3", "2", "0.94", "60", "150", "180", "300"),
        ("photos/group.jpg", "", "", "classified", "3", "3", "0.93", "240", "200", "260", "222"),
        ("photos/landscape.jpg", "", "", "no_face", "0", "", "", "", "", "", ""),
        ("photos/old.jpg", "angry", "0.9", "classified", "1", "1", "", "", "", "", ""),
        ("photos/single.jpg", "angry", "0.9", "classified", "1", "1", "0.95", "220", "100", "420", "350"),
        ("photos/whole.jpg", "angry", "0.9", "classified", "1", "1", "", "", "", "", ""),
    ]
    assert [row["face"] for row in rows if "crowd" in row["image"]] == [str(number) for number in range(1, 25)]
    assert {row["faces"] for row in rows if "crowd" in row["image"]} == {"137"}


def test_the_csv_has_only_the_faces_that_match_the_filter(reviewer: Visitor, tmp_path: Path) -> None:
    press_group(reviewer, "disgust")
    reviewer.wait_for_results(3)
    rows = download_csv(reviewer, tmp_path / "results.csv")
    assert {row["label"] for row in rows} == {"disgust"}
    assert {row["image"].rpartition("/")[2] for row in rows} == {"couple.jpg", "crowd.jpg", "group.jpg"}


def test_json_lines_equal_the_documents_in_s3(reviewer: Visitor, bucket: Bucket, folder: str, tmp_path: Path) -> None:
    with reviewer.page.expect_download() as download:
        reviewer.page.get_by_role("button", name="Download JSON Lines").click()
    download.value.save_as(tmp_path / "results.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    stored = bucket.results_in(folder)
    assert {line["image"]["key"].removeprefix(bucket.inbox): line for line in lines} == stored


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_photos_and_they_need_no_horizontal_scrolling(
    width: int, scheme: accessibility.Scheme, new_visitor: Visitor, folder: str
) -> None:
    accessibility.prepare(new_visitor.page, width, scheme)
    new_visitor.open_page()
    new_visitor.show_results(folder, COUNT)
    accessibility.check(new_visitor.page)
    for photo in (GROUP, CROWD, LANDSCAPE, OLD):
        open_viewer(new_visitor, photo)
        accessibility.check(new_visitor.page)
        new_visitor.page.keyboard.press("Escape")
