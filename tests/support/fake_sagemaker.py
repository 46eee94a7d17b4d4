"""SageMaker's control plane for hosting, in memory: endpoints, and what fake_models.py keeps.

It refuses what SageMaker's documentation says that SageMaker refuses; its messages begin as SageMaker's do. A change of
an endpoint shows once as Creating, Updating, RollingBack or Deleting, and has gone on at the next DescribeEndpoint.
Sources: Amazon SageMaker API Reference, "CreateEndpoint", "UpdateEndpoint"; Amazon SageMaker AI Developer Guide,
"Update endpoints that use auto scaling", "Use canary traffic shifting", and the exclusions of serverless inference.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.aws_json import AwsError, refusal
from tests.support.fake_models import Descriptions, Parameters, paged
from tests.support.serving_role import Need, needs_of_alarms
from training.hosting.options import CONCURRENCY_QUOTA

CHANGING = ("Creating", "Updating", "RollingBack", "Deleting")
# While an endpoint changes over, the old instances answer.
SERVING = ("InService", "Updating", "RollingBack")


@dataclass
class Endpoint:
    """An endpoint. pending: what ends its change; None if it is not changing."""

    name: str
    arn: str
    config: Parameters
    status: str
    count: int
    failure: str = ""
    pending: Callable[[], None] | None = None
    deployment_config: Parameters = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def serve(self) -> None:
        self.status = "InService"

    @property
    def variant(self) -> Parameters:
        return dict(self.config["ProductionVariants"][0])


class SageMaker(Descriptions):
    """The control plane of one account and region.

    has_object, fault_of_role: as for Descriptions.
    alarm_names: returns the names of all alarms of CloudWatch.
    scaled_variants: returns the resource IDs that are registered with Application Auto Scaling.
    quotas: the account's quotas by their names.

    failing_models: why instances or containers with this model can't start, by the URI of its artifact.
    fault_of_archive: the same, for artifacts that are not in failing_models; empty if it can start.
    """

    def __init__(
        self,
        account: str,
        region: str,
        has_object: Callable[[str], bool],
        fault_of_role: Callable[[str, list[Need]], str],
        alarm_names: Callable[[], Collection[str]],
        scaled_variants: Callable[[], Collection[str]],
        quotas: dict[str, float],
    ):
        super().__init__(account, region, has_object, fault_of_role)
        self.alarm_names, self.scaled_variants = alarm_names, scaled_variants
        self.quotas = quotas
        self.failing_models: dict[str, str] = {}
        self.fault_of_archive: Callable[[str], str] = lambda uri: ""
        self.endpoints: dict[str, Endpoint] = {}

    def create_endpoint(
        self, EndpointName: str, EndpointConfigName: str, Tags: Any = (), DeploymentConfig: Parameters | None = None
    ) -> Any:
        arn = self.arn("endpoint", EndpointName)
        if EndpointName in self.endpoints:
            raise refusal(f'Cannot create already existing endpoint "{arn}".')
        config = self.describe_endpoint_config(EndpointConfigName)
        self.require_quota(config)
        endpoint = Endpoint(EndpointName, arn, config, "Creating", initial_count(config))
        endpoint.deployment_config = DeploymentConfig or {}

        def finish() -> None:
            endpoint.failure = self.fault_of(config)
            endpoint.status = "Failed" if endpoint.failure else "InService"

        endpoint.pending = finish
        self.endpoints[EndpointName] = endpoint
        self.remember_tags(arn, Tags)
        return {"EndpointArn": arn}

    def update_endpoint(
        self,
        EndpointName: str,
        EndpointConfigName: str,
        RetainAllVariantProperties: bool = False,
        DeploymentConfig: Parameters | None = None,
        **more: Any,
    ) -> Any:
        endpoint = self.find_endpoint(EndpointName)
        if endpoint.status != "InService":
            raise refusal(f'Cannot update in-progress or failed endpoint "{endpoint.arn}".')
        # SageMaker also needs the configuration that the endpoint has so far.
        self.describe_endpoint_config(endpoint.config["EndpointConfigName"])
        config = self.describe_endpoint_config(EndpointConfigName)
        if config is endpoint.config:
            raise refusal("To update an endpoint, you must create a new EndpointConfig.")
        # A serverless endpoint has no number of instances that could be retained.
        count = endpoint.count if RetainAllVariantProperties and endpoint.count else initial_count(config)
        self.require_transition(endpoint, config)
        self.require_guardrails(config, DeploymentConfig or {}, count)
        self.require_quota(config)
        endpoint.status = "Updating"

        def finish() -> None:
            endpoint.failure = self.fault_of(config)
            if endpoint.failure:
                endpoint.status, endpoint.pending = "RollingBack", endpoint.serve
                return
            endpoint.config, endpoint.count = config, count
            endpoint.deployment_config = DeploymentConfig or {}
            endpoint.serve()

        endpoint.pending = finish
        return {"EndpointArn": endpoint.arn}

    def describe_endpoint(self, EndpointName: str) -> Any:
        endpoint = self.find_endpoint(EndpointName)
        variant = endpoint.variant
        capacity: Parameters = {"CurrentInstanceCount": endpoint.count, "DesiredInstanceCount": endpoint.count}
        if "ServerlessConfig" in variant:
            capacity = {f"{which}ServerlessConfig": variant["ServerlessConfig"] for which in ("Current", "Desired")}
        answer = {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointConfigName": endpoint.config["EndpointConfigName"],
            "EndpointStatus": endpoint.status,
            "ProductionVariants": [{"VariantName": variant["VariantName"], **capacity}],
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.created,
        }
        if endpoint.failure:
            answer["FailureReason"] = endpoint.failure
        if endpoint.deployment_config:
            answer["LastDeploymentConfig"] = endpoint.deployment_config
        if endpoint.pending:
            finish, endpoint.pending = endpoint.pending, None
            finish()
        return answer

    def delete_endpoint(self, EndpointName: str) -> Any:
        endpoint = self.find_endpoint(EndpointName)
        if endpoint.status in CHANGING:
            raise refusal(f'Cannot delete endpoint "{endpoint.arn}" while it is {endpoint.status}.')
        endpoint.status = "Deleting"
        endpoint.pending = lambda: self.forget(EndpointName)
        return {}

    def list_endpoints(self, **more: Any) -> Any:
        endpoints = {
            name: {"EndpointName": name, "EndpointArn": endpoint.arn, "EndpointStatus": endpoint.status}
            | {"CreationTime": endpoint.created, "LastModifiedTime": endpoint.created}
            for name, endpoint in self.endpoints.items()
        }
        return paged("Endpoints", None, endpoints, more)

    def require_transition(self, endpoint: Endpoint, config: Parameters) -> None:
        [variant] = config["ProductionVariants"]
        if "InstanceType" in endpoint.variant and "ServerlessConfig" in variant:
            raise refusal("Cannot update an endpoint on instances to a serverless one.")
        is_scaled = f"endpoint/{endpoint.name}/variant/{variant['VariantName']}" in self.scaled_variants()
        if is_scaled and endpoint.variant.get("InstanceType") != variant.get("InstanceType"):
            raise refusal(
                f'The variant(s) "[{variant["VariantName"]}]" must be deregistered as scalable targets with AWS Auto '
                "Scaling before they can be removed or have their instance type updated."
            )

    def require_guardrails(self, config: Parameters, deployment: Parameters, count: int) -> None:
        if not deployment:
            return
        if "ServerlessConfig" in config["ProductionVariants"][0]:
            raise refusal("DeploymentConfig is not supported for serverless endpoints.")
        routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
        if routing["Type"] == "CANARY" and 2 * routing["CanarySize"]["Value"] > count:
            raise refusal("CanarySize must be at most 50% of the variant's total instance count.")
        alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        missing = {alarm["AlarmName"] for alarm in alarms} - set(self.alarm_names())
        if missing:
            raise refusal(f"Could not find the alarms {', '.join(sorted(missing))}.")
        role = self.model_of(config)["ExecutionRoleArn"]
        if fault := self.fault_of_role(role, needs_of_alarms(alarm["AlarmName"] for alarm in alarms)):
            raise refusal(f"Could not read the alarms. {fault}")

    def require_quota(self, config: Parameters) -> None:
        serverless = config["ProductionVariants"][0].get("ServerlessConfig")
        if serverless and serverless["MaxConcurrency"] > self.quotas[CONCURRENCY_QUOTA]:
            raise AwsError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{CONCURRENCY_QUOTA}' is {self.quotas[CONCURRENCY_QUOTA]:g}, with a "
                f"request delta of {serverless['MaxConcurrency']}. Please use AWS Service Quotas to request an "
                "increase for this quota.",
            )

    def served_artifact(self, endpoint: str) -> str | None:
        """The URI of the artifact that answers an invocation; None if the endpoint does not serve."""
        found = self.endpoints.get(endpoint)
        return self.artifact_of(found.config) if found and found.status in SERVING else None

    def artifact_of(self, config: Parameters) -> str:
        return str(self.model_of(config)["PrimaryContainer"]["ModelDataUrl"])

    def model_of(self, config: Parameters) -> Parameters:
        return self.models[config["ProductionVariants"][0]["ModelName"]]

    def fault_of(self, config: Parameters) -> str:
        artifact = self.artifact_of(config)
        return self.failing_models.get(artifact) or self.fault_of_archive(artifact)

    def find_endpoint(self, name: str) -> Endpoint:
        if name not in self.endpoints:
            raise refusal(f'Could not find endpoint "{self.arn("endpoint", name)}".')
        return self.endpoints[name]

    def forget(self, endpoint: str) -> None:
        del self.endpoints[endpoint]


def initial_count(config: Parameters) -> int:
    return int(config["ProductionVariants"][0].get("InitialInstanceCount", 0))
