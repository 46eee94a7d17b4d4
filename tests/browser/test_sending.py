"""A slow network: the page shows how much of an image was sent."""

import re

import pytest
from playwright.sync_api import expect

from . import accessibility
from .conftest import FACES
from .visitor import TIMEOUT_MS, Visitor, file_payload

BYTES_PER_SECOND = 400_000
# PNG decoders ignore bytes after the end of the image.
LARGE = FACES[0].read_bytes() + bytes(2_900_000)


@pytest.fixture
def slow_visitor(visitor: Visitor) -> Visitor:
    devtools = visitor.page.context.new_cdp_session(visitor.page)
    conditions = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": BYTES_PER_SECOND}
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", conditions)
    return visitor


def test_each_upload_and_the_batch_show_the_bytes_that_were_sent(slow_visitor: Visitor) -> None:
    slow_visitor.choose_files(file_payload("large.png", LARGE), FACES[1])
    card = slow_visitor.batch.locator(".card").filter(has_text="large.png")
    expect(card).to_contain_text(re.compile(r"Sending [1-2]\.\d of 3\.0 MB"), timeout=TIMEOUT_MS)
    expect(slow_visitor.batch.locator(".progress").first).to_contain_text(re.compile(r"[1-2]\.\d of 3\.0 MB"))
    slow_visitor.wait_for_labels(2)
    expect(slow_visitor.batch.locator(".progress").first).to_contain_text("3.0 MB")


def test_an_image_that_is_classified_directly_shows_the_bytes_that_were_sent(slow_visitor: Visitor) -> None:
    accessibility.prepare(slow_visitor.page, 1280, "light")
    slow_visitor.page.reload()
    slow_visitor.choose_files(file_payload("large.png", LARGE))
    outcome = slow_visitor.batch.locator(".outcome")
    expect(outcome).to_contain_text(re.compile(r"Sending [1-2]\.\d of 3\.0 MB"), timeout=TIMEOUT_MS)
    accessibility.check(slow_visitor.page)
    slow_visitor.wait_for_labels(1)
