"""Runs MiniStack with resource types that it lacks: SageMaker's for hosting, and Application Auto Scaling's.

    ACCOUNT_URL=http://127.0.0.1:PORT python -m tests.support.hosting_types

MiniStack's own CloudFormation creates, updates, replaces, rolls back and deletes the resources. For these types it
sends the requests that CloudFormation sends, to the account at ACCOUNT_URL, and waits for endpoints. The properties of
these types have the names of the requests' parameters. What "Ref" returns, the attributes, and the properties that need
a replacement are those of the AWS CloudFormation Template Reference.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import Shape

Properties = dict[str, Any]
# A resource's physical ID, and its attributes by name.
Created = tuple[str, Properties]
# Seconds.
POLL_INTERVAL = 0.05
CHANGING = ("Creating", "Updating", "Deleting", "RollingBack")
SCALABLE = ("ServiceNamespace", "ResourceId", "ScalableDimension")


@cache
def client(service: str) -> Any:
    config = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1})
    return boto3.client(service, endpoint_url=os.environ["ACCOUNT_URL"], config=config)


def send(service: str, operation: str, properties: Properties, *names: str) -> Any:
    """Sends a request with the properties that it has a parameter for, or with those that are named."""
    sender = client(service)
    shape = sender.meta.service_model.operation_model(sender.meta.method_to_api_mapping[operation]).input_shape
    chosen = {name: properties[name] for name in names or shape.members if name in properties}
    return getattr(sender, operation)(**typed(chosen, shape))


def typed(value: Any, shape: Shape) -> Any:
    """A value with the types of the request's description: template parameters are texts, whatever they mean."""
    match shape.type_name:
        case "structure":
            return {name: typed(inner, shape.members[name]) for name, inner in value.items()}
        case "list":
            return [typed(inner, shape.member) for inner in value]
        case "map":
            return {name: str(inner) for name, inner in value.items()}
        case "integer" | "long":
            return int(value)
        case "double" | "float":
            return float(value)
        case "boolean":
            return str(value).lower() == "true"
    return value


@dataclass(frozen=True)
class Named:
    """A type whose resources have a name that CloudFormation generates unless the template gives one.

    resource: its name in operations, such as EndpointConfig.
    """

    resource: str

    @property
    def operation(self) -> str:
        return {"EndpointConfig": "endpoint_config"}.get(self.resource, self.resource.lower())

    def create(self, logical_id: str, properties: Properties, stack: str) -> Created:
        from ministack.services.cloudformation.provisioners import _physical_name

        name = properties.get(f"{self.resource}Name") or _physical_name(stack, logical_id, max_len=63)
        answer = send("sagemaker", f"create_{self.operation}", {**properties, f"{self.resource}Name": name})
        return answer[f"{self.resource}Arn"], {f"{self.resource}Name": name}

    def delete(self, physical_id: str, properties: Properties) -> None:
        name = {f"{self.resource}Name": physical_id.rpartition("/")[2]}
        ignore_missing(lambda: send("sagemaker", f"delete_{self.operation}", name))


class EndpointType(Named):
    def create(self, logical_id: str, properties: Properties, stack: str) -> Created:
        physical_id, attributes = super().create(logical_id, properties, stack)
        try:
            self.require_served(attributes["EndpointName"], properties["EndpointConfigName"])
        except ValueError:
            # CloudFormation's rollback does this. MiniStack's does not know the ID of a resource that failed.
            self.delete(physical_id, properties)
            raise
        return physical_id, attributes

    def update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
        name = physical_id.rpartition("/")[2]
        if any(old.get(key) != new.get(key) for key in (old.keys() | new.keys()) - {"Tags"}):
            send("sagemaker", "update_endpoint", {**new, "EndpointName": name})
            self.require_served(name, new["EndpointConfigName"])
        return physical_id, {"EndpointName": name}

    def delete(self, physical_id: str, properties: Properties) -> None:
        super().delete(physical_id, properties)
        ignore_missing(lambda: self.settle(physical_id.rpartition("/")[2]))

    def require_served(self, name: str, config: str) -> None:
        """Waits for the endpoint, and fails as CloudFormation does if it does not serve this configuration."""
        endpoint = self.settle(name)
        if endpoint["EndpointStatus"] != "InService" or endpoint["EndpointConfigName"] != config:
            raise ValueError(endpoint.get("FailureReason", f"Endpoint {name} is {endpoint['EndpointStatus']}."))

    def settle(self, name: str) -> Any:
        sagemaker = client("sagemaker")
        while (endpoint := sagemaker.describe_endpoint(EndpointName=name))["EndpointStatus"] in CHANGING:
            time.sleep(POLL_INTERVAL)
        return endpoint


