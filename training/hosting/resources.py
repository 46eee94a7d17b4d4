"""The parameters that create a model and an endpoint configuration, and whether an endpoint has these already."""

from typing import Any

from training.hosting.guardrails import VARIANT
from training.hosting.options import Instances, Serverless
from training.hosting.state import VERSION_TAG, DesiredEndpoint, EndpointState, owner_tags


def model_parameters(desired: DesiredEndpoint, name: str) -> dict[str, Any]:
    """Returns the parameters of CreateModel."""
    container: dict[str, Any] = {"Image": desired.container.image, "ModelDataUrl": desired.artifact.uri}
    if desired.container.environment:
        container["Environment"] = dict(desired.container.environment)
    parameters: dict[str, Any] = {
        "ModelName": name,
        "PrimaryContainer": container,
        "ExecutionRoleArn": desired.role,
        "Tags": [*owner_tags(desired.endpoint), {"Key": VERSION_TAG, "Value": desired.artifact.version}],
    }
    # Serverless endpoints refuse isolation, and the stock container may fetch packages when it starts.
    if isinstance(desired.hosting, Instances) and desired.container.kind != "stock":
        parameters["EnableNetworkIsolation"] = True
    return parameters


def config_parameters(desired: DesiredEndpoint, name: str) -> dict[str, Any]:
    """Returns the parameters of CreateEndpointConfig, for a configuration and a model of the same name.

    There is no data capture, so faces are stored only where their owner put them.
    """
    hosting = desired.hosting
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": name}
    parameters: dict[str, Any] = {"EndpointConfigName": name, "Tags": owner_tags(desired.endpoint)}
    if isinstance(hosting, Serverless):
        variant["ServerlessConfig"] = {"MemorySizeInMB": hosting.memory_mb, "MaxConcurrency": hosting.concurrency}
    else:
        variant["InstanceType"] = hosting.type
        variant["InitialInstanceCount"] = hosting.minimum
        variant["InitialVariantWeight"] = 1.0
        if hosting.kms_key:
            parameters["KmsKeyId"] = hosting.kms_key
    return {**parameters, "ProductionVariants": [variant]}


def is_already_served(desired: DesiredEndpoint, state: EndpointState) -> bool:
    """Returns whether the endpoint serves exactly what is desired, so no update is needed."""
    return (
        state.status == "InService"
        and state.version == desired.artifact.version
        and has_same_model(desired, state)
        and has_same_config(desired, state)
    )


def has_same_model(desired: DesiredEndpoint, state: EndpointState) -> bool:
    """Returns whether the served model has the desired container, artifact, role and isolation."""
    model = model_parameters(desired, "")
    container = {"Environment": {}, **model["PrimaryContainer"]}
    container_now = {"Environment": {}, **state.model.get("PrimaryContainer", {})}
    return (
        all(container_now.get(key) == value for key, value in container.items())
        and state.model.get("ExecutionRoleArn") == desired.role
        and bool(state.model.get("EnableNetworkIsolation")) == model.get("EnableNetworkIsolation", False)
    )


def has_same_config(desired: DesiredEndpoint, state: EndpointState) -> bool:
    """Returns whether the served configuration has the desired memory or instances, and the desired KMS key."""
    config = config_parameters(desired, "")
    [variant] = config["ProductionVariants"]
    ignored = ("ModelName", "InitialInstanceCount")
    # Auto scaling changes the number of instances, so it matters only without auto scaling.
    has_fixed_count = isinstance(desired.hosting, Instances) and not desired.hosting.has_scaling
    return (
        all(state.variant.get(key) == value for key, value in variant.items() if key not in ignored)
        and state.config.get("KmsKeyId") == config.get("KmsKeyId")
        and (not has_fixed_count or state.instances == variant["InitialInstanceCount"])
    )
