"""Drives the page as a person would, and reads what the page shows."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Locator, Page, expect, sync_playwright

from local.cloud import Cloud

# Names of Chromium's program: the first is Debian's, the others are those of other systems.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# The browser plays a moving pattern as the webcam's picture, and gives permission to use it without asking.
WEBCAM_OPTIONS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Milliseconds until an expectation fails. The machine may be busy with other tests.
TIMEOUT_MS = 60_000

READ_CARDS = """cards => cards.map(card => ({
  name: card.querySelector(".name").title,
  label: card.querySelector(".confidence") ? card.querySelector(".outcome strong").textContent : null,
  confidence: card.querySelector(".confidence")?.textContent ?? null,
  text: (card.querySelector(".reason") ?? card.querySelector(".outcome")).textContent,
}))"""


# Another site. The browser asks no name server: this name leads to this machine, as after DNS rebinding.
FOREIGN = "evil.example"
REBINDING = f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1"


@contextmanager
def start_browser(*options: str) -> Iterator[Browser]:
    """Runs the machine's own Chromium with these options. Raises FileNotFoundError if it is not installed."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        raise FileNotFoundError(f"none of {', '.join(PROGRAMS)} is on the PATH; install Chromium")
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root, which runs the tests in containers.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *WEBCAM_OPTIONS, *options])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Card:
    """An image's card on the page.

    label: None if the image has no label, or several faces.
    confidence: as the page writes it, such as "93%".
    text: the reason why there is no label; otherwise the outcome, such as "Waiting", "happy 93%" or "3 faces".
    """

    name: str
    label: str | None
    confidence: str | None
    text: str


@dataclass(frozen=True)
class Visitor:
    """A person who uses the page.

    url: the page's address.
    key: the API key.
    """

    page: Page
    url: str
    key: str

    def open_page(self) -> None:
        """Opens the page with the API key, and waits until it shows that the model is available."""
        self.page.goto(f"{self.url}#key={self.key}")
        expect(self.page.get_by_text("Model: available")).to_be_visible(timeout=TIMEOUT_MS)

    def keep(self, is_stored: bool) -> None:
        """Chooses whether images and results are stored in the inbox."""
        name = "Store images and results" if is_stored else "Store nothing"
        self.page.get_by_role("radio", name=name).check()

    def choose_files(self, *files: Path | FilePayload, is_stored: bool | None = None) -> None:
        """Chooses images.

        is_stored: by default, several images are stored, and a single one is not.
        """
        self.keep(len(files) > 1 if is_stored is None else is_stored)
        chosen = [file_payload(file.name, file.read_bytes()) if isinstance(file, Path) else file for file in files]
        self.page.locator("#file-input").set_input_files(chosen)

    def choose_folder(self, folder: Path) -> None:
        """Chooses a folder, whose images are stored."""
        self.keep(True)
        self.page.locator("#folder-input").set_input_files(folder)

    def drag(self, *paths: Path) -> None:
        """Drags files and folders from the desktop onto the page."""
        zone = self.page.locator("#drop-zone").bounding_box()
        assert zone
        devtools = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            position = {"x": zone["x"] + 20, "y": zone["y"] + 20}
            devtools.send("Input.dispatchDragEvent", {"type": kind, **position, "data": data})

    @property
    def batch(self) -> Locator:
        """The batch that was added last."""
        return self.page.locator("#batches > article").first

    def wait_for_labels(self, count: int, outcome: str = "") -> None:
        """Waits until the last batch is done.

        count: images of the batch.
        outcome: counts that the page must show; by default all images have a label. The page shows none of a single
            image, but the outcome itself.
        """
        expect(self.batch).to_have_attribute("aria-busy", "false", timeout=TIMEOUT_MS)
        if count == 1:
            expect(self.batch.locator(".single-image .outcome")).to_contain_text(outcome)
        else:
            text = f"{count} of {count} images done: {outcome or f'{count} labelled'}."
            expect(self.batch.get_by_text(text, exact=True)).to_be_visible(timeout=TIMEOUT_MS)

    def batch_cards(self) -> list[Card]:
        """The cards of the last batch."""
        return self._cards("#batches > article:first-child")

    def result_cards(self) -> list[Card]:
        """The cards of the stored results."""
        return self._cards("#results")

    def _cards(self, parent: str) -> list[Card]:
        return [Card(**card) for card in self.page.locator(f"{parent} .card").evaluate_all(READ_CARDS)]

    def show_results(self, folder: str, count: int) -> None:
        """Shows the photos of a folder of the inbox, and waits until `count` of them are visible."""
        self.page.get_by_role("radio", name="Photos").check()
        self.page.get_by_label("Folder in the inbox").fill(folder)
        self.page.get_by_role("button", name="Refresh").click()
        self.wait_for_results(count)

    def show_faces(self, folder: str, count: int) -> None:
        """Shows the faces of a folder of the inbox, and waits until `count` cards are visible."""
        self.page.get_by_role("radio", name="Faces").check()
        self.page.get_by_label("Folder in the inbox").fill(folder)
        self.page.get_by_role("button", name="Refresh").click()
        self.wait_for_results(count)

    def wait_for_results(self, count: int) -> None:
        """Waits until all results are loaded, and until `count` cards are visible."""
        # Until then, the page shows the results from before.
        expect(self.page.locator("#results")).to_have_attribute("aria-busy", "false", timeout=TIMEOUT_MS)
        expect(self.page.locator("#results > li")).to_have_count(count, timeout=TIMEOUT_MS)

    def press_group(self, name: str) -> None:
        """Presses a row of the chart of labels."""
        self.page.locator("#label-chart").get_by_role("button", name=name).click()

    @property
    def folder(self) -> str:
        """The folder of the inbox in which the last batch is stored. Its name is the last word of the batch's title."""
        return self.batch.get_by_role("heading").inner_text().rpartition(" ")[2]


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Waits until a condition is true that Playwright's expectations can't express. The page's routes work meanwhile.

    Playwright's wait_for_function can't be used here. If its first question is answered with no, it asks again with
    eval, which the page's Content-Security-Policy refuses.

    Raises AssertionError after TIMEOUT_MS.
    """
    end = time.monotonic() + TIMEOUT_MS / 1_000
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not happen"
        page.wait_for_timeout(50)


def file_payload(name: str, data: bytes, content_type: str = "image/png") -> FilePayload:
    """A file for `Visitor.choose_files` that is not on the disk."""
    return {"name": name, "mimeType": content_type, "buffer": data}


def visitor_of(page: Page, cloud: Cloud) -> Visitor:
    """A person who has not opened the page yet."""
    return Visitor(page, cloud.page_url, cloud.api_key)
