"""All these tests share one browser and one embedded cloud. Each test has its own page."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page

from local.cloud import Cloud
from local.paths import SAMPLES
from local.stack import start_application
from tests.support.bucket import Bucket
from tests.support.proxy import Proxy, Reply, proxy

from .modules import serve_modules
from .visitor import REBINDING, Visitor, start_browser, visitor_of

FACES = sorted(SAMPLES.rglob("*.png"))
# Chromium logs this for each HTTP error. The tests check how the page handles these errors, so the message is expected.
EXPECTED_MESSAGE = "Failed to load resource"


@dataclass(frozen=True)
class Model:
    """The model's endpoint, behind a proxy that can make it unavailable."""

    proxy: Proxy

    def go_down(self) -> None:
        self.proxy.intervene = lambda exchange, forward: Reply(503)

    def come_up(self) -> None:
        self.proxy.intervene = lambda exchange, forward: forward()


@pytest.fixture(scope="session")
def model_proxy() -> Iterator[Proxy]:
    with proxy() as server:
        yield server


@pytest.fixture
def model(model_proxy: Proxy) -> Iterator[Model]:
    model = Model(model_proxy)
    yield model
    model.come_up()


@pytest.fixture(scope="session")
def cloud(model_proxy: Proxy) -> Iterator[Cloud]:
    with start_application(variables={"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": model_proxy.url}) as running:
        model_proxy.upstream = str(running.endpoint_url)
        yield running


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with start_browser(REBINDING) as running:
        yield running


@contextmanager
def checked_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """An empty page. Fails if a script throws an error, or if the content security policy blocks something.

    options: those of a browser context.
    """
    context = browser.new_context(**options)
    page = context.new_page()
    errors: list[str] = []

    def log(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_MESSAGE):
            errors.append(message.text)

    page.on("console", log)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with checked_page(browser, viewport={"width": 1400, "height": 900}) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, cloud: Cloud) -> Iterator[Visitor]:
    """A person who has opened the page with the API key on a phone."""
    screen: Any = {"width": 390, "height": 844}
    with checked_page(browser, viewport=screen, has_touch=True, is_mobile=True) as page:
        visitor = visitor_of(page, cloud)
        visitor.open_page()
        yield visitor


@pytest.fixture
def new_visitor(page: Page, cloud: Cloud) -> Visitor:
    """A person who has not opened the page yet."""
    return visitor_of(page, cloud)


@pytest.fixture
def visitor(new_visitor: Visitor) -> Visitor:
    """A person who has opened the page with the API key."""
    new_visitor.open_page()
    return new_visitor


@pytest.fixture
def visitor_of_modules(page: Page, new_visitor: Visitor) -> Visitor:
    """The same, and the page's scripts are single modules, which a test can call."""
    serve_modules(page)
    new_visitor.open_page()
    return new_visitor


@pytest.fixture
def folder_of_fifty(tmp_path: Path) -> Path:
    """A folder with 50 faces. Every fifth one is in a folder within a folder."""
    folder = tmp_path / "fifty"
    for number in range(50):
        file = folder / ("more/deep" if number % 5 == 0 else "") / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FACES[number % len(FACES)].read_bytes())
    return folder


@pytest.fixture(scope="session")
def stored_folder(browser: Browser, cloud: Cloud) -> str:
    """A folder of the inbox with the results of all sample faces, which were added on the page."""
    page = browser.new_page()
    visitor = visitor_of(page, cloud)
    visitor.open_page()
    visitor.choose_folder(SAMPLES)
    visitor.wait_for_labels(len(FACES))
    folder = visitor.folder
    page.close()
    return folder


@pytest.fixture(scope="session")
def one_pixel_png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    return file.getvalue()
