"""A local job has the environment of SageMaker's training containers."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from sagemaker.train.container_drivers.scripts.environment import set_env

from training.jobs.local_container import RESOURCES, count_gpus, environment_variables, input_data_config
from training.jobs.recipe_file import load_recipe


def parse_values(variables: dict[str, str]) -> dict[str, Any]:
    """Parses the variables whose values are JSON."""

    def parse(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return {name: parse(text) for name, text in variables.items()}


def test_the_variables_are_those_that_the_sdks_container_driver_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("resnet")
    root = tmp_path / "job"
    monkeypatch.setenv("TRAINING_JOB_NAME", "job")
    hyperparameters = {name: str(value) for name, value in recipe.hyperparameters.items()}
    set_env(RESOURCES, input_data_config(recipe), hyperparameters, str(tmp_path / "variables"))
    lines = (tmp_path / "variables").read_text().splitlines()
    expected = dict(shlex.split(line)[1].split("=", 1) for line in lines if line)
    # The driver reads these two from files that only a container has.
    expected |= {"SM_SOURCE_DIR": "/opt/ml/input/data/code", "SM_ENTRY_SCRIPT": "train.py"}
    expected = {name: value.replace("/opt/ml", str(root)) for name, value in expected.items()}
    actual = environment_variables(recipe, root, count_gpus())
    assert parse_values(actual) == parse_values({"TRAINING_JOB_NAME": "job", **expected})
