"""The part of SageMaker's control plane that keeps descriptions: models, endpoint configurations and tags, in memory.

Sources: Amazon SageMaker API Reference, "CreateModel", "CreateEndpointConfig"; Amazon SageMaker AI Developer Guide,
"Deploy models with Amazon SageMaker Serverless Inference", exclusions.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.support.aws_json import JsonService, refusal
from tests.support.serving_role import Need, needs_of_model

Parameters = dict[str, Any]
PAGE_SIZE = 10


class Descriptions(JsonService):
    """Models and endpoint configurations of one account and region.

    has_object: whether S3 has an object with this URI.
    fault_of_role: why SageMaker can't work with a role, by its ARN and what is needed; empty if it can.
    """

    service = "sagemaker"

    def __init__(
        self,
        account: str,
        region: str,
        has_object: Callable[[str], bool],
        fault_of_role: Callable[[str, list[Need]], str],
    ):
        super().__init__()
        self.fault_of_role = fault_of_role
        self.prefix = f"arn:aws:sagemaker:{region}:{account}"
        self.has_object = has_object
        self.models: dict[str, Parameters] = {}
        self.configs: dict[str, Parameters] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def create_model(self, ModelName: str, ExecutionRoleArn: str, PrimaryContainer: Parameters, **more: Any) -> Any:
        arn = self.arn("model", ModelName)
        if ModelName in self.models:
            raise refusal(f'Cannot create already existing model "{arn}".')
        uri = PrimaryContainer.get("ModelDataUrl", "")
        if fault := self.fault_of_role(ExecutionRoleArn, needs_of_model(uri, PrimaryContainer["Image"])):
            raise refusal(f"Could not access model data at {uri}. {fault}")
        if not self.has_object(uri):
            raise refusal(f"Could not find model data at {uri}.")
        self.remember_tags(arn, more.pop("Tags", []))
        named = {"ModelName": ModelName, "ModelArn": arn, "ExecutionRoleArn": ExecutionRoleArn}
        isolation = {"EnableNetworkIsolation": more.pop("EnableNetworkIsolation", False)}
        self.models[ModelName] = {**named, "PrimaryContainer": PrimaryContainer, **isolation, **more, **now()}
        return {"ModelArn": arn}

    def describe_model(self, ModelName: str) -> Any:
        return find(self.models, ModelName, f'Could not find model "{self.arn("model", ModelName)}".')

    def delete_model(self, ModelName: str) -> Any:
        self.describe_model(ModelName)
        del self.models[ModelName]
        return {}

    def list_models(self, **more: Any) -> Any:
        return paged("Models", ("ModelName", "ModelArn", "CreationTime"), self.models, more)

    def create_endpoint_config(self, EndpointConfigName: str, ProductionVariants: list[Parameters], **more: Any) -> Any:
        arn = self.arn("endpoint-config", EndpointConfigName)
        if EndpointConfigName in self.configs:
            raise refusal(f'Cannot create already existing endpoint configuration "{arn}".')
        for variant in ProductionVariants:
            model = self.describe_model(variant["ModelName"])
            if ("ServerlessConfig" in variant) == ("InstanceType" in variant):
                raise refusal("A production variant needs either InstanceType or ServerlessConfig.")
            if "ServerlessConfig" in variant:
                if model["EnableNetworkIsolation"] or model.get("VpcConfig"):
                    raise refusal("Serverless Inference supports neither network isolation nor a VPC configuration.")
                if more.get("KmsKeyId"):
                    raise refusal("KmsKeyId is for the volumes of instances, and a serverless variant has none.")
        self.remember_tags(arn, more.pop("Tags", []))
        named = {"EndpointConfigName": EndpointConfigName, "EndpointConfigArn": arn}
        self.configs[EndpointConfigName] = {**named, "ProductionVariants": ProductionVariants, **more, **now()}
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, EndpointConfigName: str) -> Any:
        arn = self.arn("endpoint-config", EndpointConfigName)
        return find(self.configs, EndpointConfigName, f'Could not find endpoint configuration "{arn}".')

    def delete_endpoint_config(self, EndpointConfigName: str) -> Any:
        self.describe_endpoint_config(EndpointConfigName)
        del self.configs[EndpointConfigName]
        return {}

    def list_endpoint_configs(self, **more: Any) -> Any:
        fields = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        return paged("EndpointConfigs", fields, self.configs, more)

    def list_tags(self, ResourceArn: str, **more: Any) -> Any:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.get(ResourceArn, {}).items()]}

    def add_tags(self, ResourceArn: str, Tags: Any) -> Any:
        self.remember_tags(ResourceArn, Tags)
        return {"Tags": Tags}

    def arn(self, kind: str, name: str) -> str:
        return f"{self.prefix}:{kind}/{name}"

    def remember_tags(self, arn: str, tags: Any) -> None:
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def now() -> Parameters:
    return {"CreationTime": datetime.now(UTC)}


def find(resources: dict[str, Parameters], name: str, message: str) -> Parameters:
    if name not in resources:
        raise refusal(message)
    return resources[name]


def paged(
    field_name: str, fields: tuple[str, ...] | None, resources: dict[str, Parameters], parameters: Parameters
) -> Any:
    """A page of a list. fields: what a summary has; None for all."""
    names = [name for name in resources if parameters.get("NameContains", "") in name]
    start = int(parameters.get("NextToken", 0))
    end = start + parameters.get("MaxResults", PAGE_SIZE)
    page = [resources[name] for name in names[start:end]]
    summaries = [{name: entry[name] for name in fields or entry} for entry in page]
    return {field_name: summaries, **({"NextToken": str(end)} if end < len(names) else {})}
