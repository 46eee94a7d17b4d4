"""A model's artifact → the requests that put it behind an endpoint. Decided on plain values; `rollout.py` sends them.

What is there already comes in as `Found`, and the time as an argument: the same values always make the same requests,
and `--dry-run` prints exactly what would be sent.

The models, endpoint configurations and alarms of an endpoint bear its name, a time, and the tag `mien:endpoint`. A
configuration and its model have the same name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mien.aws.endpoint import npy
from mien.logic.images import BUILT_IN_SIZE, FACE_SIZE, MID_GRAY, Face, png
from training.hosting.autoscaling import Scaling, deregistered, registered
from training.hosting.guardrails import VARIANT, alarms, blue_green
from training.hosting.options import Hosting, Instances, Serverless
from training.hosting.request import Request
from training.hosting.source import Container, Source

TAG, VERSION_TAG = "mien:endpoint", "mien:artifact"
# Names are of 63 characters at most; a hyphen and the time, as in -20270131-235959, take 16 of them.
STEM = 63 - 16
# While an endpoint has one of these, nothing can be asked of it (Amazon SageMaker API Reference, "DescribeEndpoint").
TRANSIENT = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@dataclass(frozen=True)
class Wanted:
    endpoint: str
    role: str
    source: Source
    container: Container
    hosting: Hosting


@dataclass(frozen=True)
class Found:
    """What an account holds of an endpoint.

    status: of the endpoint, or empty if there is none; config, model: as described, of what it serves; version: of the
    artifact that it serves; instances: how many it should have at the moment; configs, models, alarms: the names of all
    that are the endpoint's.
    """

    status: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    instances: int = 0
    scaling: Scaling | None = None
    configs: Sequence[str] = ()
    models: Sequence[str] = ()
    alarms: Sequence[str] = ()

    @property
    def variant(self) -> dict[str, Any]:
        return dict((self.config.get("ProductionVariants") or [{}])[0])

    @property
    def on_instances(self) -> bool:
        return "InstanceType" in self.variant


def check_against(wanted: Wanted, found: Found) -> None:
    """Raises ValueError if what is there can't become what is wanted."""
    name = wanted.endpoint
    if found.status in TRANSIENT:
        raise ValueError(
            f"endpoint {name} is {found.status}, and can't be updated meanwhile: run this again with --wait, or when "
            f"aws sagemaker wait endpoint-in-service --endpoint-name {name} has returned"
        )
    if found.status not in ("", "InService", "Failed"):
        raise ValueError(
            f"endpoint {name} is {found.status}, and can't be updated: aws sagemaker describe-endpoint "
            f"--endpoint-name {name} tells why; --delete takes it away"
        )
    if found.status == "InService" and found.on_instances and isinstance(wanted.hosting, Serverless):
        # Amazon SageMaker AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", exclusions.
        raise ValueError(
            f"endpoint {name} runs on instances, and SageMaker makes no serverless endpoint of one: take another name "
            "and give it to the functions as EndpointName, or delete this one first with --delete"
        )


def stem(endpoint: str) -> str:
    """What the names of an endpoint's configurations and models begin with."""
    return f"{endpoint[:STEM].rstrip('-')}-"


def deployment(wanted: Wanted, found: Found, now: datetime) -> list[Request]:
    """All requests, in order. now: UTC.

    After those that create, update or delete the endpoint it is waited for. The invocation is a check: what follows it
    happens only if it was answered well.
    """
    requests = [wanted.source.upload] if wanted.source.upload else []
    served = serves(wanted, found)
    if served:
        serving = found.config["EndpointConfigName"]
        keep = {serving, max((other for other in found.configs if other < serving), default=serving)}
    else:
        name = f"{stem(wanted.endpoint)}{now:%Y%m%d-%H%M%S}"
        keep = {name, found.config.get("EndpointConfigName", name)}
        if found.scaling and stops_scaling(wanted, found):
            requests += deregistered(wanted.endpoint, found.scaling)
        requests += [
            Request("sagemaker", "create_model", model_of(wanted, name)),
            Request("sagemaker", "create_endpoint_config", config_of(wanted, name)),
            # CreateEndpoint may not see a configuration that was made just now, and less probably so after this
            # (Amazon SageMaker API Reference, "CreateEndpoint").
            Request("sagemaker", "describe_endpoint_config", {"EndpointConfigName": name}),
            *switched(wanted, found, name),
        ]
    requests.append(invocation(wanted))
    if isinstance(wanted.hosting, Instances) and wanted.hosting.scaled:
        requests += registered(wanted.endpoint, wanted.hosting)
    elif served and found.scaling:
        requests += deregistered(wanted.endpoint, found.scaling)
    return requests + tidied(found, keep)


