"""The limits of the API and of the inbox: the page checks them before it sends anything, and makes smaller copies."""

import io
import random
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Request, Route, expect

from local.paths import ALL_SAMPLES
from tests.support.bucket import Bucket

from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload

CLASSIFY = re.compile("_user_request_/classify$")
PHOTO = ALL_SAMPLES / "photos" / "group.jpg"
# EXIF orientation: the file is turned by 90 degrees.
ORIENTATION, TURNED = 0x0112, 6


def noise(width: int, height: int, file_format: str, **options: Any) -> bytes:
    """A picture that can't be compressed."""
    pixels = random.Random(0).randbytes(width * height * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(file, file_format, **options)
    return file.getvalue()


def enlarged(photo: Image.Image, size: int) -> bytes:
    """The photo as a JPEG of more than `size` bytes, because of bytes behind its end."""
    file = io.BytesIO()
    photo.save(file, "jpeg", quality=95)
    return file.getvalue() + bytes(size)


def test_a_photo_that_is_too_large_for_the_api_is_sent_as_an_upright_smaller_copy(visitor: Visitor) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    large = noise(2400, 1600, "jpeg", quality=95, exif=exif)
    assert len(large) > 4_500_000
    box = [100, 200, 400, 500]
    document = {
        "status": "classified",
        "label": "calm",
        "confidence": 0.75,
        "probabilities": {"calm": 0.75, "loud": 0.25},
        "faces_found": 1,
        "faces": [
            {
                "box": box,
                "score": 0.9,
                "label": "calm",
                "confidence": 0.75,
                "probabilities": {"calm": 0.75, "loud": 0.25},
            }
        ],
        "image": {"width": 1365, "height": 2048},
        "model": {"version": "fake"},
    }
    sent: list[Request] = []

    def classify(route: Route) -> None:
        sent.append(route.request)
        route.fulfill(json=document)

    visitor.page.route(CLASSIFY, classify)
    visitor.choose_files(file_payload("large.jpg", large, "image/jpeg"))
    visitor.wait_for_labels(1, "calm 75%")
    [request] = sent
    copy = Image.open(io.BytesIO(request.post_data_buffer or b""))
    assert (copy.size, copy.getexif().get(ORIENTATION)) == ((1365, 2048), None)
    expect(visitor.batch).to_contain_text("Sent as a copy of 1,365 × 2,048 pixels.")
    places = visitor.batch.locator(".box").evaluate(
        """(box) => {
          const [inner, outer] = [box, box.closest(".fitted")].map((node) => node.getBoundingClientRect());
          return [inner.left - outer.left, inner.right - outer.left].map((x) => x / outer.width);
        }"""
    )
    assert places == pytest.approx([100 / 1365, 400 / 1365], abs=0.005)


def test_a_smaller_copy_gets_the_labels_of_the_photo(visitor: Visitor) -> None:
    with Image.open(PHOTO) as photo:
        visitor.choose_files(PHOTO, is_stored=False)
        visitor.wait_for_labels(1, "7 faces")
        expected = visitor.batch.locator(".faces li").all_inner_texts()
        large = enlarged(photo.resize((3 * photo.width, 3 * photo.height), Image.Resampling.BICUBIC), 4_500_000)
    visitor.choose_files(file_payload("large.jpg", large, "image/jpeg"))
    visitor.wait_for_labels(1, "7 faces")
    labels = [
        [text.split()[1] for text in texts]
        for texts in (visitor.batch.locator(".faces li").all_inner_texts(), expected)
    ]
    assert sorted(labels[0]) == sorted(labels[1])


def test_an_image_that_is_too_large_for_the_inbox_is_refused_at_once_and_can_be_labelled_as_a_copy(
    visitor: Visitor, bucket: Bucket
) -> None:
    before = bucket.keys()
    visitor.keep(True)
    large = file_payload("large.png", FACES[0].read_bytes() + bytes(24_000_000))
    visitor.choose_files(large, is_stored=True)
    visitor.wait_for_labels(1, "Not sent")
    expect(visitor.batch).to_contain_text("The file has 24.1 MB, and at most 16.7 MB are possible.")
    assert bucket.keys() == before
    visitor.page.get_by_role("button", name="Label a smaller copy, without storing").click()
    expect(visitor.page.locator("#batches > article")).to_have_count(2)
    visitor.wait_for_labels(1)
    assert bucket.keys() == before


def test_too_many_pixels_are_noticed_before_anything_is_sent(visitor: Visitor, bucket: Bucket) -> None:
    before = bucket.keys()
    file = io.BytesIO()
    Image.new("1", (9000, 6000)).save(file, "png")
    visitor.choose_files(file_payload("poster.png", file.getvalue()), is_stored=True)
    visitor.wait_for_labels(1, "Not sent")
    expect(visitor.batch).to_contain_text("The image has 54 million pixels, and at most 50 million of this kind are")
    assert bucket.keys() == before


def test_a_large_file_that_the_browser_cannot_decode_can_be_sent_to_the_inbox(visitor: Visitor, bucket: Bucket) -> None:
    visitor.choose_files(file_payload("scan.tif", noise(1400, 1200, "tiff"), "image/tiff"))
    visitor.wait_for_labels(1, "Not sent")
    expect(visitor.batch).to_contain_text(
        "The file has 5.1 MB; without storing it, at most 4.5 MB are possible. This browser can’t make a smaller copy"
    )
    visitor.page.get_by_role("button", name="Send it to the inbox, where it is stored").click()
    expect(visitor.page.locator("#batches > article")).to_have_count(2)
    visitor.wait_for_labels(1, "No face found")
    assert list(bucket.results_in(visitor.folder)) == [visitor.folder + "scan.tif"]


FOREIGN = {
    "IMG_1.HEIC": (
        b"",
        "image/heic",
        "This is a HEIC picture, as iPhones take them. Export it as JPEG and add it again.",
    ),
    "renamed.jpg": (b"\0\0\0\x18ftypheic", "image/jpeg", "This is a HEIC picture"),
    "a.avif": (b"", "image/avif", "Export it as JPEG"),
    "a.svg": (b"<svg/>", "image/svg+xml", "Export it as JPEG"),
    "a.NEF": (b"", "", "This is a camera’s RAW picture. Export it as JPEG"),
    "a.pdf": (b"", "application/pdf", "Export its pages as JPEG"),
}


def test_files_that_are_not_read_say_what_to_do_and_are_not_shown_as_errors(visitor: Visitor) -> None:
    files = [file_payload(name, data + bytes(100), kind) for name, (data, kind, _) in FOREIGN.items()]
    visitor.choose_files(*files)
    visitor.wait_for_labels(len(FOREIGN), f"0 labelled, {len(FOREIGN)} not sent")
    texts = {card.name: card.text for card in visitor.batch_cards()}
    assert [name for name, (_, _, words) in FOREIGN.items() if words not in texts[name]] == []
    expect(visitor.batch.locator(".outcome", has_text="Not sent")).to_have_count(len(FOREIGN), timeout=TIMEOUT_MS)
    expect(visitor.batch.locator(".error, .outcome strong")).to_have_count(0)


def test_the_limits_are_those_that_the_api_names(new_visitor: Visitor) -> None:
    health = {"status": "up", "max_image_bytes": 1_000_000, "max_request_bytes": 500_000}
    new_visitor.page.route(re.compile("_user_request_/health$"), lambda route: route.fulfill(json=health))
    new_visitor.open_page()
    new_visitor.choose_files(file_payload("a.png", FACES[0].read_bytes() + bytes(1_000_000)), is_stored=True)
    new_visitor.wait_for_labels(1, "Not sent")
    expect(new_visitor.batch).to_contain_text("at most 1.0 MB are possible")
