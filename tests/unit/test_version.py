"""The version is written in three places, which must agree."""

import re
import tomllib

import mien
from local.paths import ROOT


def test_the_package_the_project_and_the_changelog_have_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[(\S+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert project["version"] == mien.__version__ == newest[1]
