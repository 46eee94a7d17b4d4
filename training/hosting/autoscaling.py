"""Requests to Application Auto Scaling, which adjusts an endpoint's number of instances to its load.

Source: Amazon SageMaker AI Developer Guide, "Automatic scaling of Amazon SageMaker AI models".
"""

from dataclasses import dataclass, field
from typing import Any

from training.hosting.guardrails import VARIANT
from training.hosting.options import Instances
from training.hosting.request import AwsRequest

SERVICE = "application-autoscaling"
POLICY_NAME = "mien-calls-per-instance"
# Images arrive in large groups. Instances are added soon, because a group waits for them, and removed only when it has
# been classified.
SCALE_OUT_COOLDOWN_SECONDS = 60
SCALE_IN_COOLDOWN_SECONDS = 300
# What a description of a scaling policy and the request that creates it have in common.
POLICY_FIELDS = (
    "PolicyName",
    "PolicyType",
    "TargetTrackingScalingPolicyConfiguration",
    "StepScalingPolicyConfiguration",
)


@dataclass(frozen=True)
class ScalingState:
    """The auto scaling that an endpoint has, as Application Auto Scaling describes it.

    target: the scalable target; empty if only policies are left.
    """

    target: dict[str, Any]
    policies: list[dict[str, Any]] = field(default_factory=list)


def scalable_variant(endpoint: str) -> dict[str, str]:
    """Returns the parameters with which Application Auto Scaling identifies the endpoint's only variant."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def scaling_requests(endpoint: str, instances: Instances) -> list[AwsRequest]:
    """Returns the requests that set up auto scaling. They replace an earlier setting, and can be sent repeatedly."""
    capacity = {"MinCapacity": instances.minimum, "MaxCapacity": instances.maximum}
    policy = {
        "PolicyName": POLICY_NAME,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": float(instances.calls_per_minute),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": SCALE_OUT_COOLDOWN_SECONDS,
            "ScaleInCooldown": SCALE_IN_COOLDOWN_SECONDS,
        },
    }
    return [
        AwsRequest(SERVICE, "register_scalable_target", {**scalable_variant(endpoint), **capacity}),
        AwsRequest(SERVICE, "put_scaling_policy", {**scalable_variant(endpoint), **policy}),
    ]


def scaling_removal_requests(endpoint: str, state: ScalingState) -> list[AwsRequest]:
    """Returns the requests that delete the endpoint's auto scaling."""
    variant = scalable_variant(endpoint)
    requests = [
        AwsRequest(SERVICE, "delete_scaling_policy", {**variant, "PolicyName": policy["PolicyName"]})
        for policy in state.policies
    ]
    if state.target:
        requests.append(AwsRequest(SERVICE, "deregister_scalable_target", variant))
    return requests


def scaling_restore_requests(endpoint: str, state: ScalingState) -> list[AwsRequest]:
    """Returns the requests that set auto scaling up again as it was before an update that has failed."""
    variant = scalable_variant(endpoint)
    capacity = {key: state.target[key] for key in ("MinCapacity", "MaxCapacity")}
    policies = [{key: policy[key] for key in POLICY_FIELDS if key in policy} for policy in state.policies]
    return [
        AwsRequest(SERVICE, "register_scalable_target", {**variant, **capacity}),
        *(AwsRequest(SERVICE, "put_scaling_policy", {**variant, **policy}) for policy in policies),
    ]
