"""Every Markdown file: its links lead somewhere, and none leads to a package index."""

import re

import pytest

from local.paths import ROOT
from tests.support import documents

PAGES = [documents.name_of(page) for page in documents.pages()]
LINKS = [(page, link) for page in PAGES for link in documents.links(page)]
# A tool's own page says what it is and how it is used. A package index says neither, and names one way to install it.
PACKAGE_INDEX = re.compile(r"(pypi\.(org|python\.org)|pythonhosted\.org|npmjs\.(com|org)|crates\.io|anaconda\.org)")
LANGUAGES = {"", "bash", "python", "sh", "json", "sql", "text"}


def test_the_pages_are_found() -> None:
    assert {"README.md", "SECURITY.md", "docs/architecture.md", "models/README.md", "events/README.md"} <= set(PAGES)
    assert not any("site-packages" in page for page in PAGES)


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_every_link_leads_somewhere(page: str, link: str) -> None:
    if link.startswith("https://"):
        return
    assert "://" not in link, "a link to another site begins with https://"
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    if anchor:
        assert anchor in documents.anchors(documents.name_of(target.resolve()))


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_package_index(page: str) -> None:
    assert not PACKAGE_INDEX.search(documents.text_of(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_code_block_has_a_language_that_a_test_knows(page: str) -> None:
    assert {block.language for block in documents.blocks(page)} <= LANGUAGES


def test_a_page_of_one_name_has_one_title() -> None:
    for page in PAGES:
        if not page.startswith("."):
            assert len(re.findall(r"^# ", documents.prose(page), re.MULTILINE)) == 1, page
