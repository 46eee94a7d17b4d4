"""Lets a test call single modules of the page's scripts."""

from typing import Any

from playwright.sync_api import Page, Route

from local.paths import ROOT

STATIC = ROOT / "functions" / "mien" / "static"
CALL = """async ([path, name, values]) => {
  const module = await import(new URL(path, document.querySelector("script[src]").src).href);
  return module[name](...values);
}"""


def serve_modules(page: Page) -> None:
    """Gives the page its scripts as single modules, and not as the one script that the page's function makes of them.

    Call it before the page is opened. The modules that a test imports are then those that the page uses.
    """

    def answer(route: Route) -> None:
        # The path is /.../page/VERSION/FOLDER/FILE.js.
        path = route.request.url.partition("/page/")[2].partition("/")[2]
        route.fulfill(body=(STATIC / path).read_text(), content_type="text/javascript; charset=utf-8")

    page.route("**/page/*/**/*.js", answer)


def call(page: Page, path: str, name: str, *values: Any) -> Any:
    """Calls a function of a module and returns its value. path: of the module, such as `webcam/smoothing.js`."""
    return page.evaluate(CALL, [path, name, list(values)])
