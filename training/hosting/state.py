"""An endpoint as it should be, and as it is in the account.

The models, endpoint configurations and alarms of an endpoint are named after the endpoint and the time of their
deployment, and have the tag `mien:endpoint`. A configuration and its model have the same name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mien.logic.contract import Contract
from training.hosting.artifact import ModelArtifact
from training.hosting.autoscaling import ScalingState
from training.hosting.container import Container
from training.hosting.options import Hosting, Instances, Serverless

OWNER_TAG = "mien:endpoint"
VERSION_TAG = "mien:artifact"
# A name has 63 characters at most. A hyphen and the time, as in -20270131-235959, are 16 of them.
MAX_STEM = 63 - 16
# While an endpoint has one of these, it cannot be changed (Amazon SageMaker API Reference, "DescribeEndpoint").
TRANSIENT_STATUSES = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@dataclass(frozen=True)
class DesiredEndpoint:
    """The endpoint that a deployment should lead to.

    endpoint: its name.
    role: the ARN of the role that SageMaker assumes.
    contract: what the model reads, and its labels.
    """

    endpoint: str
    role: str
    artifact: ModelArtifact
    container: Container
    hosting: Hosting
    contract: Contract


@dataclass(frozen=True)
class EndpointState:
    """What the account has of an endpoint.

    status: SageMaker's EndpointStatus; empty if there is no endpoint.
    config, model: the descriptions of the endpoint configuration and the model that it serves.
    version: the version of the artifact that it serves.
    instances: how many it should have at the moment.
    scaling: its auto scaling, if it has any.
    configs, models, alarms: the names of everything that deployments made for it, in order of time.
    """

    status: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    instances: int = 0
    scaling: ScalingState | None = None
    configs: Sequence[str] = ()
    models: Sequence[str] = ()
    alarms: Sequence[str] = ()

    @property
    def variant(self) -> dict[str, Any]:
        """The only production variant of the configuration."""
        return dict((self.config.get("ProductionVariants") or [{}])[0])

    @property
    def is_on_instances(self) -> bool:
        return "InstanceType" in self.variant


def name_prefix(endpoint: str) -> str:
    """Returns the start of the names of an endpoint's models, configurations and alarms."""
    return f"{endpoint[:MAX_STEM].rstrip('-')}-"


def deployment_name(endpoint: str, now: datetime) -> str:
    """Returns the name of a deployment's model and endpoint configuration. now: UTC."""
    return f"{name_prefix(endpoint)}{now:%Y%m%d-%H%M%S}"


def owner_tags(endpoint: str) -> list[dict[str, str]]:
    """Returns the tags by which later deployments find what belongs to the endpoint."""
    return [{"Key": OWNER_TAG, "Value": endpoint}]


def validate_transition(desired: DesiredEndpoint, state: EndpointState) -> None:
    """Raises ValueError if SageMaker cannot turn the existing endpoint into the desired one."""
    name = desired.endpoint
    if state.status in TRANSIENT_STATUSES:
        raise ValueError(
            f"endpoint {name} is {state.status} and cannot be updated now: run this again with --wait, or when "
            f"aws sagemaker wait endpoint-in-service --endpoint-name {name} has returned"
        )
    if state.status not in ("", "InService", "Failed"):
        raise ValueError(
            f"endpoint {name} is {state.status} and cannot be updated: aws sagemaker describe-endpoint "
            f"--endpoint-name {name} shows the reason; --delete deletes it"
        )
    if state.status == "InService" and state.is_on_instances and isinstance(desired.hosting, Serverless):
        # Amazon SageMaker AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", exclusions.
        raise ValueError(
            f"endpoint {name} runs on instances, and SageMaker cannot make it serverless: use another name and give it "
            "to the functions as EndpointName, or delete this endpoint first with --delete"
        )


def has_scaling(hosting: Hosting) -> bool:
    """Returns whether auto scaling adjusts the number of instances. A serverless endpoint has none."""
    return isinstance(hosting, Instances) and hosting.has_scaling
