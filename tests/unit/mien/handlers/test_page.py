"""The page's function: which files it returns, and what the content security policy allows."""

import base64
import hashlib
import posixpath
import re
import sys
from typing import Any

import pytest

from local import cloud
from local.paths import ROOT
from mien.handlers import page
from mien.logic.bombs import MAX_COSTLY_PIXELS
from mien.logic.images import MAX_BYTES, MAX_PIXELS
from mien.logic.requests import MAX_BODY_BYTES, MAX_CALLS, MAX_IMAGES
from tests.support.labels import LABELS

BUCKET = f"https://{cloud.STACK}-{cloud.UNDEPLOYED_REFERENCES['AWS::AccountId']}-{cloud.REGION}.s3.{cloud.REGION}.amazonaws.com"


def get(file: str | None = None, version: str = page.VERSION) -> dict[str, Any]:
    """Calls the function as API Gateway does, which sends null for a missing value."""
    return page.handler({"pathParameters": None if file is None else {"file": file, "version": version}}, None)


def test_the_root_is_the_page() -> None:
    answer = get()
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer["body"].startswith("<!doctype html>")


def test_the_page_is_three_files() -> None:
    named = re.findall(rf'(?:src|href)="page/{page.VERSION}/([^"]+)"', get()["body"])
    assert named == ["app.css", "app.js"]
    assert {*named, page.INDEX} == set(page.FILES)
    for name in named:
        answer = get(name)
        assert answer["statusCode"] == 200, name
        kind = {"css": "text/css", "js": "text/javascript"}[name.rpartition(".")[2]]
        assert answer["headers"]["Content-Type"] == f"{kind}; charset=utf-8"


def test_index_html_names_every_source_and_every_import_leads_to_one() -> None:
    """Then index.html can also be opened without the function, and a browser loads all scripts at once."""
    named = re.findall(r'(?:src|href)="page/([^"]+)"', page.SOURCES[page.INDEX].text)
    assert {*named, page.INDEX} == set(page.SOURCES)
    for name in named:
        for target in re.findall(r' from "(\.[^"]+)"', page.SOURCES[name].text):
            assert posixpath.normpath(f"{posixpath.dirname(name)}/{target}".lstrip("/")) in page.SOURCES, name


def test_each_source_is_in_the_file_that_is_served_under_its_name() -> None:
    for name in set(page.SOURCES) - {page.INDEX}:
        comment, file = (f"/* {name} */", "app.css") if name.endswith(".css") else (f"// {name}", "app.js")
        assert page.FILES[file].text.count(f"{comment}\n") == 1, name


def test_the_style_sheets_keep_their_order() -> None:
    in_index = re.findall(r'href="page/([^"]+\.css)"', page.SOURCES[page.INDEX].text)
    assert re.findall(r"^/\* (\S+\.css) \*/$", page.FILES["app.css"].text, re.MULTILINE) == in_index


@pytest.mark.parametrize("name", ["none.js", "../page.py", "..%2Fpage.py", "static/app.js", "index.html/"])
def test_no_other_file_is_returned(name: str) -> None:
    assert get(name)["statusCode"] == 404


def test_a_browser_caches_the_files_but_not_the_page() -> None:
    assert "immutable" in get("app.js")["headers"]["Cache-Control"]
    assert get()["headers"]["Cache-Control"] == get("none.js")["headers"]["Cache-Control"] == "no-cache"


def test_a_page_of_an_older_version_gets_the_files_but_does_not_cache_them() -> None:
    old = get("app.js", version="0123456789abcdef")
    assert (old["statusCode"], old["headers"]["Cache-Control"]) == (200, "no-cache")


def test_a_change_of_any_file_changes_the_version() -> None:
    texts = [file.text for file in page.FILES.values()]
    assert (
        len({page.VERSION, *(page.digest([*texts[:n], "", *texts[n + 1 :]]) for n in range(len(texts)))})
        == len(texts) + 1
    )


def policy() -> dict[str, list[str]]:
    parts = get()["headers"]["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (part.split() for part in parts)}


def test_only_the_pages_own_scripts_run() -> None:
    [inline] = re.findall(r"<script>(.*?)</script>", get()["body"], re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert policy()["script-src"] == ["'self'", f"'sha256-{digest}'"]
    assert policy()["style-src"] == ["'self'"]
    assert policy()["default-src"] == policy()["frame-ancestors"] == policy()["base-uri"] == ["'none'"]
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", get()["body"])


def test_the_page_connects_only_to_its_own_origin_and_to_the_bucket() -> None:
    assert policy()["connect-src"] == ["'self'", BUCKET]
    assert set(policy()["img-src"]) == {"'self'", "blob:", "data:", BUCKET}
    assert not [name for name, sources in policy().items() if "*" in sources or "https:" in sources]


def test_every_answer_forbids_sniffing_and_framing() -> None:
    for answer in (get(), get("app.js"), get("none.js")):
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer["headers"]["Content-Security-Policy"]
        assert answer["headers"]["Referrer-Policy"] == "no-referrer"


def test_no_file_of_the_page_contains_the_labels() -> None:
    """The page reads the labels from the documents, so other classes need no change of the page."""
    for name, file in page.SOURCES.items():
        assert not [label for label in LABELS if re.search(rf'"{label}"', file.text)], name


def test_the_page_and_the_api_have_the_same_limits() -> None:
    text = page.SOURCES["classify/classify-directly.js"].text
    for name, limit in {"MAX_IMAGES": MAX_IMAGES, "MAX_IMAGES_ONE_PER_CALL": MAX_CALLS}.items():
        assert f"const {name} = {limit:_};" in text
    limits = {
        "imageBytes": MAX_BYTES,
        "requestBytes": MAX_BODY_BYTES,
        "pixels": MAX_PIXELS,
        "costlyPixels": MAX_COSTLY_PIXELS,
    }
    for name, limit in limits.items():
        assert f"  {name}: {limit:_}," in page.SOURCES["api/limits.js"].text


def test_the_function_imports_no_library() -> None:
    """Every visitor waits for its cold start."""
    folder = ROOT / "functions" / "mien"
    sources = [(folder / name).read_text() for name in ("handlers/page.py", "logic/bundles.py")]
    imported = {name for source in sources for name in re.findall(r"^(?:from|import) ([\w.]+)", source, re.MULTILINE)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | {"mien"}
    assert {name for name in imported if name.startswith("mien")} == {"mien.logic.bundles"}
