"""Takes the README's screenshots of the page: python -m tests.browser.screenshot

The page shows a sample photo and the sample faces, which the embedded cloud has classified.
"""

from playwright.sync_api import Browser, expect

from local.cloud import Cloud
from local.paths import ALL_SAMPLES, ROOT, SAMPLES
from local.stack import start_application

from .visitor import file_payload, start_browser, visitor_of

FOLDER = ROOT / "docs"
# The names begin with a number, so that the first cards show a face of each label.
FACES = {f"{face.stem} {face.parent.name}.png": face.read_bytes() for face in sorted(SAMPLES.rglob("*.png"))}
PHOTO = (ALL_SAMPLES / "photos" / "group.jpg").read_bytes()


def take_screenshots(cloud: Cloud, browser: Browser) -> None:
    """Writes docs/page.png (a wide screen, light, the viewer) and docs/page-phone.png (a phone, dark, the results)."""
    # Without reduced motion, the pictures could show bars that are still growing.
    page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light", reduced_motion="reduce")
    visitor = visitor_of(page, cloud)
    visitor.open_page()
    page.evaluate("localStorage.setItem('mien-reviewer', 'Ann')")
    faces = [file_payload(name, data) for name, data in FACES.items()]
    visitor.choose_files(file_payload("0 group.jpg", PHOTO, "image/jpeg"), *faces)
    visitor.wait_for_labels(1 + len(FACES))
    page.locator("#results > li button").first.click()
    expect(page.locator("#viewer canvas").last).not_to_have_js_property("width", 0)
    page.locator("#viewer-outcome").click()
    page.screenshot(path=FOLDER / "page.png")

    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce")
    visitor = visitor_of(page, cloud)
    visitor.open_page()
    page.get_by_role("radio", name="Faces").wait_for()
    page.locator("#stored-results").evaluate("section => section.scrollIntoView()")
    expect(page.locator("#results canvas").first).not_to_have_js_property("width", 0)
    page.screenshot(path=FOLDER / "page-phone.png")


if __name__ == "__main__":
    with start_application() as running, start_browser() as chromium:
        take_screenshots(running, chromium)
