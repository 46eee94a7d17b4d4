"""Everywhere where people decide how to use Mien, the law is named: the EU AI Act and the GDPR."""

import re

import pytest

from local.paths import ROOT

# The parts of the EU AI Act about inferring emotions, and the right to erasure under the GDPR.
ARTICLES = ["5(1)(f)", "Annex III, point 1(c)", "50(3)", "AI Act", "GDPR", "17"]
PLACES = ["README.md", "SECURITY.md", "docs/security.md", "models/README.md", "functions/mien/static/index.html"]
# Where the sentences are written out, they also say what they are not.
WRITTEN_OUT = ["docs/security.md", "models/README.md", "functions/mien/static/index.html"]


def text_of(path: str) -> str:
    """The file in one line, because a sentence may continue on the next line."""
    return " ".join((ROOT / path).read_text().split())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("article", ARTICLES)
def test_the_articles_are_named(place: str, article: str) -> None:
    assert re.search(rf"(?<!\w){re.escape(article)}(?!\w)", text_of(place))


@pytest.mark.parametrize("place", WRITTEN_OUT)
def test_the_law_is_stated_with_its_exceptions_and_is_not_legal_advice(place: str) -> None:
    text = text_of(place)
    assert "Regulation (EU) 2024/1689" in text
    assert "except for medical or safety reasons" in text
    assert "identifies nobody" in text
    assert "This is not legal advice." in text


def test_the_page_about_security_says_what_helps() -> None:
    text = text_of("docs/security.md")
    assert all(f"`{name}`" in text for name in ("InboxDays", "ResultsDays", "operate forget"))
