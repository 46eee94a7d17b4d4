"""One browser and one embedded cloud, which all these tests share; a page of its own for each of them."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page

from local.cloud import Cloud
from local.paths import SAMPLES
from local.stack import start_application
from tests.faults.proxy import Proxy, Reply, proxy

from . import visitor as person
from .visitor import Visitor

FACES = sorted(SAMPLES.rglob("*.png"))
# What Chromium says of each answer that is no success. What the page makes of those is what is tested.
NO_SUCCESS = "Failed to load resource"


@dataclass(frozen=True)
class Model:
    """The way to the model, which can be cut."""

    proxy: Proxy

    def go_down(self) -> None:
        self.proxy.intervene = lambda exchange, forward: Reply(503)

    def come_up(self) -> None:
        self.proxy.intervene = lambda exchange, forward: forward()


@dataclass(frozen=True)
class Bucket:
    """What is kept."""

    s3: Any
    name: str
    inbox: str
    results: str
    rejected: str

    def keys(self, below: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=below)
        return [stored["Key"] for page in pages for stored in page.get("Contents", [])]

    def documents(self, folder: str) -> dict[str, Any]:
        """The results of a folder of the inbox, by the images' keys below the inbox."""
        found = {}
        for key in self.keys(self.results + folder):
            document = json.loads(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())
            found[document["image"]["key"].removeprefix(self.inbox)] = document
        return found


@pytest.fixture(scope="session")
def way() -> Iterator[Proxy]:
    with proxy() as server:
        yield server


@pytest.fixture
def model(way: Proxy) -> Iterator[Model]:
    model = Model(way)
    yield model
    model.come_up()


@pytest.fixture(scope="session")
def cloud(way: Proxy) -> Iterator[Cloud]:
    with start_application(variables={"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": way.url}) as running:
        way.upstream = str(running.endpoint_url)
        yield running


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> Bucket:
    names = (cloud.prefix(output) for output in ("Inbox", "Results", "Rejected"))
    return Bucket(cloud.client("s3"), cloud.outputs["BucketName"], *names)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with person.browser() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Fails the test if a script fails, or if anything is done that the page's policy forbids."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page, wrong = context.new_page(), []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NO_SUCCESS):
            wrong.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def stranger(page: Page, cloud: Cloud) -> Visitor:
    """Has not come yet."""
    return person.visitor(page, cloud)


@pytest.fixture
def visitor(stranger: Visitor) -> Visitor:
    stranger.come()
    return stranger


@pytest.fixture
def fifty(tmp_path: Path) -> Path:
    """A folder of 50 faces, some of them in folders of it."""
    folder = tmp_path / "fifty"
    for number in range(50):
        file = folder / ("more/deep" if number % 5 == 0 else "") / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FACES[number % len(FACES)].read_bytes())
    return folder


@pytest.fixture(scope="session")
def kept(browser: Browser, cloud: Cloud) -> str:
    """A folder of the inbox with all sample faces in it, which were dropped on the page."""
    page = browser.new_page()
    one = person.visitor(page, cloud)
    one.come()
    one.choose_folder(SAMPLES)
    one.await_labels(len(FACES))
    folder = one.folder
    page.close()
    return folder


@pytest.fixture(scope="session")
def tiny() -> bytes:
    """A PNG of one pixel."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    return file.getvalue()
