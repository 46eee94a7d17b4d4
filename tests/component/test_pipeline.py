"""The example of a pipeline: its commands are valid, and name what there is."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from local import template
from local.paths import ROOT

FOLDER = ROOT / "docs" / "pipeline"
WORKFLOWS: dict[str, dict[str, Any]] = {path.name: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml")}
STEPS = [step for flow in WORKFLOWS.values() for job in flow["jobs"].values() for step in job.get("steps", [])]
COMMANDS = "\n".join(step["run"] for step in STEPS if "run" in step)


def test_the_commands_are_valid_in_bash() -> None:
    checked = subprocess.run(["bash", "-n"], input=COMMANDS, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_outputs_that_are_read_are_the_templates() -> None:
    read = set(re.findall(r"\$\(output (\w+)\)", COMMANDS))
    assert read == {"ApiKeyId", "HealthUrl", "ClassifyUrl", "BucketName", "Inbox"}
    assert read <= set(template.load_template()["Outputs"])


def test_the_stack_gets_the_parameter_that_has_no_default() -> None:
    parameters = template.load_template()["Parameters"]
    without = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert set(re.findall(r"(\w+)=\"\$ENDPOINT\"", COMMANDS)) == without


def test_what_the_commands_send_and_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^\.PHONY:.*\btest\b", makefile.replace("\\\n", " "), re.MULTILINE)
    assert (ROOT / "requirements" / "sam.txt").exists()
    for path in re.findall(r"samples/\S+\.png", COMMANDS):
        assert (ROOT / path).exists()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_job_has_more_rights_than_it_needs_and_no_key_is_stored(name: str) -> None:
    flow = WORKFLOWS[name]
    assert flow["permissions"] == {"contents": "read"}
    assert "secrets." not in (FOLDER / name).read_text()
    used = [step["uses"] for job in flow["jobs"].values() for step in job.get("steps", []) if "uses" in step]
    assert [action for action in used if not re.search(r"@v\d+\.\d+\.\d+$", action)] == []
