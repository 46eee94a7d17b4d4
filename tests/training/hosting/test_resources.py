"""An endpoint is updated only if what it serves differs from what is desired."""

import dataclasses
from typing import Any

import pytest

from tests.training.fake_aws import REGION, ROLE, FakeAws
from tests.training.hosting.deployments import ENDPOINT, IMAGE, deploy_version, desired_endpoint
from training.hosting.artifact import ModelArtifact
from training.hosting.container import Container
from training.hosting.inventory import make_clients, read_state
from training.hosting.options import Serverless
from training.hosting.resources import is_already_served


@pytest.mark.parametrize(
    "difference",
    [
        {"hosting": Serverless(3072, 5)},
        {"role": f"{ROLE}-2"},
        {"container": Container("slim", IMAGE.replace(":1", ":2"))},
        {"container": Container("stock", IMAGE, {"SAGEMAKER_PROGRAM": "inference.py"})},
        {"artifact": ModelArtifact("s3://models/0/model.tar.gz", "overwritten")},
    ],
)
def test_every_difference_leads_to_an_update(difference: dict[str, Any], aws: FakeAws) -> None:
    deploy_version(0)
    state = read_state(ENDPOINT, make_clients(REGION))
    same = desired_endpoint(0)
    assert is_already_served(same, state)
    assert not is_already_served(dataclasses.replace(same, **difference), state)
