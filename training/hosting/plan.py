"""Plans the requests that deploy a model, roll an endpoint back, or delete it. rollout.py sends them.

The state of the account and the time are arguments: the same values always give the same requests, and `--dry-run`
prints exactly what would be sent.
"""

from datetime import datetime
from typing import Any

from training.hosting.autoscaling import scaling_removal_requests, scaling_requests
from training.hosting.guardrails import blue_green_policy, rollback_alarms
from training.hosting.options import Instances
from training.hosting.request import AwsRequest
from training.hosting.resources import config_parameters, is_already_served, model_parameters
from training.hosting.smoke_test import smoke_test_requests
from training.hosting.state import DesiredEndpoint, EndpointState, deployment_name, has_scaling, owner_tags


def plan_deployment(desired: DesiredEndpoint, state: EndpointState, now: datetime) -> list[AwsRequest]:
    """Returns all requests that lead to the desired endpoint, in order. now: UTC.

    After a request that creates, updates or deletes the endpoint, the sender has to wait for the endpoint. The
    invocations are the smoke test: what follows them may be sent only if the model's answers are good.
    """
    requests = [desired.artifact.upload] if desired.artifact.upload else []
    served = is_already_served(desired, state)
    if served:
        keep = names_to_keep(state)
    else:
        name = deployment_name(desired.endpoint, now)
        keep = {name, state.config.get("EndpointConfigName", name)}
        requests += plan_switch(desired, state, name)
    requests += smoke_test_requests(desired.endpoint, desired.container.endpoint_input, desired.contract)
    if isinstance(desired.hosting, Instances) and desired.hosting.has_scaling:
        requests += scaling_requests(desired.endpoint, desired.hosting)
    elif served and state.scaling:
        requests += scaling_removal_requests(desired.endpoint, state.scaling)
    return requests + plan_cleanup(state, keep)


def names_to_keep(state: EndpointState) -> set[str]:
    """Returns the configuration that is served and the one before it, to which a person could go back."""
    serving = state.config["EndpointConfigName"]
    return {serving, max((name for name in state.configs if name < serving), default=serving)}


def plan_switch(desired: DesiredEndpoint, state: EndpointState, name: str) -> list[AwsRequest]:
    """Returns the requests that make the endpoint serve a new model and configuration of this name."""
    requests = []
    if state.scaling and must_remove_scaling(desired, state):
        requests += scaling_removal_requests(desired.endpoint, state.scaling)
    return [
        *requests,
        AwsRequest("sagemaker", "create_model", model_parameters(desired, name)),
        AwsRequest("sagemaker", "create_endpoint_config", config_parameters(desired, name)),
        # CreateEndpoint may not see a configuration that was created just before. Reading it makes that less likely
        # (Amazon SageMaker API Reference, "CreateEndpoint").
        AwsRequest("sagemaker", "describe_endpoint_config", {"EndpointConfigName": name}),
        *(plan_update(desired, state, name) if state.status == "InService" else plan_creation(desired, state, name)),
    ]


def must_remove_scaling(desired: DesiredEndpoint, state: EndpointState) -> bool:
    """Returns whether auto scaling has to be removed before the update.

    SageMaker refuses another instance type while instances are scaled. It accepts another model.
    Source: Amazon SageMaker AI Developer Guide, "Update endpoints that use auto scaling".
    """
    hosting = desired.hosting
    has_same_type = isinstance(hosting, Instances) and state.variant.get("InstanceType") == hosting.type
    return state.status != "InService" or not has_same_type or not has_scaling(hosting)


def plan_creation(desired: DesiredEndpoint, state: EndpointState, name: str) -> list[AwsRequest]:
    """Returns the requests that create the endpoint. A failed endpoint has to be deleted first.

    Source: Amazon SageMaker API Reference, "DescribeEndpoint".
    """
    requests = []
    if state.status:
        requests.append(AwsRequest("sagemaker", "delete_endpoint", {"EndpointName": desired.endpoint}))
    creation = {
        "EndpointName": desired.endpoint,
        "EndpointConfigName": name,
        "Tags": owner_tags(desired.endpoint),
    }
    return [*requests, AwsRequest("sagemaker", "create_endpoint", creation)]


def plan_update(desired: DesiredEndpoint, state: EndpointState, name: str) -> list[AwsRequest]:
    """Returns the requests that update the endpoint while it serves."""
    update: dict[str, Any] = {"EndpointName": desired.endpoint, "EndpointConfigName": name}
    if not isinstance(desired.hosting, Instances) or not state.is_on_instances:
        return [AwsRequest("sagemaker", "update_endpoint", update)]
    # With auto scaling, the endpoint keeps the number of instances that its load needs at the moment.
    keep_count = state.scaling is not None and desired.hosting.has_scaling
    instances = state.instances if keep_count else desired.hosting.minimum
    alarms = rollback_alarms(desired.endpoint, name, owner_tags(desired.endpoint))
    update["RetainAllVariantProperties"] = keep_count
    update["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": blue_green_policy(instances),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm["AlarmName"]} for alarm in alarms]},
    }
    return [
        *(AwsRequest("cloudwatch", "put_metric_alarm", alarm) for alarm in alarms),
        AwsRequest("sagemaker", "update_endpoint", update),
    ]


def plan_rollback(desired: DesiredEndpoint, state: EndpointState) -> AwsRequest | None:
    """Returns the update to what the endpoint served before the deployment.

    state: the account before the deployment.
    Returns None if a rollback is not possible: there was no endpoint, or it was serverless and now runs on instances,
    which SageMaker does not make serverless again.
    """
    if state.status != "InService" or not state.config:
        return None
    if state.is_on_instances != isinstance(desired.hosting, Instances):
        return None
    update: dict[str, Any] = {
        "EndpointName": desired.endpoint,
        "EndpointConfigName": state.config["EndpointConfigName"],
    }
    if state.scaling:
        update["RetainAllVariantProperties"] = True
    return AwsRequest("sagemaker", "update_endpoint", update)


def plan_cleanup(state: EndpointState, keep: set[str]) -> list[AwsRequest]:
    """Returns the requests that delete what earlier deployments made.

    keep: the names of the configurations that stay, with their models and alarms.
    """
    alarms = [name for name in state.alarms if name.rpartition("-")[0] not in keep]
    configs = [name for name in state.configs if name not in keep]
    models = [name for name in state.models if name not in keep]
    requests = [AwsRequest("sagemaker", "delete_endpoint_config", {"EndpointConfigName": name}) for name in configs]
    requests += [AwsRequest("sagemaker", "delete_model", {"ModelName": name}) for name in models]
    if alarms:
        requests.append(AwsRequest("cloudwatch", "delete_alarms", {"AlarmNames": alarms}))
    return requests


def plan_deletion(endpoint: str, state: EndpointState) -> list[AwsRequest]:
    """Returns the requests that delete everything that deployments made for the endpoint, except artifacts in S3."""
    requests = scaling_removal_requests(endpoint, state.scaling) if state.scaling else []
    if state.status:
        requests.append(AwsRequest("sagemaker", "delete_endpoint", {"EndpointName": endpoint}))
    return requests + plan_cleanup(state, keep=set())
