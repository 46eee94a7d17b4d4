"""The page's scripts and their development tools: what no linter checks."""

import json
import re
from pathlib import Path

import pytest

from local.paths import ROOT

STATIC = ROOT / "functions" / "mien" / "static"
SCRIPTS = sorted(STATIC.rglob("*.js"))
INDEX = (STATIC / "index.html").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_never_parses_text_as_html(script: Path) -> None:
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script.read_text())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_index_html_has_every_element_that_a_script_looks_up(script: Path) -> None:
    looked_up = set(re.findall(r'byId\(\s*"([^"]+)"', script.read_text()))
    assert looked_up <= set(re.findall(r'\bid="([^"]+)"', INDEX))


@pytest.mark.parametrize("sheet", sorted(STATIC.rglob("*.css")), ids=lambda sheet: sheet.name)
def test_a_stylesheet_has_no_rule_for_an_id_or_class_that_the_page_does_not_use(sheet: Path) -> None:
    css = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", sheet.read_text(), flags=re.DOTALL)
    pages = INDEX + "".join(script.read_text() for script in SCRIPTS)
    used = set(re.findall(r"[\w-]+", " ".join(re.findall(r'"([^"\n]*)"', pages))))
    assert set(re.findall(r"[#.]([a-z][\w-]*)", css)) <= used


def test_the_development_tools_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    assert "dependencies" not in package


def test_the_lock_file_has_hashes_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert installed
    assert not [name for name, entry in installed.items() if "integrity" not in entry or "resolved" in entry]
