"""Each check of checkov that is skipped has a reason beside it."""

import re
from typing import Any

import pytest
import yaml

from local import template
from local.paths import ROOT
from tests.support.hosting_template import WRITTEN


@pytest.mark.parametrize("written", [template.load_template(), WRITTEN], ids=["template.yaml", "hosting.yaml"])
def test_each_check_that_is_skipped_for_one_resource_has_a_reason(written: dict[str, Any]) -> None:
    resources = written["Resources"].values()
    skips = [skip for r in resources for skip in r.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(re.fullmatch(r"\S.{20,}\.", skip["comment"]) for skip in skips)


def test_each_check_that_is_skipped_everywhere_has_a_comment_above_it() -> None:
    text = (ROOT / ".checkov.yaml").read_text()
    commented = re.findall(r"^  # \S.+\n(?:  # .+\n)*(?<=\.\n)  - (\w+)$", text, re.MULTILINE)
    assert commented == yaml.safe_load(text)["skip-check"]
