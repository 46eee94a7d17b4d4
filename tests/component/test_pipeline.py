"""The example of a pipeline: its commands are valid, and name what there is."""

import re
import shlex
import subprocess
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deployment.__main__ import app
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
    assert read == {"BucketName", "Inbox"}
    assert read <= set(template.load_template()["Outputs"])


def test_the_deployment_gets_options_that_it_has_and_shows_no_key() -> None:
    [line] = [line for line in COMMANDS.splitlines() if line.startswith("make deploy")]
    arguments = dict(word.split("=", 1) for word in shlex.split(line)[2:])
    assert (arguments["MODEL"], arguments["STACK"]) == ("models", "$STACK")
    result = CliRunner().invoke(app, ["deploy", "--help"], env={"COLUMNS": "200"})
    assert arguments["OPTIONS"] == "--hide-key"
    assert "--hide-key" in result.stdout


def test_what_the_commands_send_and_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", COMMANDS, re.MULTILINE):
        assert re.search(rf"^{target}: .*##", makefile, re.MULTILINE)
    for path in re.findall(r"samples/\S+\.png", COMMANDS):
        assert (ROOT / path).exists()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_job_has_more_rights_than_it_needs_and_no_key_is_stored(name: str) -> None:
    flow = WORKFLOWS[name]
    assert flow["permissions"] == {"contents": "read"}
    assert "secrets." not in (FOLDER / name).read_text()
    used = [step["uses"] for job in flow["jobs"].values() for step in job.get("steps", []) if "uses" in step]
    assert [action for action in used if not re.search(r"@v\d+\.\d+\.\d+$", action)] == []