def serves(wanted: Wanted, found: Found) -> bool:
    """Whether the endpoint serves just that already, so that there is nothing to switch."""
    model, config = model_of(wanted, ""), config_of(wanted, "")
    [variant] = config["ProductionVariants"]
    container = {"Environment": {}, **model["PrimaryContainer"]}
    container_now = {"Environment": {}, **found.model.get("PrimaryContainer", {})}
    # How many instances there are is the scaling's affair, if there is to be any.
    free = {"ModelName", "InitialInstanceCount"}
    fixed = isinstance(wanted.hosting, Instances) and not wanted.hosting.scaled
    return (
        found.status == "InService"
        and found.version == wanted.source.version
        and all(container_now.get(key) == value for key, value in container.items())
        and found.model.get("ExecutionRoleArn") == wanted.role
        and bool(found.model.get("EnableNetworkIsolation")) == model.get("EnableNetworkIsolation", False)
        and all(found.variant.get(key) == value for key, value in variant.items() if key not in free)
        and found.config.get("KmsKeyId") == config.get("KmsKeyId")
        and (not fixed or found.instances == variant["InitialInstanceCount"])
    )


def scaled(hosting: Hosting) -> bool:
    return isinstance(hosting, Instances) and hosting.scaled


def stops_scaling(wanted: Wanted, found: Found) -> bool:
    """Another instance type is refused while instances are scaled; another model is not.

    Source: Amazon SageMaker AI Developer Guide, "Update endpoints that use auto scaling".
    """
    same_type = isinstance(wanted.hosting, Instances) and found.variant.get("InstanceType") == wanted.hosting.type
    return found.status != "InService" or not same_type or not scaled(wanted.hosting)


def model_of(wanted: Wanted, name: str) -> dict[str, Any]:
    """CreateModel's parameters."""
    container: dict[str, Any] = {"Image": wanted.container.image, "ModelDataUrl": wanted.source.uri}
    if wanted.container.environment:
        container["Environment"] = dict(wanted.container.environment)
    model: dict[str, Any] = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": wanted.role}
    # Serverless endpoints refuse isolation, and the stock container fetches code/requirements.txt when it starts.
    if isinstance(wanted.hosting, Instances) and wanted.container.kind != "stock":
        model["EnableNetworkIsolation"] = True
    return {**model, "Tags": [*tags(wanted.endpoint), {"Key": VERSION_TAG, "Value": wanted.source.version}]}


def config_of(wanted: Wanted, name: str) -> dict[str, Any]:
    """CreateEndpointConfig's parameters. No data capture: faces are kept where their owner put them."""
    hosting = wanted.hosting
    config: dict[str, Any] = {"EndpointConfigName": name, "Tags": tags(wanted.endpoint)}
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": name}
    if isinstance(hosting, Serverless):
        size = {"MemorySizeInMB": hosting.memory_mb, "MaxConcurrency": hosting.concurrency}
        return {**config, "ProductionVariants": [{**variant, "ServerlessConfig": size}]}
    fleet = {"InstanceType": hosting.type, "InitialInstanceCount": hosting.minimum, "InitialVariantWeight": 1.0}
    encryption = {"KmsKeyId": hosting.kms_key} if hosting.kms_key else {}
    return {**config, **encryption, "ProductionVariants": [{**variant, **fleet}]}


