"""The README promises nothing that isn't there."""

import json
import re

import pytest

from local import template
from local.paths import ROOT
from mien.logic import images

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([\w./-]+)", README, re.MULTILINE))))
def test_every_target_that_it_names_exists(target: str) -> None:
    assert re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("link", sorted({*re.findall(r"\]\(([^)]+)\)", README), *re.findall(r'src="([^"]+)"', README)}))
def test_every_link_leads_somewhere(link: str) -> None:
    assert link.startswith("https://") or (ROOT / link).exists()


def test_the_defaults_that_it_states_are_the_templates() -> None:
    parameters = template.load_template()["Parameters"]
    assert f"| {parameters['BatchSize']['Default']}, {parameters['BatchWindow']['Default']} s |" in README
    assert f"| `MaximumConcurrency` | {parameters['MaximumConcurrency']['Default']} |" in README
    assert f"| `InboxDays` | {parameters['InboxDays']['Default']} |" in README


def test_the_accuracy_that_it_states_is_the_models() -> None:
    measured = json.loads((ROOT / "models" / "public_test.json").read_text())
    assert f"accuracy {measured['accuracy']:.4f} on FER2013's public test" in README


def test_the_limits_that_it_states_are_the_functions() -> None:
    assert f"over {images.MAX_BYTES // 1024**2} MiB" in README
    assert f"over {images.MAX_PIXELS // 1_000_000} million" in README
    assert f"under {images.MIN_SIDE} pixels" in README
    sources = [path.read_text() for path in (ROOT / "functions" / "mien").rglob("*.py")]
    reasons = {
        reason for source in sources for reason in re.findall(r'(?:Rejected\(|BROKEN = \(|return )\s*"(\w+)",', source)
    }
    assert {"gone", "too_complex", "broken_image", "not_an_image", "empty"} <= reasons
    for reason in reasons:
        assert f"`{reason}`" in README
