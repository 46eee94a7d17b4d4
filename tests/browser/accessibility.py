"""axe finds missing names and roles, low contrast, headings in the wrong order, and more."""

from importlib.resources import files
from typing import Literal

from playwright.sync_api import Page

Scheme = Literal["light", "dark"]


def prepare(page: Page, width: int, scheme: Scheme) -> None:
    """Sets the size of the window and the color scheme, and loads axe with each page that is opened afterwards."""
    page.set_viewport_size({"width": width, "height": 800})
    # Without reduced motion, axe would measure the contrast of elements that are still fading in.
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    # The browser runs init scripts itself, so the page's content security policy does not block this one.
    page.add_init_script((files("axe_playwright_python") / "axe.min.js").read_text())


def check(page: Page) -> None:
    """Fails if axe finds a violation, or if the page needs horizontal scrolling."""
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    assert [f"{one['help']}: {node['html']}" for one in found for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
