"""Measures how long the page needs for many results on a slow network, and how much memory.

    .venv/bin/python benchmarks/page.py [--photos N]

Needs the environment of `make install` and Chromium, and about four minutes for 10,000 photos. Writes page.md.

The page and the answers of the API come from a server of this script: the function of the page itself, and documents of
photos with two faces each. Chromium slows the network down.
"""

import argparse
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

os.environ.setdefault("BUCKET_ORIGIN", "https://bucket.example")

from benchmarks.report import write_page
from mien.aws.listing import PAGE
from mien.handlers.page import handler
from tests.browser.photos import Photo
from tests.browser.results_api import document_of
from tests.browser.visitor import start_browser
from tests.support.labels import LABELS

PHOTO = Photo("photo.jpg", 640, 480, [(80, 100, 260, 320), (360, 120, 520, 300)])
IMAGE = PHOTO.file()
# Milliseconds until an expectation fails.
TIMEOUT_MS = 600_000
# Steps of the mouse wheel, in pixels.
STEP = 2_000


@dataclass(frozen=True)
class Network:
    """megabits: per second, in both directions. latency: milliseconds of each request."""

    name: str
    megabits: float
    latency: int


NETWORKS = (Network("fast: 50 Mbit/s, 20 ms", 50, 20), Network("slow: 1.6 Mbit/s, 150 ms", 1.6, 150))


def answer(path: str, query: Mapping[str, str], documents: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Returns the content type and the body of an answer. path: without the first slash."""
    match path.partition("/")[0]:
        case "health":
            return as_json({"status": "up", "version": "0", "labels": list(LABELS)})
        case "folders":
            return as_json({"folders": []})
        case "reviews":
            return as_json({"reviews": []})
        case "results":
            if query.get("status") == "rejected" or query.get("since"):
                return as_json({"results": []})
            start = int(query.get("after") or 0)
            more = {"next": str(start + PAGE)} if start + PAGE < len(documents) else {}
            return as_json({"results": documents[start : start + PAGE], **more})
        case "image":
            return "image/jpeg", IMAGE
    _, _, rest = path.partition("/")
    version, _, file = rest.partition("/")
    served = handler({"pathParameters": {"version": version, "file": file} if file else None}, None)
    return served["headers"]["Content-Type"], served["body"].encode()


def as_json(content: Any) -> tuple[str, bytes]:
    return "application/json", json.dumps(content).encode()


@contextmanager
def serve(photos: int) -> Iterator[str]:
    """Serves the page and that many documents, and yields the page's address."""
    documents = [document_of(PHOTO, f"{number:06}.jpg") for number in range(photos)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            kind, body = answer(url.path.lstrip("/"), query, documents)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    for document in documents:
        document["image"]["url"] = f"{address}image/{document['image']['key']}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()


def measure(browser: Browser, address: str, network: Network, photos: int) -> str:
    """Returns a row of the table."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    speed = network.megabits * 1_000_000 / 8
    limits = {"offline": False, "latency": network.latency, "downloadThroughput": speed, "uploadThroughput": speed}
    devtools.send("Network.emulateNetworkConditions", limits)
    start = time.monotonic()
    page.goto(f"{address}#key=x", wait_until="commit")
    page.locator("#results > li").first.wait_for(timeout=TIMEOUT_MS)
    first_card = time.monotonic() - start
    expect(page.locator("#results canvas").first).not_to_have_js_property("width", 0, timeout=TIMEOUT_MS)
    first_face = time.monotonic() - start
    expect(page.locator("#results-status")).to_contain_text("All results are loaded", timeout=TIMEOUT_MS)
    everything = time.monotonic() - start
    loaded = heap(page, devtools)
    scroll_to_end(page)
    cards = page.locator("#results > li").count()
    scrolled = heap(page, devtools)
    page.close()
    times = f"{first_card:.1f} | {first_face:.1f} | {everything:.1f}"
    return f"| {network.name} | {photos:,} | {times} | {loaded:.0f} | {scrolled:.0f} ({cards:,} cards) |"


def heap(page: Page, devtools: Any) -> float:
    """Returns the memory of the page's scripts in MB, after what nobody uses any more was freed."""
    page.wait_for_timeout(500)
    devtools.send("HeapProfiler.collectGarbage")
    size: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return size / 1e6


def scroll_to_end(page: Page) -> None:
    """Scrolls down, as a person would, until no more cards follow."""
    count = -1
    while count != (now := page.locator("#results > li").count()):
        count = now
        for _ in range(5):
            page.mouse.move(700, 500)
            page.mouse.wheel(0, STEP)
            page.wait_for_timeout(200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=10_000, help="photos with two faces each (10,000)")
    arguments = parser.parse_args()
    table = [
        "| network | photos | first card, s | first face, s | all results, s | memory, MB | after scrolling, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    with serve(arguments.photos) as address, start_browser() as browser:
        table += [measure(browser, address, network, arguments.photos) for network in NETWORKS]
    notes = f"""
        Each photo has two faces. The API answers with {PAGE} documents at a time, without compression. The network was
        slowed down by Chromium; its times are those of each request. Memory is that of the page's scripts after a
        garbage collection; the pixels of the canvases are not in it. The grid shows 2,000 cards until the person asks
        for more. Measured with Python {platform.python_version()} on {os.cpu_count()} cores.
    """
    write_page(__file__, "The page with many results", table, notes, ".venv/bin/python benchmarks/page.py")


if __name__ == "__main__":
    main()
