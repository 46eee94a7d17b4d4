"""A stack of hosting.yaml in the tests' account."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from local.cloud import ENDPOINT_NAME, REGION
from local.paths import ROOT
from tests.support.account import Account
from tests.support.waiting import eventually
from training.hosting.images import pytorch_image

STACK = "mien-model"
BUCKET = "mien-artifacts-000000000000-us-east-1"
TEMPLATE_TEXT = (ROOT / "hosting.yaml").read_text()
# The parameters without a default.
REQUIRED = {
    "EndpointName": ENDPOINT_NAME,
    "ArtifactBucket": BUCKET,
    "ModelKey": "models/1/model.tar.gz",
    "Image": pytorch_image(REGION, "x86_64"),
}


def key_of(model: str) -> str:
    return f"models/{model}/model.tar.gz"


def uri_of(model: str) -> str:
    return f"s3://{BUCKET}/{key_of(model)}"


@dataclass(frozen=True)
class HostingStack:
    """The stack of an endpoint. template: its text, as CloudFormation gets it."""

    account: Account
    template: str = TEMPLATE_TEXT

    def deploy(self, **parameters: Any) -> str:
        """Creates or updates the stack, and returns its status in the end.

        parameters: those that are not given have their defaults, or the values in REQUIRED.
        """
        values = {**REQUIRED, **{name: str(value) for name, value in parameters.items()}}
        request = {
            "StackName": STACK,
            "TemplateBody": self.template,
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
            "Capabilities": ["CAPABILITY_IAM"],
        }
        cloudformation = self.account.client("cloudformation")
        (cloudformation.update_stack if self.describe() else cloudformation.create_stack)(**request)
        assert eventually(lambda: not self.status.endswith("IN_PROGRESS"))
        return self.status

    def delete(self) -> None:
        self.account.client("cloudformation").delete_stack(StackName=STACK)
        assert eventually(lambda: self.describe() is None)

    def describe(self) -> Any:
        """The stack as CloudFormation describes it; None if there is none."""
        try:
            [stack] = self.account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        except ClientError:
            return None
        return stack

    @property
    def status(self) -> str:
        return str(self.describe()["StackStatus"])

    @property
    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe()["Outputs"]}

    @property
    def reasons(self) -> str:
        """CloudFormation's reasons for what it did, newest first."""
        events = self.account.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def sent(self, operation: str) -> dict[str, Any]:
        """The parameters of the last request of this operation."""
        return [call.parameters for call in self.account.calls if call.operation == operation][-1]

    @property
    def alarms(self) -> list[dict[str, Any]]:
        found = self.account.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return sorted(found, key=lambda alarm: str(alarm["MetricName"]))
