"""A person before the page: what one does there, and what one sees."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Locator, Page, expect, sync_playwright

from local.cloud import Cloud

# Whichever is there: Debian's, or what others call it.
NAMES = ("chromium", "chromium-browser", "google-chrome")
# A webcam that shows a moving pattern, and that nobody is asked for.
WEBCAM = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Milliseconds, on a machine that is busy.
PATIENCE = 60_000

CARDS = """cards => cards.map(card => ({
  name: card.querySelector(".name").title,
  label: card.querySelector(".outcome strong:not(.wrong)")?.textContent ?? null,
  confidence: card.querySelector(".outcome strong + span")?.textContent ?? null,
  words: (card.querySelector(".why") ?? card.querySelector(".outcome")).textContent,
}))"""


@contextmanager
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise FileNotFoundError(f"none of {', '.join(NAMES)} is on the PATH; install Chromium")
    with sync_playwright() as playwright:
        # Root, which runs the tests in containers, gets no sandbox.
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *WEBCAM])
        yield running
        running.close()


@dataclass(frozen=True)
class Card:
    """confidence: as it is written; words: why there is no label, or how far it is."""

    name: str
    label: str | None
    confidence: str | None
    words: str


@dataclass(frozen=True)
class Visitor:
    page: Page
    root: str
    key: str

    def come(self) -> None:
        """Opens the page with the key, and sees that the model answers."""
        self.page.goto(f"{self.root}#key={self.key}")
        expect(self.page.get_by_text("Model: answers")).to_be_visible(timeout=PATIENCE)

    def choose(self, *files: Path | FilePayload) -> None:
        chosen = [payload(file.name, file.read_bytes()) if isinstance(file, Path) else file for file in files]
        self.page.locator("#files").set_input_files(chosen)

    def choose_folder(self, folder: Path) -> None:
        self.page.locator("#folder").set_input_files(folder)

    def drag(self, *paths: Path) -> None:
        """Drags files and folders from the desktop onto the page, as the browser gets it from the desktop."""
        place = self.page.locator("#drop").bounding_box()
        assert place
        devtools = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            where = {"x": place["x"] + 20, "y": place["y"] + 20}
            devtools.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})

    @property
    def run(self) -> Locator:
        """What was dropped last."""
        return self.page.locator("#runs > article").first

    def await_labels(self, count: int, words: str = "") -> None:
        """Waits until all is done. words: how many were labelled, rejected and failed."""
        words = words or f"{count} labelled, 0 rejected, 0 failed"
        said = f"{count} of {count} image{'s' if count > 1 else ''} done: {words}."
        expect(self.run.get_by_text(said, exact=True)).to_be_visible(timeout=PATIENCE)

    def cards(self, place: str = "#runs > article:first-child") -> list[Card]:
        return [Card(**card) for card in self.page.locator(f"{place} .card").evaluate_all(CARDS)]

    def results(self, folder: str, count: int) -> None:
        """Looks at the results of a folder of the inbox, and waits until so many match."""
        self.page.get_by_label("Folder below the inbox").fill(folder)
        self.page.get_by_role("button", name="Refresh").click()
        self.await_results(count)

    def await_results(self, count: int) -> None:
        expect(self.page.locator("#loaded")).to_contain_text(f"{count} of ", timeout=PATIENCE)
        expect(self.page.locator("#results > li")).to_have_count(count)

    @property
    def folder(self) -> str:
        """Where the images of the last run are kept, below the inbox."""
        return self.run.get_by_role("heading").inner_text().rpartition(" ")[2]


def payload(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    """A file that lies nowhere."""
    return {"name": name, "mimeType": kind, "buffer": data}


def visitor(page: Page, cloud: Cloud) -> Visitor:
    return Visitor(page, cloud.page_url, cloud.api_key)
