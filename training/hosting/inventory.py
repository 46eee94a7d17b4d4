"""What an account holds of an endpoint, and how the endpoint is doing: looked up, nothing changed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from training.hosting import autoscaling
from training.hosting import plan as deploy
from training.hosting.autoscaling import Scaling
from training.hosting.plan import Found

Clients = Mapping[str, Any]
Description = dict[str, Any]
SERVICES = ("sagemaker", "sagemaker-runtime", "application-autoscaling", "cloudwatch", "s3")
GONE = ("Could not find", "No scalable target found", "No scaling policy found")


def clients_of(region: str | None) -> Clients:
    # The first call to a serverless endpoint starts a container: SageMaker gives it 60 s.
    config = Config(read_timeout=70, retries={"mode": "standard", "total_max_attempts": 5})
    return {service: boto3.client(service, region_name=region, config=config) for service in SERVICES}


def settled(
    endpoint: str, sagemaker: Any, pause: Callable[[], None], show: Callable[[str], None] = lambda status: None
) -> Description | None:
    """Waits until SageMaker has done with the endpoint. → its description, or None if there is none.

    pause: between two looks; show: gets the status at each.
    """
    while True:
        found = described(endpoint, sagemaker)
        show(found["EndpointStatus"] if found else "gone")
        if found is None or found["EndpointStatus"] not in deploy.TRANSIENT:
            return found
        pause()


def described(endpoint: str, sagemaker: Any) -> Description | None:
    return there(lambda: sagemaker.describe_endpoint(EndpointName=endpoint))


def there(call: Callable[[], Any]) -> Any:
    """A call's answer, or None if what it names is not there."""
    try:
        return call()
    except ClientError as error:
        if not gone(error):
            raise
        return None


def gone(error: ClientError) -> bool:
    return str(error.response["Error"].get("Message", "")).startswith(GONE)


def look(endpoint: str, clients: Clients) -> Found:
    """Raises ValueError if an endpoint of that name is someone else's."""
    sagemaker = clients["sagemaker"]
    known = described(endpoint, sagemaker)
    config: dict[str, Any] = {}
    model: dict[str, Any] = {}
    version = ""
    if known:
        if not owned(known["EndpointArn"], endpoint, sagemaker):
            raise ValueError(
                f"endpoint {endpoint} was not made by this command, for it has no tag {deploy.TAG}={endpoint}: take "
                f"another name, or make it this command's own: aws sagemaker add-tags --resource-arn "
                f"{known['EndpointArn']} --tags Key={deploy.TAG},Value={endpoint}"
            )
        name = known["EndpointConfigName"]
        config = there(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=name)) or {}
        served = config.get("ProductionVariants", [{}])[0].get("ModelName", "")
        model = there(lambda: sagemaker.describe_model(ModelName=served)) or {} if served else {}
        if model:
            version = tags_of(model["ModelArn"], sagemaker).get(deploy.VERSION_TAG, "")
    variants = (known or {}).get("ProductionVariants") or [{}]
    return Found(
        status=known["EndpointStatus"] if known else "",
        config=config,
        model=model,
        version=version,
        instances=variants[0].get("DesiredInstanceCount") or 0,
        scaling=scaling_of(endpoint, clients["application-autoscaling"]),
        configs=sorted(made(endpoint, "list_endpoint_configs", "EndpointConfig", sagemaker)),
        models=sorted(made(endpoint, "list_models", "Model", sagemaker)),
        alarms=sorted(alarms_of(endpoint, clients["cloudwatch"])),
    )


def made(endpoint: str, operation: str, kind: str, sagemaker: Any) -> Iterator[str]:
    """The names of the endpoint's configurations or models. kind: what the answer's fields begin with."""
    start = deploy.stem(endpoint)
    for page in sagemaker.get_paginator(operation).paginate(NameContains=start):
        for summary in page[f"{kind}s"]:
            # Another endpoint's name may begin with this one's: the tag decides.
            named = summary[f"{kind}Name"].startswith(start)
            if named and owned(summary[f"{kind}Arn"], endpoint, sagemaker):
                yield summary[f"{kind}Name"]


def alarms_of(endpoint: str, cloudwatch: Any) -> Iterator[str]:
    for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=deploy.stem(endpoint)):
        for alarm in page["MetricAlarms"]:
            tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
            if {"Key": deploy.TAG, "Value": endpoint} in tags:
                yield alarm["AlarmName"]


def scaling_of(endpoint: str, client: Any) -> Scaling | None:
    variant = autoscaling.scalable(endpoint)
    resource, service = variant["ResourceId"], variant["ServiceNamespace"]
    targets = client.describe_scalable_targets(ServiceNamespace=service, ResourceIds=[resource])["ScalableTargets"]
    policies = client.describe_scaling_policies(ServiceNamespace=service, ResourceId=resource)["ScalingPolicies"]
    return Scaling(targets[0] if targets else {}, policies) if targets or policies else None


def owned(arn: str, endpoint: str, sagemaker: Any) -> bool:
    return tags_of(arn, sagemaker).get(deploy.TAG) == endpoint


def tags_of(arn: str, sagemaker: Any) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
