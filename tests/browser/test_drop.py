"""Images that are dropped, chosen or pasted get their labels, and are kept or not as the page says."""

import json
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.cloud import Cloud

from .conftest import FACES, Bucket, Model
from .visitor import PATIENCE, Visitor, payload

KEEP_NOTHING = "Keep nothing: answer all of them at once"


def percent(confidence: float) -> str:
    return f"{100 * confidence:.0f}%"


def test_fifty_images_of_a_folder_show_fifty_labels_and_are_kept(visitor: Visitor, bucket: Bucket, fifty: Path) -> None:
    visitor.choose_folder(fifty)
    visitor.await_labels(50)
    cards = visitor.cards()
    documents = bucket.documents(visitor.folder)
    assert len(bucket.keys(bucket.inbox + visitor.folder)) == len(documents) == len(cards) == 50
    shown = {visitor.folder + card.name: (card.label, card.confidence) for card in cards}
    assert shown == {name: (d["label"], percent(d["confidence"])) for name, d in documents.items()}


def test_fifty_images_that_are_dragged_onto_the_page_show_fifty_labels(
    visitor: Visitor, bucket: Bucket, fifty: Path
) -> None:
    visitor.drag(fifty)
    visitor.await_labels(50)
    names = {path.relative_to(fifty.parent).as_posix() for path in fifty.rglob("*.png")}
    assert {card.name for card in visitor.cards()} == names
    assert set(bucket.documents(visitor.folder)) == {visitor.folder + name for name in names}


def test_one_image_is_answered_at_once_with_what_the_api_says_and_is_not_kept(
    visitor: Visitor, cloud: Cloud, bucket: Bucket
) -> None:
    before = bucket.keys()
    visitor.drag(FACES[0])
    visitor.await_labels(1)
    headers = {"x-api-key": visitor.key, "Content-Type": "image/png"}
    request = urllib.request.Request(cloud.classify_url, FACES[0].read_bytes(), headers)
    with urllib.request.urlopen(request) as answer:
        document = json.load(answer)
    [card] = visitor.cards()
    assert (card.name, card.label, card.confidence) == (
        FACES[0].name,
        document["label"],
        percent(document["confidence"]),
    )
    rows = visitor.run.get_by_role("list", name="Probability of each label").get_by_role("listitem")
    expect(rows).to_have_count(len(document["probabilities"]))
    assert bucket.keys() == before


def test_several_are_answered_at_once_and_not_kept_where_nothing_is_to_be_kept(
    visitor: Visitor, bucket: Bucket
) -> None:
    before = bucket.keys()
    visitor.page.get_by_label(KEEP_NOTHING).check()
    visitor.choose(*FACES[:12])
    visitor.await_labels(12)
    assert all(card.label for card in visitor.cards())
    assert bucket.keys() == before


def test_an_image_that_is_pasted_is_answered_at_once(visitor: Visitor) -> None:
    visitor.page.evaluate(
        """bytes => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        list(FACES[0].read_bytes()),
    )
    visitor.await_labels(1)


@pytest.mark.parametrize("kept", [True, False], ids=["inbox", "at once"])
def test_what_can_not_be_classified_says_why(kept: bool, visitor: Visitor, tiny: bytes) -> None:
    visitor.page.get_by_label(KEEP_NOTHING).set_checked(not kept)
    face = payload("face.png", FACES[0].read_bytes())
    text, list_ = payload("a text.png", b"Not an image, whatever its name."), payload("list.csv", b"a,b", "text/csv")
    visitor.choose(face, text, payload("tiny.png", tiny), list_, payload("empty.png", b""))
    visitor.await_labels(5, "1 labelled, 4 rejected, 0 failed")
    words = {card.name: card.words for card in visitor.cards()}
    assert words["list.csv"] == "This is no JPEG, PNG, WebP, GIF, BMP or TIFF. It was not sent."
    assert words["empty.png"] == "The file is empty. It was not sent."
    assert "image" in words["a text.png"]
    assert "pixels" in words["tiny.png"]


def test_what_is_too_large_to_be_answered_at_once_can_be_sent_to_the_inbox(visitor: Visitor, bucket: Bucket) -> None:
    # Bytes behind the end of a PNG are no part of it.
    large = FACES[0].read_bytes() + bytes(4_500_000)
    visitor.choose(payload("large.png", large))
    visitor.await_labels(1, "0 labelled, 1 rejected, 0 failed")
    sentence = f"{len(large):,} bytes are more than the 4,500,000 that can be answered at once."
    expect(visitor.run).to_contain_text(sentence)
    visitor.page.get_by_role("button", name="Send it to the inbox, where it is kept").click()
    expect(visitor.page.locator("#runs > article")).to_have_count(2)
    visitor.await_labels(1)
    assert list(bucket.documents(visitor.folder)) == [visitor.folder + "large.png"]


HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    "\"quotes\" & 'others'.png",
    "100% %2e%2E%2f + plus.png",
    "#fragment?query=1&a=b.png",
    "über straße 顔 😀.png",
    "${filename}.png",
    "back\\slash, comma;.png",
]


def test_names_are_only_ever_text_and_get_their_results(visitor: Visitor, bucket: Bucket) -> None:
    visitor.choose(*(payload(name, FACES[n].read_bytes()) for n, name in enumerate(HOSTILE)))
    visitor.await_labels(len(HOSTILE))
    assert {card.name for card in visitor.cards()} == set(HOSTILE)
    expect(visitor.run.locator("img")).to_have_count(0)
    documents = bucket.documents(visitor.folder)
    assert set(documents) == {visitor.folder + name for name in HOSTILE}
    visitor.results(visitor.folder, len(HOSTILE))
    shown = {card.name: card.label for card in visitor.cards("#results")}
    assert shown == {name: document["label"] for name, document in documents.items()}
    visitor.page.locator("#results").get_by_role("button", name="Open").first.click()
    expect(visitor.page.locator("#viewer img")).to_have_js_property("naturalWidth", 48)


def test_images_wait_in_the_inbox_while_the_model_is_down(visitor: Visitor, bucket: Bucket, model: Model) -> None:
    model.go_down()
    visitor.choose(*FACES[:4])
    expect(visitor.page.get_by_text("Model: does not answer")).to_be_visible(timeout=PATIENCE)
    expect(visitor.run.get_by_text("The images are safe in the inbox")).to_be_visible(timeout=PATIENCE)
    assert len(bucket.keys(bucket.inbox + visitor.folder)) == 4
    model.come_up()
    visitor.await_labels(4)
    expect(visitor.run.get_by_text("The images are safe in the inbox")).to_be_hidden()


def test_an_image_to_be_answered_at_once_is_tried_again_while_the_model_is_down(visitor: Visitor, model: Model) -> None:
    model.go_down()
    visitor.choose(FACES[0])
    expect(visitor.run).to_contain_text("Trying again in", timeout=PATIENCE)
    model.come_up()
    visitor.await_labels(1)


def test_what_was_not_sent_yet_can_be_cancelled_and_sent_after_all(visitor: Visitor, model: Model) -> None:
    model.go_down()
    visitor.choose(FACES[0])
    expect(visitor.run).to_contain_text("Trying again in", timeout=PATIENCE)
    visitor.run.get_by_role("button", name="Cancel").click()
    expect(visitor.run).to_contain_text("1 not sent")
    model.come_up()
    visitor.run.get_by_role("button", name="Try these again").click()
    visitor.await_labels(1)
