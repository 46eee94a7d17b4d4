"""Application Auto Scaling and Service Quotas, in memory, as far as hosting a model uses them.

Nothing is scaled: the number of instances changes only if a test changes it.
Sources: Application Auto Scaling API Reference; Service Quotas API Reference.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.support.aws_json import AwsError, JsonService, refusal
from tests.support.fake_models import Parameters

QUOTAS_PER_PAGE = 1


class AutoScaling(JsonService):
    """Scalable targets and their policies.

    is_scalable: whether SageMaker has a variant on instances with this resource ID.
    """

    service = "application-autoscaling"

    def __init__(self, account: str, region: str, is_scalable: Callable[[str], bool]):
        super().__init__()
        self.prefix = f"arn:aws:autoscaling:{region}:{account}"
        self.is_scalable = is_scalable
        self.targets: dict[str, Parameters] = {}
        self.policies: dict[tuple[str, str], Parameters] = {}

    def register_scalable_target(self, ResourceId: str, **more: Any) -> Any:
        if not self.is_scalable(ResourceId):
            raise refusal(f"ECS service, endpoint or variant doesn't exist: {ResourceId}")
        role = f"arn:aws:iam::{self.prefix.rpartition(':')[2]}:role/aws-service-role/sagemaker"
        known = self.targets.get(ResourceId, {"RoleARN": role, "CreationTime": datetime.now(UTC)})
        target = {**known, "ResourceId": ResourceId, **more}
        if target["MinCapacity"] > target["MaxCapacity"]:
            raise refusal("Maximum capacity cannot be less than minimum capacity")
        self.targets[ResourceId] = target
        return {"ScalableTargetARN": f"{self.prefix}:scalableTarget/{ResourceId}"}

    def describe_scalable_targets(self, ServiceNamespace: str, ResourceIds: Any = (), **more: Any) -> Any:
        found = [target for name, target in self.targets.items() if not ResourceIds or name in ResourceIds]
        return {"ScalableTargets": found}

    def deregister_scalable_target(self, ResourceId: str, **more: Any) -> Any:
        if ResourceId not in self.targets:
            raise AwsError("ObjectNotFoundException", f"No scalable target found for resource ID: {ResourceId}")
        del self.targets[ResourceId]
        self.policies = {key: policy for key, policy in self.policies.items() if key[0] != ResourceId}
        return {}

    def put_scaling_policy(self, ResourceId: str, PolicyName: str, **more: Any) -> Any:
        if ResourceId not in self.targets:
            raise AwsError("ObjectNotFoundException", f"No scalable target registered for resource ID: {ResourceId}")
        arn = f"{self.prefix}:scalingPolicy:1:resource/sagemaker/{ResourceId}:policyName/{PolicyName}"
        self.policies[ResourceId, PolicyName] = {
            **{"PolicyARN": arn, "PolicyName": PolicyName, "ResourceId": ResourceId, "CreationTime": datetime.now(UTC)},
            **more,
        }
        return {"PolicyARN": arn, "Alarms": []}

    def describe_scaling_policies(self, ServiceNamespace: str, ResourceId: str = "", **more: Any) -> Any:
        found = [policy for key, policy in self.policies.items() if ResourceId in ("", key[0])]
        return {"ScalingPolicies": found}

    def delete_scaling_policy(self, ResourceId: str, PolicyName: str, **more: Any) -> Any:
        if (ResourceId, PolicyName) not in self.policies:
            raise AwsError("ObjectNotFoundException", f"No scaling policy found for resource ID: {ResourceId}")
        del self.policies[ResourceId, PolicyName]
        return {}


class ServiceQuotas(JsonService):
    """The account's quotas, on several pages.

    quotas: their values by service code and name.
    """

    service = "service-quotas"

    def __init__(self, quotas: dict[str, dict[str, float]]):
        super().__init__()
        self.quotas = quotas

    def list_service_quotas(self, ServiceCode: str, NextToken: str = "0", **more: Any) -> Any:
        listed = [
            {"ServiceCode": ServiceCode, "QuotaName": name, "QuotaCode": f"L-{index:08X}", "Value": value}
            for index, (name, value) in enumerate(self.quotas.get(ServiceCode, {}).items())
        ]
        end = int(NextToken) + QUOTAS_PER_PAGE
        page = listed[int(NextToken) : end]
        return {"Quotas": page, **({"NextToken": str(end)} if end < len(listed) else {})}

    list_aws_default_service_quotas = list_service_quotas
