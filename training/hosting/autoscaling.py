"""An endpoint's instances follow its load: Application Auto Scaling's requests, for what is wanted and what was found.

Source: Amazon SageMaker AI Developer Guide, "Automatic scaling of Amazon SageMaker AI models".
"""

from dataclasses import dataclass, field
from typing import Any

from training.hosting.guardrails import VARIANT
from training.hosting.options import Instances
from training.hosting.request import Request

SERVICE = "application-autoscaling"
POLICY = "mien-calls-per-instance"
# Seconds. Images come in heaps: more instances soon, because a heap waits for them; fewer only when it is done.
SCALE_OUT, SCALE_IN = 60, 300


@dataclass(frozen=True)
class Scaling:
    """A scalable target and its policies, as Application Auto Scaling describes them. target: empty if there are only
    policies left."""

    target: dict[str, Any]
    policies: list[dict[str, Any]] = field(default_factory=list)


def scalable(endpoint: str) -> dict[str, str]:
    """How Application Auto Scaling names the instances of an endpoint's only variant."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def registered(endpoint: str, wanted: Instances) -> list[Request]:
    """Both requests replace what was there, and may be sent again."""
    capacity = {"MinCapacity": wanted.minimum, "MaxCapacity": wanted.maximum}
    policy = {
        "PolicyName": POLICY,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": float(wanted.calls_per_minute),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleOutCooldown": SCALE_OUT,
            "ScaleInCooldown": SCALE_IN,
        },
    }
    return [
        Request(SERVICE, "register_scalable_target", {**scalable(endpoint), **capacity}),
        Request(SERVICE, "put_scaling_policy", {**scalable(endpoint), **policy}),
    ]


def deregistered(endpoint: str, found: Scaling) -> list[Request]:
    policies = [
        Request(SERVICE, "delete_scaling_policy", {**scalable(endpoint), "PolicyName": policy["PolicyName"]})
        for policy in found.policies
    ]
    return policies + ([Request(SERVICE, "deregister_scalable_target", scalable(endpoint))] if found.target else [])


def restored(endpoint: str, found: Scaling) -> list[Request]:
    """The scaling as it was found, after an update has failed for which it had to go."""
    capacity = {key: found.target[key] for key in ("MinCapacity", "MaxCapacity")}
    kept = ("PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration")
    policies = [{key: policy[key] for key in kept if key in policy} for policy in found.policies]
    return [
        Request(SERVICE, "register_scalable_target", {**scalable(endpoint), **capacity}),
        *(Request(SERVICE, "put_scaling_policy", {**scalable(endpoint), **policy}) for policy in policies),
    ]
