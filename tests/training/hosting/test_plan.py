"""Requests are planned from plain values, and validated before the first is sent."""

import re

import pytest

from tests.training.fake_aws import REGION, ROLE, FakeAws
from tests.training.hosting.deployments import CONTRACT, SERVERLESS, SLIM, deployed_at
from training.hosting.artifact import ModelArtifact
from training.hosting.inventory import make_clients
from training.hosting.plan import plan_deployment
from training.hosting.request import AwsRequest, validate_request
from training.hosting.state import DesiredEndpoint, EndpointState


@pytest.mark.parametrize("endpoint", ["a", "mien-faces", "a" * 63, "a" * 46 + "-" + "b" * 16])
def test_names_are_valid_for_endpoint_names_of_every_length(endpoint: str) -> None:
    artifact = ModelArtifact("s3://models/0/model.tar.gz", "etag-0")
    desired = DesiredEndpoint(endpoint, ROLE, artifact, SLIM, SERVERLESS, CONTRACT)
    model, config, *_ = plan_deployment(desired, EndpointState(), deployed_at(0))
    for name in (model.parameters["ModelName"], config.parameters["EndpointConfigName"]):
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
        assert name.endswith("-20261105-120000")


def test_a_request_with_invalid_parameters_is_refused_before_it_is_sent(aws: FakeAws) -> None:
    request = AwsRequest("sagemaker", "create_endpoint", {"EndpointName": 1})
    with pytest.raises(ValueError, match=r"create_endpoint: .*EndpointConfigName"):
        validate_request(request, make_clients(REGION)["sagemaker"])
    assert aws.requests == []
