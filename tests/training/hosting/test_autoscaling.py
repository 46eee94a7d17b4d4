"""The number of instances follows the load, between the limits of the deployment."""

from typing import Any

import pytest

from tests.training.fake_aws import REGION, FakeAws, respond
from tests.training.hosting.deployments import (
    ENDPOINT,
    INSTANCES,
    SECOND,
    VARIANT,
    deploy_version,
    desired_endpoint,
    list_resources,
    scaling_limits,
)
from training.hosting.inventory import make_clients, read_state
from training.hosting.options import DEFAULT_CALLS_PER_MINUTE, Instances
from training.hosting.resources import is_already_served

OTHER_TYPE = Instances("ml.c5.xlarge", 1, 6)


def test_auto_scaling_is_set_up_after_the_smoke_test(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    assert aws.operations == [
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
        "InvokeEndpoint",
        "InvokeEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]
    assert aws.parameters("CreateModel")["EnableNetworkIsolation"] is True
    assert list_resources(aws)["targets"] == [VARIANT]
    assert scaling_limits(aws) == (2, 4)
    scaling = aws.client("application-autoscaling")
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": float(DEFAULT_CALLS_PER_MINUTE),
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
    }


def test_auto_scaling_is_removed_while_another_instance_type_is_deployed(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    aws.requests.clear()
    deploy_version(1, OTHER_TYPE)
    operations = aws.operations
    assert operations[:2] == ["DeleteScalingPolicy", "DeregisterScalableTarget"]
    assert operations.index("UpdateEndpoint") < operations.index("RegisterScalableTarget")
    assert scaling_limits(aws) == (1, 6)


def test_auto_scaling_is_restored_if_the_update_fails(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    aws.failing_updates[SECOND] = "no capacity"
    with pytest.raises(ValueError, match="no capacity"):
        deploy_version(1, OTHER_TYPE)
    assert scaling_limits(aws) == (2, 4)
    assert list_resources(aws)["policies"] == ["mien-calls-per-instance"]


def test_the_error_names_both_reasons_if_auto_scaling_cannot_be_restored(aws: FakeAws) -> None:
    def refuse(**_: Any) -> Any:
        return respond({"Error": {"Code": "ValidationException", "Message": "still Updating"}}, 400)

    deploy_version(0, INSTANCES)
    aws.failing_updates[SECOND] = "no capacity"
    aws.on_request("application-auto-scaling", "RegisterScalableTarget", refuse)
    with pytest.raises(ValueError, match=r"no capacity; .* not be restored \(.*still Updating\).*deploy again"):
        deploy_version(1, OTHER_TYPE)


def test_a_fixed_number_of_instances_replaces_the_number_that_auto_scaling_reached(aws: FakeAws) -> None:
    deploy_version(0, Instances("ml.c5.large", 1, 4))
    aws.sagemaker.endpoints[ENDPOINT].production_variants[0]["DesiredInstanceCount"] = 4
    fixed = Instances("ml.c5.large", 1, 1)
    assert not is_already_served(desired_endpoint(0, fixed), read_state(ENDPOINT, make_clients(REGION)))
    deploy_version(1, fixed)
    assert aws.parameters("UpdateEndpoint")["RetainAllVariantProperties"] is False
    assert aws.operations.count("DeregisterScalableTarget") == 1
    assert list_resources(aws)["targets"] == []
