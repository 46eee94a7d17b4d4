"""Each parameter of hosting.yaml is explained and limited, and has the default that `training deploy` has."""

import re
from typing import Any, get_args

import pytest

from deployment.artifacts import MODELS
from local.cloud import REGION
from tests.support.hosting_stack import REQUIRED
from tests.support.hosting_template import FULL, WRITTEN
from training.hosting import options
from training.hosting.images import BUILT_IN_ACCOUNTS, PYTORCH_ACCOUNTS, built_in_image, pytorch_image

PARAMETERS: dict[str, Any] = WRITTEN["Parameters"]
INTERFACE = WRITTEN["Metadata"]["AWS::CloudFormation::Interface"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_explained_and_limited(name: str) -> None:
    parameter = PARAMETERS[name]
    assert parameter["Description"].endswith(".")
    assert parameter["ConstraintDescription"]
    assert "AllowedPattern" in parameter or "AllowedValues" in parameter or {"MinValue", "MaxValue"} <= set(parameter)


def test_what_is_served_has_no_default() -> None:
    assert {name for name, parameter in PARAMETERS.items() if "Default" not in parameter} == set(REQUIRED)


def test_every_parameter_is_in_one_group() -> None:
    listed = [name for group in INTERFACE["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(listed) == sorted(PARAMETERS)


def test_the_defaults_are_those_of_training_deploy() -> None:
    assert PARAMETERS["MemoryMb"]["Default"] == options.DEFAULT_MEMORY_MB
    assert PARAMETERS["MaxConcurrency"]["Default"] == options.DEFAULT_CONCURRENCY
    assert PARAMETERS["MaxInstances"]["Default"] == options.DEFAULT_MAX_INSTANCES
    assert PARAMETERS["CallsPerMinute"]["Default"] == options.DEFAULT_CALLS_PER_MINUTE
    assert PARAMETERS["InstanceType"]["Default"] == ""


def test_the_limits_are_those_of_training_deploy() -> None:
    assert PARAMETERS["MemoryMb"]["AllowedValues"] == list(options.MEMORY_SIZES_MB)
    assert PARAMETERS["MaxConcurrency"]["MaxValue"] == options.MAX_CONCURRENCY
    assert PARAMETERS["EndpointName"]["AllowedPattern"] == f"^{options.ENDPOINT_NAME.pattern}$"
    assert PARAMETERS["Container"]["AllowedValues"] == list(get_args(options.ContainerKind))


def accepts(name: str, value: str) -> bool:
    return re.search(PARAMETERS[name]["AllowedPattern"], value) is not None


@pytest.mark.parametrize(("name", "value"), [*REQUIRED.items(), *FULL.items()])
def test_values_that_are_as_they_should_be_are_accepted(name: str, value: str) -> None:
    assert accepts(name, value)


def test_every_image_of_sagemaker_is_accepted() -> None:
    images = [pytorch_image(region, "x86_64") for region in PYTORCH_ACCOUNTS]
    images += [built_in_image(region) for region in BUILT_IN_ACCOUNTS]
    assert all(accepts("Image", image) for image in [*images, pytorch_image(REGION, "arm64")])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EndpointName", "Mien"),
        ("ModelKey", "packages/1/model.tar.gz"),
        ("ModelKey", f"{MODELS}/model.tar.gz"),
        ("ModelKey", f"{MODELS}/1/model.zip"),
        ("Image", "docker.io/library/python:3.13"),
        ("Image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/mien"),
        ("InstanceType", "c7i.large"),
        ("KmsKeyArn", "alias/mien"),
        ("SubnetIds", "subnet-12345678,"),
        ("SubnetIds", "subnet-12345678, subnet-87654321"),
        ("SecurityGroupIds", "subnet-12345678"),
        ("PermissionsBoundary", "boundary"),
        ("ExecutionRoleArn", "serving"),
    ],
)
def test_values_that_sagemaker_or_the_role_would_refuse_later_are_refused(name: str, value: str) -> None:
    assert not accepts(name, value)
