"""Each parameter of the template is explained and limited."""

from typing import Any

import pytest

from local import template
from training.hosting.options import DEFAULT_LABELS

PARAMETERS: dict[str, Any] = template.load_template()["Parameters"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_explained_and_limited(name: str) -> None:
    parameter = PARAMETERS[name]
    assert parameter["Description"]
    assert parameter["ConstraintDescription"]
    assert "AllowedPattern" in parameter or "AllowedValues" in parameter or {"MinValue", "MaxValue"} <= set(parameter)


def test_only_the_name_of_the_endpoint_has_no_default() -> None:
    assert [name for name, parameter in PARAMETERS.items() if "Default" not in parameter] == ["EndpointName"]


def test_the_functions_run_on_arm64_by_default() -> None:
    assert PARAMETERS["Architecture"]["Default"] == "arm64"


def test_deploy_takes_the_labels_of_the_built_in_algorithm_from_the_same_default_as_the_template() -> None:
    assert ",".join(DEFAULT_LABELS) == PARAMETERS["Labels"]["Default"]
