"""The README: short, in an order for someone who does not know the project, and true."""

import json
import re

from local.paths import ROOT
from tests.support import documents

README = documents.text_of("README.md")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_it_comes_to_the_point_in_order() -> None:
    assert README.index("docs/page.png") < README.index("\n## ")
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert headings == ["Try it", "Deploy", "Call", "Train", "What a label means", "Read on"]


def test_the_accuracy_that_it_states_is_the_models() -> None:
    measured = json.loads((ROOT / "models" / "public_test.json").read_text())
    assert f"accuracy of {measured['accuracy']:.4f} on FER2013's public test" in README


def test_it_links_to_every_page() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"} <= {
        link.partition("#")[0] for link in documents.links("README.md")
    }