class ScalableTargetType:
    def create(self, logical_id: str, properties: Properties, stack: str) -> Created:
        send("application-autoscaling", "register_scalable_target", properties)
        return "|".join(properties[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")), {}

    def update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
        return self.create("", new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:
        ignore_missing(lambda: send("application-autoscaling", "deregister_scalable_target", properties, *SCALABLE))


class ScalingPolicyType:
    def create(self, logical_id: str, properties: Properties, stack: str) -> Created:
        target = self.target(properties)
        answer = send("application-autoscaling", "put_scaling_policy", {**properties, **target})
        return answer["PolicyARN"], {}

    def update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
        return self.create("", new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:
        named = {**self.target(properties), "PolicyName": properties["PolicyName"]}
        ignore_missing(lambda: send("application-autoscaling", "delete_scaling_policy", named))

    def target(self, properties: Properties) -> Properties:
        """ScalingTargetId is the target's physical ID."""
        if "ScalingTargetId" not in properties:
            return {name: properties[name] for name in SCALABLE}
        resource, dimension, namespace = properties["ScalingTargetId"].split("|")
        return {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}


def ignore_missing(delete: Callable[[], Any]) -> None:
    """CloudFormation counts a resource that does not exist any more as deleted."""
    try:
        delete()
    except ClientError as error:
        if not error.response["Error"]["Message"].startswith(("Could not find", "No scal")):
            raise


TYPES: dict[str, Any] = {
    "AWS::SageMaker::Model": Named("Model"),
    "AWS::SageMaker::EndpointConfig": Named("EndpointConfig"),
    "AWS::SageMaker::Endpoint": EndpointType("Endpoint"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTargetType(),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicyType(),
}
# The properties whose change needs a new resource.
REPLACING = {
    "AWS::SageMaker::Model": (
        *("Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "InferenceExecutionConfig", "ModelName"),
        *("PrimaryContainer", "VpcConfig"),
    ),
    "AWS::SageMaker::EndpointConfig": (
        *("AsyncInferenceConfig", "DataCaptureConfig", "EnableNetworkIsolation", "EndpointConfigName"),
        *("ExecutionRoleArn", "ExplainerConfig", "KmsKeyId", "ProductionVariants", "ShadowProductionVariants"),
        "VpcConfig",
    ),
    "AWS::SageMaker::Endpoint": ("EndpointName",),
    "AWS::ApplicationAutoScaling::ScalableTarget": SCALABLE,
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("PolicyName", "ScalingTargetId", *SCALABLE),
}


def register() -> None:
    """Adds the types to MiniStack's CloudFormation in this process."""
    from ministack.services.cloudformation import provisioners, stacks

    runs_on_worker_thread = stacks._runs_on_worker_thread
    for name, kind in TYPES.items():
        provisioners._RESOURCE_HANDLERS[name] = {
            "create": kind.create,
            "delete": kind.delete,
            **({"update": kind.update} if hasattr(kind, "update") else {}),
        }
        if name.startswith("AWS::SageMaker::"):
            provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")
    provisioners._REPLACING_PROPERTIES.update(REPLACING)
    # These types wait for answers of the account, and MiniStack has to answer others meanwhile.
    stacks._runs_on_worker_thread = lambda name: name in TYPES or runs_on_worker_thread(name)


if __name__ == "__main__":
    from local.gate import main

    register()
    main()
