"""Images that a person drops, chooses or pastes get their labels, and are stored only if the page says so."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.cloud import Cloud
from tests.support.bucket import Bucket

from .conftest import FACES, Model
from .visitor import TIMEOUT_MS, Visitor, file_payload


def percent(confidence: float) -> str:
    return f"{100 * confidence:.0f}%"


def test_a_folder_of_fifty_images_is_stored_and_gets_fifty_labels(
    visitor: Visitor, bucket: Bucket, folder_of_fifty: Path
) -> None:
    visitor.choose_folder(folder_of_fifty)
    visitor.wait_for_labels(50)
    cards = visitor.batch_cards()
    documents = bucket.results_in(visitor.folder)
    assert len(bucket.keys(bucket.inbox + visitor.folder)) == len(documents) == len(cards) == 50
    shown = {visitor.folder + card.name: (card.label, card.confidence) for card in cards}
    stored = {name: (document["label"], percent(document["confidence"])) for name, document in documents.items()}
    assert shown == stored


def test_a_folder_of_fifty_images_can_be_dragged_onto_the_page(
    visitor: Visitor, bucket: Bucket, folder_of_fifty: Path
) -> None:
    visitor.keep(True)
    visitor.drag(folder_of_fifty)
    visitor.wait_for_labels(50)
    names = {path.relative_to(folder_of_fifty.parent).as_posix() for path in folder_of_fifty.rglob("*.png")}
    assert {card.name for card in visitor.batch_cards()} == names
    assert set(bucket.results_in(visitor.folder)) == {visitor.folder + name for name in names}


def test_one_image_is_not_stored_and_shows_the_answer_of_the_api(
    visitor: Visitor, cloud: Cloud, bucket: Bucket
) -> None:
    before = bucket.keys()
    visitor.drag(FACES[0])
    visitor.wait_for_labels(1)
    headers = {"x-api-key": visitor.key, "Content-Type": "image/png"}
    request = urllib.request.Request(cloud.classify_url, FACES[0].read_bytes(), headers)
    with urllib.request.urlopen(request) as answer:
        document = json.load(answer)
    [card] = visitor.batch_cards()
    assert card.name == FACES[0].name
    assert (card.label, card.confidence) == (document["label"], percent(document["confidence"]))
    rows = visitor.batch.get_by_role("list", name="Probability of each label").get_by_role("listitem")
    expect(rows).to_have_count(len(document["probabilities"]))
    assert bucket.keys() == before


def test_several_images_are_not_stored_if_the_person_chooses_to_store_nothing(visitor: Visitor, bucket: Bucket) -> None:
    before = bucket.keys()
    visitor.choose_files(*FACES[:12], is_stored=False)
    visitor.wait_for_labels(12)
    assert all(card.label for card in visitor.batch_cards())
    assert bucket.keys() == before


def test_a_pasted_image_gets_its_label(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """bytes => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        list(FACES[0].read_bytes()),
    )
    visitor.wait_for_labels(1)


@pytest.mark.parametrize("is_stored", [True, False], ids=["inbox", "direct"])
def test_a_file_that_cannot_be_classified_shows_the_reason(
    is_stored: bool, visitor: Visitor, one_pixel_png: bytes
) -> None:
    visitor.choose_files(
        file_payload("face.png", FACES[0].read_bytes()),
        file_payload("a text.png", b"This is a text, although its name ends with .png."),
        file_payload("tiny.png", one_pixel_png),
        file_payload("list.csv", b"a,b", "text/csv"),
        file_payload("empty.png", b""),
        is_stored=is_stored,
    )
    visitor.wait_for_labels(5, "1 labelled, 1 refused, 1 not decodable, 2 not sent")
    texts = {card.name: card.text for card in visitor.batch_cards()}
    assert texts["list.csv"] == "This is not a JPEG, PNG, WebP, GIF, BMP or TIFF image."
    assert texts["empty.png"] == "The file is empty."
    assert "image" in texts["a text.png"]
    assert "pixels" in texts["tiny.png"]


HOSTILE_NAMES = [
    "<img src=x onerror=alert(1)>.png",
    "\"quotes\" & 'others'.png",
    "100% %2e%2E%2f + plus.png",
    "#fragment?query=1&a=b.png",
    "über straße 顔 😀.png",
    "${filename}.png",
    "back\\slash, comma;.png",
]


def test_names_with_special_characters_are_shown_as_text_and_get_their_results(
    visitor: Visitor, bucket: Bucket
) -> None:
    names = HOSTILE_NAMES
    visitor.choose_files(*(file_payload(name, FACES[n].read_bytes()) for n, name in enumerate(names)))
    visitor.wait_for_labels(len(names))
    assert {card.name for card in visitor.batch_cards()} == set(names)
    expect(visitor.batch.locator("img")).to_have_count(0)
    documents = bucket.results_in(visitor.folder)
    assert set(documents) == {visitor.folder + name for name in names}
    visitor.show_results(visitor.folder, len(names))
    shown = {card.name: card.label for card in visitor.result_cards()}
    assert shown == {name: document["label"] for name, document in documents.items()}
    visitor.page.locator("#results").get_by_role("button", name="Open").first.click()
    expect(visitor.page.locator("#viewer img")).to_have_js_property("naturalWidth", 48)


def test_images_wait_in_the_inbox_while_the_model_is_down(visitor: Visitor, bucket: Bucket, model: Model) -> None:
    model.go_down()
    visitor.choose_files(*FACES[:4])
    expect(visitor.page.get_by_text("Model: unavailable")).to_be_visible(timeout=TIMEOUT_MS)
    notice = visitor.batch.get_by_text("The images are safe in the inbox")
    expect(notice).to_be_visible(timeout=TIMEOUT_MS)
    assert len(bucket.keys(bucket.inbox + visitor.folder)) == 4
    model.come_up()
    visitor.wait_for_labels(4)
    expect(notice).to_be_hidden()


def test_an_image_that_is_classified_directly_is_retried_while_the_model_is_down(
    visitor: Visitor, model: Model
) -> None:
    model.go_down()
    visitor.choose_files(FACES[0])
    expect(visitor.batch).to_contain_text("Retrying in", timeout=TIMEOUT_MS)
    model.come_up()
    visitor.wait_for_labels(1)


def test_an_image_that_was_cancelled_before_it_was_sent_can_be_tried_again(visitor: Visitor, model: Model) -> None:
    model.go_down()
    visitor.choose_files(FACES[0])
    expect(visitor.batch).to_contain_text("Retrying in", timeout=TIMEOUT_MS)
    visitor.batch.get_by_role("button", name="Cancel").click()
    expect(visitor.batch.locator(".outcome")).to_have_text("Not sent")
    model.come_up()
    visitor.batch.get_by_role("button", name="Try again").click()
    visitor.wait_for_labels(1)


def test_the_choice_of_what_is_kept_is_remembered(visitor: Visitor) -> None:
    nothing, inbox = (visitor.page.get_by_role("radio", name=name) for name in ("Store nothing", "Store images and"))
    expect(nothing).to_be_checked()
    inbox.check()
    visitor.page.reload()
    expect(inbox).to_be_checked()


def test_a_single_image_is_stored_if_the_person_chooses_that(visitor: Visitor, bucket: Bucket) -> None:
    visitor.choose_files(FACES[0], is_stored=True)
    visitor.wait_for_labels(1)
    assert list(bucket.results_in(visitor.folder)) == [visitor.folder + FACES[0].name]
