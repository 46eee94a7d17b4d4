"""The parameters of template.yaml follow from the options, the endpoint and its model."""

import tomllib

import pytest

from deployment.application import overrides, validate_parameters
from deployment.errors import DeploymentError
from deployment.hosting import Access
from deployment.parameters import (
    access_parameters,
    endpoint_parameters,
    model_parameters,
    parse_parameters,
    shift_parameters,
    value_of,
)
from local.paths import ROOT
from local.template import SHIFT
from training.hosting.options import Instances, Serverless


def test_parameters_are_read_up_to_the_first_equals_sign() -> None:
    assert parse_parameters(["InboxDays=30", "Labels=a=b,c", "CorsOrigin="]) == {
        "InboxDays": "30",
        "Labels": "a=b,c",
        "CorsOrigin": "",
    }


@pytest.mark.parametrize("word", ["InboxDays", "=30", ""])
def test_a_parameter_without_a_name_or_a_value_is_refused(word: str) -> None:
    with pytest.raises(DeploymentError, match="NAME=VALUE"):
        parse_parameters([word])


def test_a_parameter_that_the_template_does_not_have_is_refused() -> None:
    validate_parameters({"InboxDays": "30"})
    with pytest.raises(DeploymentError, match=r"no parameter InboxDay; it has .*InboxDays"):
        validate_parameters({"InboxDay": "30"})


def test_a_stack_shifts_traffic_unless_it_was_deployed_otherwise() -> None:
    chosen = {"TrafficShift": "Canary10Percent5Minutes"}
    assert shift_parameters({}) == shift_parameters({"EndpointName": "mien-faces"}) == chosen
    assert shift_parameters({"TrafficShift": "none"}) == {}


def test_samconfig_shifts_traffic_in_the_same_way() -> None:
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["deploy"]["parameters"]
    assert f"TrafficShift={SHIFT}" in configured["parameter_overrides"]


def test_the_functions_send_no_more_batches_than_a_small_serverless_endpoint_can_take() -> None:
    assert endpoint_parameters("mien-faces", Serverless(2048, 3)) == {
        "EndpointName": "mien-faces",
        "MaximumConcurrency": "3",
    }
    for hosting in (Serverless(2048, 5), Instances("ml.c7i.large", 1, 4), None):
        assert endpoint_parameters("mien-faces", hosting) == {"EndpointName": "mien-faces"}


def test_only_the_built_in_algorithm_needs_labels() -> None:
    assert model_parameters("batch", ("a", "b")) == {"EndpointInput": "batch"}
    assert model_parameters("image", ("a", "b")) == {"EndpointInput": "image", "Labels": "a,b"}


def test_access_that_was_given_becomes_parameters() -> None:
    assert access_parameters(Access(role="arn:role", boundary="arn:policy", subnets="subnet-1")) == {
        "PermissionsBoundary": "arn:policy",
        "SubnetIds": "subnet-1",
    }


def test_a_value_is_the_given_one_or_the_deployed_one_or_the_default() -> None:
    assert value_of("Architecture", {"Architecture": "x86_64"}, {"Architecture": "arm64"}) == "x86_64"
    assert value_of("Architecture", {}, {"Architecture": "x86_64"}) == "x86_64"
    assert value_of("Architecture", {}, {}) == "arm64"


def test_values_with_quotes_and_spaces_reach_sam_in_one_piece() -> None:
    assert overrides({"Labels": 'not sure,"ok"', "CorsOrigin": ""}) == [
        'Labels="not sure,\\"ok\\""',
        'CorsOrigin=""',
    ]
