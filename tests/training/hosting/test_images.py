"""The addresses of SageMaker's images are those of the SageMaker SDK, which `deploy` does not need."""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from sagemaker.core import image_uris

from tests.training.fake_aws import ROLE, FakeAws
from tests.training.hosting.archives import write_model
from tests.training.hosting.deployments import command_error, create_artifact, run_command
from training.hosting.images import BUILT_IN_ACCOUNTS, PYTORCH_ACCOUNTS, built_in_image, pytorch_image
from training.hosting.options import Architecture

# An instance type of each architecture, by which the SDK chooses an image.
INSTANCE_TYPES: dict[Architecture, str] = {"x86_64": "ml.c5.large", "arm64": "ml.c7g.large"}


def sdk_accounts(file: str, *keys: str) -> dict[str, Any]:
    """Returns the accounts by region that one of the SDK's files has under these keys."""
    value = json.loads((files("sagemaker.core") / "image_uri_config" / file).read_text())
    for key in keys:
        value = value[key]
    return dict(value["registries"])


def sdk_pytorch_image(region: str, instance_type: str) -> str:
    image = image_uris.retrieve(
        "pytorch", region, "2.6.0", py_version="py312", instance_type=instance_type, image_scope="inference"
    )
    return str(image)


def test_the_tables_have_the_accounts_and_regions_of_the_sdk() -> None:
    assert sdk_accounts("pytorch.json", "inference", "versions", "2.6.0") == PYTORCH_ACCOUNTS
    assert sdk_accounts("image-classification.json", "versions", "1") == BUILT_IN_ACCOUNTS


@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_the_pytorch_container_has_the_sdks_address_in_every_region(architecture: Architecture) -> None:
    scope = {"x86_64": "inference", "arm64": "inference_graviton"}[architecture]
    regions = sdk_accounts("pytorch.json", scope, "versions", "2.6.0")
    for region in regions:
        assert pytorch_image(region, architecture) == sdk_pytorch_image(region, INSTANCE_TYPES[architecture])
    for region in PYTORCH_ACCOUNTS.keys() - regions:
        with pytest.raises(ValueError, match=f"container for Arm is not known in {region}: use another instance type"):
            pytorch_image(region, architecture)


def test_the_built_in_algorithm_has_the_sdks_address_in_every_region() -> None:
    for region in BUILT_IN_ACCOUNTS:
        assert built_in_image(region) == image_uris.retrieve("image-classification", region)


def test_the_error_for_a_region_without_a_known_image_names_the_option_that_gives_one(
    aws: FakeAws, tmp_path: Path
) -> None:
    options = ("--role", ROLE, "--bucket", "s3://models", "--region", "eu-isoe-west-1", "--no-wheels")
    error = command_error(write_model(tmp_path / "model"), *options, "--dry-run")
    assert error.startswith("the address of SageMaker's pytorch-inference container is not known in eu-isoe-west-1")
    assert "give the URI of an image with --image, such as ACCOUNT.dkr.ecr.eu-isoe-west-1." in error
    assert aws.changes == []


def test_a_model_is_deployed_without_the_sdk(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sagemaker", None)
    create_artifact(aws, "faces-1")
    assert "endpoint mien-faces serves" in run_command("faces-1", "--role", ROLE)
