"""Reads what the account has of an endpoint. Nothing is changed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from training.hosting.autoscaling import ScalingState, scalable_variant
from training.hosting.state import OWNER_TAG, TRANSIENT_STATUSES, VERSION_TAG, EndpointState, name_prefix

# boto3's clients, by service.
Clients = Mapping[str, Any]
# The answer of DescribeEndpoint.
EndpointDescription = dict[str, Any]
SERVICES = ("sagemaker", "sagemaker-runtime", "application-autoscaling", "cloudwatch", "s3", "service-quotas")
# How the messages of SageMaker and Application Auto Scaling begin if the named resource does not exist.
NOT_FOUND_MESSAGES = ("Could not find", "No scalable target found", "No scaling policy found")
# The first call to a serverless endpoint starts a container, for which SageMaker allows 60 seconds.
READ_TIMEOUT_SECONDS = 70


def make_clients(region: str | None) -> Clients:
    """Returns the clients of all services that a deployment uses. region: None uses the environment's."""
    config = Config(read_timeout=READ_TIMEOUT_SECONDS, retries={"mode": "standard", "total_max_attempts": 5})
    return {service: boto3.client(service, region_name=region, config=config) for service in SERVICES}


def has_credentials() -> bool:
    """Returns whether boto3 finds credentials on this machine."""
    return boto3.Session().get_credentials() is not None


def wait_until_settled(
    endpoint: str,
    sagemaker: Any,
    pause: Callable[[], None],
    show_status: Callable[[str], None] = lambda status: None,
) -> EndpointDescription | None:
    """Waits until the endpoint is not changing, and returns its description; None if there is no endpoint.

    pause: is called between two looks.
    show_status: is called with the status at each look.
    """
    while True:
        description = describe_endpoint(endpoint, sagemaker)
        show_status(description["EndpointStatus"] if description else "deleted")
        if description is None or description["EndpointStatus"] not in TRANSIENT_STATUSES:
            return description
        pause()


def describe_endpoint(endpoint: str, sagemaker: Any) -> EndpointDescription | None:
    """Returns the answer of DescribeEndpoint; None if there is no such endpoint."""
    return describe_or_none(lambda: sagemaker.describe_endpoint(EndpointName=endpoint))


def describe_or_none(call: Callable[[], Any]) -> Any:
    """Returns the answer of a call to AWS; None if the resource that it names does not exist."""
    try:
        return call()
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None


def is_not_found(error: ClientError) -> bool:
    return str(error.response["Error"].get("Message", "")).startswith(NOT_FOUND_MESSAGES)


def read_state(endpoint: str, clients: Clients) -> EndpointState:
    """Reads the state of an endpoint. Raises ValueError if an endpoint of this name was not made by a deployment."""
    sagemaker = clients["sagemaker"]
    description = describe_endpoint(endpoint, sagemaker)
    config: dict[str, Any] = {}
    model: dict[str, Any] = {}
    version = ""
    if description:
        if not is_owned(description["EndpointArn"], endpoint, sagemaker):
            raise ValueError(
                f"endpoint {endpoint} was not made by this command, because it has no tag {OWNER_TAG}={endpoint}: use "
                "another name, or let this command manage it: aws sagemaker add-tags --resource-arn "
                f"{description['EndpointArn']} --tags Key={OWNER_TAG},Value={endpoint}"
            )
        config = describe_config(description["EndpointConfigName"], sagemaker)
        model = describe_model(config, sagemaker)
        if model:
            version = read_tags(model["ModelArn"], sagemaker).get(VERSION_TAG, "")
    return EndpointState(
        status=description["EndpointStatus"] if description else "",
        config=config,
        model=model,
        version=version,
        instances=count_instances(description),
        scaling=read_scaling(endpoint, clients["application-autoscaling"]),
        configs=sorted(list_owned_names(endpoint, "list_endpoint_configs", "EndpointConfig", sagemaker)),
        models=sorted(list_owned_names(endpoint, "list_models", "Model", sagemaker)),
        alarms=sorted(list_owned_alarms(endpoint, clients["cloudwatch"])),
    )


def describe_config(name: str, sagemaker: Any) -> dict[str, Any]:
    """Returns the description of an endpoint configuration; empty if it has been deleted."""
    return describe_or_none(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name)) or {}


def describe_model(config: Mapping[str, Any], sagemaker: Any) -> dict[str, Any]:
    """Returns the description of the model that a configuration serves; empty if it has been deleted."""
    name = config.get("ProductionVariants", [{}])[0].get("ModelName", "")
    if not name:
        return {}
    return describe_or_none(lambda: sagemaker.describe_model(ModelName=name)) or {}


def count_instances(description: EndpointDescription | None) -> int:
    """Returns how many instances the endpoint should have at the moment; 0 if it is serverless."""
    variants = (description or {}).get("ProductionVariants") or [{}]
    return variants[0].get("DesiredInstanceCount") or 0


def list_owned_names(endpoint: str, operation: str, resource: str, sagemaker: Any) -> Iterator[str]:
    """Yields the names of the endpoint's configurations or models.

    operation: the client's method that lists them.
    resource: the start of the fields in its answer, EndpointConfig or Model.
    """
    prefix = name_prefix(endpoint)
    for page in sagemaker.get_paginator(operation).paginate(NameContains=prefix):
        for summary in page[f"{resource}s"]:
            name = summary[f"{resource}Name"]
            # Another endpoint's name may begin with this one's, so the tag decides.
            if name.startswith(prefix) and is_owned(summary[f"{resource}Arn"], endpoint, sagemaker):
                yield name


def list_owned_alarms(endpoint: str, cloudwatch: Any) -> Iterator[str]:
    """Yields the names of the alarms that roll back the endpoint's updates."""
    for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=name_prefix(endpoint)):
        for alarm in page["MetricAlarms"]:
            tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
            if {"Key": OWNER_TAG, "Value": endpoint} in tags:
                yield alarm["AlarmName"]


def read_scaling(endpoint: str, client: Any) -> ScalingState | None:
    """Returns the endpoint's auto scaling, or None. client: boto3's client of Application Auto Scaling."""
    variant = scalable_variant(endpoint)
    resource = variant["ResourceId"]
    service = variant["ServiceNamespace"]
    targets = client.describe_scalable_targets(ServiceNamespace=service, ResourceIds=[resource])["ScalableTargets"]
    policies = client.describe_scaling_policies(ServiceNamespace=service, ResourceId=resource)["ScalingPolicies"]
    if not targets and not policies:
        return None
    return ScalingState(targets[0] if targets else {}, policies)


def is_owned(arn: str, endpoint: str, sagemaker: Any) -> bool:
    """Returns whether a deployment made this resource for the endpoint."""
    return read_tags(arn, sagemaker).get(OWNER_TAG) == endpoint


def read_tags(arn: str, sagemaker: Any) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
