"""hosting.yaml makes what `training deploy` makes, and botocore's description of AWS accepts it."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from local.cloud import ACCOUNT, ENDPOINT_NAME, REGION
from mien.logic.contract import Contract
from mien.logic.pictures import GRAY_48
from tests.support.hosting_stack import REQUIRED, uri_of
from tests.support.hosting_template import FULL, properties, render
from tests.support.hosting_types import typed
from training.hosting.artifact import ModelArtifact
from training.hosting.autoscaling import scaling_requests
from training.hosting.container import Container, stock_environment
from training.hosting.guardrails import ALARMS, blue_green_policy, rollback_alarms
from training.hosting.options import ContainerKind, Hosting, Instances, Serverless
from training.hosting.request import AwsRequest, validate_request
from training.hosting.resources import config_parameters, model_parameters
from training.hosting.state import DesiredEndpoint

ROLE = f"arn:aws:iam::{ACCOUNT}:role/serving"
CONFIG = "${EndpointConfig.EndpointConfigName}"
CONTRACT = Contract(("a", "b"), GRAY_48, "find")
# What each endpoint is called with, and what `training deploy` would make.
ENDPOINTS: dict[str, tuple[dict[str, Any], Hosting, ContainerKind]] = {
    "serverless": ({}, Serverless(2048, 5), "stock"),
    "serverless slim": ({"MemoryMb": 4096, "MaxConcurrency": 20, "Container": "slim"}, Serverless(4096, 20), "slim"),
    "one instance": ({"InstanceType": "ml.c7i.large"}, Instances("ml.c7i.large", 1, 4), "stock"),
    "two instances": (
        {"InstanceType": "ml.c7g.large", "MinInstances": 2, "MaxInstances": 8, "CallsPerMinute": 300},
        Instances("ml.c7g.large", 2, 8, 300),
        "stock",
    ),
    "not scaled": (
        {"InstanceType": "ml.c7i.large", "MinInstances": 3, "MaxInstances": 3, "Container": "built-in"},
        Instances("ml.c7i.large", 3, 3),
        "built-in",
    ),
    "with a key": (
        {"InstanceType": "ml.c7i.large", "KmsKeyArn": FULL["KmsKeyArn"], "Container": "slim"},
        Instances("ml.c7i.large", 1, 4, kms_key=FULL["KmsKeyArn"]),
        "slim",
    ),
}


@pytest.fixture(params=ENDPOINTS, ids=str)
def endpoint(request: pytest.FixtureRequest) -> tuple[Mapping[str, Any], DesiredEndpoint]:
    """The rendered template, and the same endpoint as `training deploy` sees it."""
    parameters, hosting, kind = ENDPOINTS[request.param]
    environment = stock_environment(hosting, REGION) if kind == "stock" else {}
    container = Container(kind, REQUIRED["Image"], environment)
    artifact = ModelArtifact(uri_of("1"), "version")
    desired = DesiredEndpoint(ENDPOINT_NAME, ROLE, artifact, container, hosting, CONTRACT)
    return render(ExecutionRoleArn=ROLE, **parameters), desired


def validated(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as CloudFormation sends them. Raises ValueError if botocore has another description of them."""
    client = boto3.client(service, region_name=REGION, aws_access_key_id="-", aws_secret_access_key="-")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    converted: dict[str, Any] = typed(parameters, shape)
    validate_request(AwsRequest(service, operation, converted), client)
    return converted


def without_tags(parameters: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation adds tags of its own."""
    return {name: value for name, value in parameters.items() if name != "Tags"}


def test_the_model_is_the_same(endpoint: tuple[dict[str, Any], DesiredEndpoint]) -> None:
    template, desired = endpoint
    named = {"ModelName": "name", **properties(template, "Model")}
    assert validated("sagemaker", "create_model", named) == without_tags(model_parameters(desired, "name"))


def test_the_endpoint_configuration_is_the_same(endpoint: tuple[dict[str, Any], DesiredEndpoint]) -> None:
    template, desired = endpoint
    named = {"EndpointConfigName": "${Model.ModelName}", **properties(template, "EndpointConfig")}
    expected = without_tags(config_parameters(desired, "${Model.ModelName}"))
    if isinstance(desired.hosting, Instances) and not desired.hosting.has_scaling:
        # The weight of an only variant has no effect, but it makes another configuration of it.
        expected["ProductionVariants"][0]["InitialVariantWeight"] = 2.0
    assert validated("sagemaker", "create_endpoint_config", named) == expected


def test_updates_proceed_and_roll_back_in_the_same_way(endpoint: tuple[dict[str, Any], DesiredEndpoint]) -> None:
    template, desired = endpoint
    update = validated("sagemaker", "update_endpoint", properties(template, "Endpoint"))
    expected: dict[str, Any] = {"EndpointName": ENDPOINT_NAME, "EndpointConfigName": CONFIG}
    if isinstance(desired.hosting, Instances):
        alarms = [f"${{{name}}}" for name in ("ErrorsAlarm", "RefusalsAlarm", "SlowAlarm")]
        expected["DeploymentConfig"] = {
            # The template does not know how many instances a scaled endpoint has at the moment: it can be one.
            "BlueGreenUpdatePolicy": blue_green_policy(1 if desired.hosting.has_scaling else desired.hosting.minimum),
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]},
        }
        if desired.hosting.has_scaling:
            expected["RetainAllVariantProperties"] = True
    assert update == expected
    creation = {name: value for name, value in update.items() if name != "RetainAllVariantProperties"}
    assert validated("sagemaker", "create_endpoint", creation) == creation


def test_the_alarms_are_the_same(endpoint: tuple[dict[str, Any], DesiredEndpoint]) -> None:
    template, desired = endpoint
    names = [name for name in ("ErrorsAlarm", "RefusalsAlarm", "SlowAlarm") if name in template["Resources"]]
    made = [validated("cloudwatch", "put_metric_alarm", properties(template, name)) for name in names]
    expected = rollback_alarms(ENDPOINT_NAME, CONFIG, []) if isinstance(desired.hosting, Instances) else []
    suffixes = [suffix for suffix, *_ in ALARMS]
    renamed = [{**alarm, "AlarmName": f"{ENDPOINT_NAME}-{alarm['AlarmName']}"} for alarm in expected]
    assert made == [without_tags(alarm) for alarm in renamed]
    assert [alarm["AlarmName"].rpartition("-")[2] for alarm in made] == suffixes[: len(made)]


def test_the_scaling_is_the_same(endpoint: tuple[dict[str, Any], DesiredEndpoint]) -> None:
    template, desired = endpoint
    if not (isinstance(desired.hosting, Instances) and desired.hosting.has_scaling):
        assert not {"ScalableTarget", "ScalingPolicy"} & set(template["Resources"])
        return
    target, policy = (properties(template, name) for name in ("ScalableTarget", "ScalingPolicy"))
    register, put = scaling_requests("${Endpoint.EndpointName}", desired.hosting)
    assert validated(register.service, register.operation, target) == register.parameters
    variant = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    assert policy.pop("ScalingTargetId") == "${ScalableTarget}"
    assert validated(put.service, put.operation, {**variant, **policy}) == put.parameters


def test_instances_in_a_vpc_are_accepted_by_sagemaker() -> None:
    model = {"ModelName": "name", **properties(render(**FULL, ExecutionRoleArn=ROLE), "Model")}
    assert validated("sagemaker", "create_model", model)["VpcConfig"] == {
        "Subnets": FULL["SubnetIds"].split(","),
        "SecurityGroupIds": [FULL["SecurityGroupIds"]],
    }
