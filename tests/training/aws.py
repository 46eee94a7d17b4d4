"""An AWS account in this process: moto's, with what its SageMaker lacks, and every request that is sent to it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from moto import mock_aws
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

REGION, ACCOUNT = "eu-central-1", "123456789012"
READS = ("Describe", "List", "Head", "Get")
GOOD = json.dumps([[1 / 7] * 7]).encode()


@dataclass
class Account:
    """sent: operations and parameters, in their order; answers: what endpoint configurations answer when they are
    invoked, if not well; not_ready: so many invocations are told to wait; failing: configurations to which no update
    leads, and why."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    not_ready: int = 0
    failing: dict[str, str] = field(default_factory=dict)

    @property
    def sagemaker(self) -> SageMakerModelBackend:
        """moto's own state, for what no request of moto's can bring about."""
        return sagemaker_backends[ACCOUNT][REGION]

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        return [(operation, parameters) for operation, parameters in self.sent if not operation.startswith(READS)]

    @property
    def operations(self) -> list[str]:
        """Of the changes."""
        return [operation for operation, _ in self.changes]

    def parameters(self, operation: str) -> dict[str, Any]:
        """Of the last such request."""
        return [parameters for name, parameters in self.sent if name == operation][-1]

    def record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.sent.append((model.name, dict(params)))

    def create_model(self, **_: Any) -> None:
        sent = self.parameters("CreateModel")
        self.sagemaker._models[sent["ModelName"]].enable_network_isolation = sent.get("EnableNetworkIsolation", False)

    def update_endpoint(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        request = json.loads(params["body"])
        endpoint = self.sagemaker.endpoints[request["EndpointName"]]
        config = request["EndpointConfigName"]
        reason: Any = self.failing.get(config)
        endpoint.failure_reason = reason
        if config not in self.failing:
            endpoint.endpoint_config_name = config
        return answered({"EndpointArn": endpoint.arn})

    def invoke_endpoint(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        if self.not_ready:
            self.not_ready -= 1
            return answered({"Error": {"Code": "ModelNotReadyException", "Message": "wait and try again"}}, 429)
        [endpoint] = self.sagemaker.endpoints.values()
        body = self.answers.get(endpoint.endpoint_config_name, GOOD)
        return answered({"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": "application/json"})


def answered(parsed: dict[str, Any], status: int = 200) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("https://aws", status, {}, None), parsed


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account, in which boto3.client's clients work until the context ends.

    moto's UpdateEndpoint answers 500, its InvokeEndpoint reads bodies as UTF-8, and its CreateModel forgets isolation.
    That is remembered here; the first two are answered here, before they are sent, but after botocore has held their
    parameters against the service's description. An update is done at once, as creations are in moto.
    """
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        boto3.setup_default_session()
        here = Account()
        events = boto3.DEFAULT_SESSION.events
        events.register("provide-client-params.*.*", here.record)
        events.register("after-call.sagemaker.CreateModel", here.create_model)
        events.register("before-call.sagemaker.UpdateEndpoint", here.update_endpoint)
        events.register("before-call.sagemaker-runtime.InvokeEndpoint", here.invoke_endpoint)
        yield here
    boto3.DEFAULT_SESSION = None
