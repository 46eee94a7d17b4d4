"""Draws the page for the README: the sample faces, dropped on it and labelled by the real cloud."""

from playwright.sync_api import Browser

from local.cloud import Cloud
from local.paths import ROOT, SAMPLES
from local.stack import start_application

from . import visitor as person

FOLDER = ROOT / "docs"
# One of each class after the other, so that what is seen first is not all of one.
FACES = {f"{face.stem} {face.parent.name}.png": face.read_bytes() for face in sorted(SAMPLES.rglob("*.png"))}


def draw(cloud: Cloud, browser: Browser) -> None:
    """On a wide screen in light, after a drop; on a phone in dark, among the results."""
    # Bars that still move would be drawn halfway.
    page = browser.new_page(viewport={"width": 1400, "height": 1080}, color_scheme="light", reduced_motion="reduce")
    visitor = person.visitor(page, cloud)
    visitor.come()
    visitor.choose(*(person.payload(name, data) for name, data in FACES.items()))
    visitor.await_labels(len(FACES))
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / "page.png")

    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce")
    visitor = person.visitor(page, cloud)
    visitor.come()
    visitor.await_results(len(FACES))
    page.locator("#chart").evaluate("chart => scrollTo(0, chart.getBoundingClientRect().top + scrollY - 40)")
    page.wait_for_function("[...document.images].slice(0, 2).every(image => image.complete)")
    page.screenshot(path=FOLDER / "page-phone.png")


if __name__ == "__main__":
    with start_application() as running, person.browser() as chromium:
        draw(running, chromium)