def switched(wanted: Wanted, found: Found, name: str) -> list[Request]:
    """The endpoint is made, or updated while it serves."""
    endpoint = {"EndpointName": wanted.endpoint}
    config = {"EndpointConfigName": name}
    if found.status != "InService":
        # A failed endpoint can only be deleted (Amazon SageMaker API Reference, "DescribeEndpoint").
        failed = [Request("sagemaker", "delete_endpoint", endpoint)] if found.status else []
        return [*failed, Request("sagemaker", "create_endpoint", {**endpoint, **config, "Tags": tags(wanted.endpoint)})]
    if not isinstance(wanted.hosting, Instances) or not found.on_instances:
        return [Request("sagemaker", "update_endpoint", {**endpoint, **config})]
    watched = alarms(wanted.endpoint, name, tags(wanted.endpoint))
    retained = found.scaling is not None and wanted.hosting.scaled
    update = {
        **endpoint,
        **config,
        # As many instances as the load has called for, not as few as a new endpoint begins with.
        "RetainAllVariantProperties": retained,
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": blue_green(found.instances if retained else wanted.hosting.minimum),
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm["AlarmName"]} for alarm in watched]},
        },
    }
    made = [Request("cloudwatch", "put_metric_alarm", alarm) for alarm in watched]
    return [*made, Request("sagemaker", "update_endpoint", update)]


def back(wanted: Wanted, found: Found) -> Request | None:
    """The update to what was served before. None where there is nothing to go back to: no endpoint was there, or a
    serverless one, which one on instances never becomes again."""
    if found.status != "InService" or not found.config or found.on_instances != isinstance(wanted.hosting, Instances):
        return None
    update: dict[str, Any] = {"EndpointConfigName": found.config["EndpointConfigName"]}
    if found.scaling:
        update["RetainAllVariantProperties"] = True
    return Request("sagemaker", "update_endpoint", {"EndpointName": wanted.endpoint, **update})


def invocation(wanted: Wanted) -> Request:
    """A gray face, sent as the functions send theirs."""
    if wanted.container.takes == "image":
        content_type, body = "application/x-image", png(gray(wanted))
    else:
        content_type, body = "application/x-npy", npy([gray(wanted)])
    content = {"ContentType": content_type, "Accept": "application/json", "Body": body}
    return Request("sagemaker-runtime", "invoke_endpoint", {"EndpointName": wanted.endpoint, **content})


def gray(wanted: Wanted) -> Face:
    """As the container takes it."""
    if wanted.container.takes == "image":
        return Face(bytes([MID_GRAY]) * BUILT_IN_SIZE**2 * 3, BUILT_IN_SIZE, "RGB", BUILT_IN_SIZE, BUILT_IN_SIZE)
    return Face(bytes([MID_GRAY]) * FACE_SIZE**2, FACE_SIZE, "L", FACE_SIZE, FACE_SIZE)


def tidied(found: Found, keep: set[str]) -> list[Request]:
    """Deletes what earlier deployments left, but for `keep`: what is served, and what one can go back to."""
    old = [alarm for alarm in found.alarms if alarm.rpartition("-")[0] not in keep]
    configs = [name for name in found.configs if name not in keep]
    models = [name for name in found.models if name not in keep]
    return [
        *(Request("sagemaker", "delete_endpoint_config", {"EndpointConfigName": name}) for name in configs),
        *(Request("sagemaker", "delete_model", {"ModelName": name}) for name in models),
        *([Request("cloudwatch", "delete_alarms", {"AlarmNames": old})] if old else []),
    ]


def deletion(endpoint: str, found: Found) -> list[Request]:
    """Everything that deployments made, but for the artifacts in S3."""
    scaling = deregistered(endpoint, found.scaling) if found.scaling else []
    there = [Request("sagemaker", "delete_endpoint", {"EndpointName": endpoint})] if found.status else []
    return [*scaling, *there, *tidied(found, set())]


def tags(endpoint: str) -> list[dict[str, str]]:
    return [{"Key": TAG, "Value": endpoint}]
