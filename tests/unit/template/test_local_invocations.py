"""samconfig.toml and events/env.json let `sam local` run the functions on this machine."""

import json
import tomllib
from typing import Any

import pytest

from local import template
from local.cloud import UNDEPLOYED_REFERENCES
from local.paths import ROOT

CONFIGURED: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
VARIABLES = "events/env.json"
# `sam local invoke`, `sam local start-api`.
LOCAL = ["local_invoke", "local_start_api"]


def parameters(environment: str, command: str) -> dict[str, Any]:
    configured: dict[str, Any] = CONFIGURED[environment][command]["parameters"]
    return configured


def test_every_variable_of_the_functions_has_a_value_for_the_example_events() -> None:
    """Without a value, SAM would make one up: the bucket would be local-123456789012-us-east-1."""
    written = json.loads((ROOT / VARIABLES).read_text())
    assert written == {"Parameters": template.function_environment(UNDEPLOYED_REFERENCES)}


def test_the_bucket_is_the_one_that_the_example_events_name() -> None:
    bucket = json.loads((ROOT / VARIABLES).read_text())["Parameters"]["BUCKET"]
    assert f'"name": "{bucket}"' in (ROOT / "events" / "s3-put.json").read_text()


@pytest.mark.parametrize("environment", ["default", "x86_64"])
@pytest.mark.parametrize("command", LOCAL)
def test_every_local_command_uses_these_variables(environment: str, command: str) -> None:
    assert parameters(environment, command)["env_vars"] == VARIABLES


@pytest.mark.parametrize("command", ["build", *LOCAL])
def test_both_processors_have_the_same_options_but_for_the_processor(command: str) -> None:
    arm, x86 = dict(parameters("default", command)), dict(parameters("x86_64", command))
    endpoint = parameters("default", "local_invoke")["parameter_overrides"]
    assert arm.pop("parameter_overrides", endpoint) == endpoint
    assert x86.pop("parameter_overrides") == [*endpoint, "Architecture=x86_64"]
    # `sam deploy` deploys what is in .aws-sam/build, and there it must not find code for another processor.
    if command == "build":
        assert x86.pop("build_dir") == ".aws-sam/x86_64"
    else:
        assert x86.pop("template_file") == ".aws-sam/x86_64/template.yaml"
    assert x86 == arm


def test_the_default_sections_are_for_the_templates_default_processor() -> None:
    assert template.default_parameters()["Architecture"] == "arm64"
