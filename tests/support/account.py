"""One AWS account on this machine, behind one URL: what the application and its model's endpoint need.

    with start_account() as account:
        account.client("cloudformation").create_stack(...)

MiniStack is everything but SageMaker: CloudFormation, S3, Lambda, API Gateway, IAM, CloudWatch and so on. Its
CloudFormation is extended by SageMaker's resource types (hosting_types.py). SageMaker's control plane, Application Auto
Scaling and Service Quotas are imitated in this process (fake_sagemaker.py, fake_scaling.py): MiniStack has none of
them, and moto's SageMaker cannot update an endpoint, forgets a model's isolation, refuses today's instance types and
takes any artifact. InvokeEndpoint reaches the real model behind local/endpoint.py, once SageMaker has the endpoint.

As on AWS, a model's role must exist, trust SageMaker, and allow to read the artifact, the image and the alarms of
updates. MiniStack's IAM evaluates the role's policies.

What AWS does and this account does not: it checks no other permission, neither of callers nor of the functions. No
container is pulled: the model in the archive answers with the code of this repository, and only if the account
`serves_archives`; otherwise all endpoints answer with one model, and archives can be any bytes. An endpoint's creation
or update goes on each time that it is described. Alarms never ring, and nothing is scaled.
"""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.cloud import ACCOUNT, CREDENTIALS, ENDPOINT_NAME, REGION, Cloud
from local.paths import MODEL
from local.processes import free_port, start_cloud
from tests.support.aws_json import JsonService, encode
from tests.support.aws_requests import AwsCall, read_call
from tests.support.fake_sagemaker import SageMaker
from tests.support.fake_scaling import AutoScaling, ServiceQuotas
from tests.support.proxy import HOP_BY_HOP, Exchange, Forward, Reply, proxy
from tests.support.served_models import ServedModels, serving
from tests.support.serving_role import create_role, fault_of_role
from training.hosting.options import CONCURRENCY_QUOTA
from training.s3_uri import parse_s3_uri

INVOKE_TIMEOUT_SECONDS = 60
SERVING_ACTIONS = ("s3:GetObject", "ecr:*", "cloudwatch:DescribeAlarms")
# Operations that change nothing begin like this.
READS = ("Describe", "List", "Get", "Head", "Validate")


@dataclass
class Account:
    """A running account.

    url: address of all services.
    token: session token that requests need.
    calls: all requests with a signature, in the order in which they arrived; those of CloudFormation and of the
        functions are among them, as far as they concern SageMaker and Application Auto Scaling.
    sagemaker, scaling: the state of both services, for what a test wants to look at or to let fail.
    quotas: by service code and name. A test may change them.
    """

    url: str
    token: str
    sagemaker: SageMaker
    scaling: AutoScaling
    quotas: dict[str, dict[str, float]]
    cloud: Cloud
    calls: list[AwsCall] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with which programs such as `sam` use the account, and nothing else."""
        return {**CREDENTIALS, "AWS_SESSION_TOKEN": self.token, "AWS_ENDPOINT_URL": self.url}

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client. config: arguments of botocore's Config."""
        return account_client(service, self.url, self.token, **config)

    def create_role(self, name: str, *actions: str) -> str:
        """Creates a role for SageMaker, as an account may have one already, and returns its ARN.

        actions: what the role allows, for everything. The default is what a model needs.
        """
        return create_role(
            self.client("iam"), name, *(actions or ("s3:GetObject", "ecr:*", "cloudwatch:DescribeAlarms"))
        )

    def operations(self, service: str) -> list[str]:
        """The operations of a service that were called and change something, in order."""
        return [call.operation for call in self.calls if call.service == service and not is_read(call)]

    @property
    def changes(self) -> list[AwsCall]:
        """The calls that change something, in order."""
        return [call for call in self.calls if not is_read(call)]


def is_read(call: AwsCall) -> bool:
    return call.operation.startswith(READS)


@contextlib.contextmanager
def start_account(model: str | Path = MODEL, serves_archives: bool = False) -> Iterator[Account]:
    """Runs an empty account until the block ends.

    model: what every endpoint serves, as for local.processes.start_cloud.
    serves_archives: an endpoint serves the archive that was deployed to it instead, and fails if it can't.
    """
    port = free_port()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(proxy())
        server.upstream = f"http://127.0.0.1:{port}"
        # The functions invoke the endpoint through the account, so one that SageMaker does not have fails there too.
        variables = {"ACCOUNT_URL": server.url, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": server.url}
        cloud = stack.enter_context(start_cloud(port, model, variables, program="tests.support.hosting_types"))
        served = stack.enter_context(serving(cloud.client("s3"))) if serves_archives else None
        router = Router(cloud, server.url, served)
        server.intervene = router.route
        yield router.account


class Router:
    """Sends each request to the service that it is for, and keeps a record."""

    def __init__(self, cloud: Cloud, url: str, served: ServedModels | None):
        self.cloud = cloud
        self.served = served
        self.lock = threading.Lock()
        self.s3, self.cloudwatch, iam = (cloud.client(service) for service in ("s3", "cloudwatch", "iam"))
        quotas = {"sagemaker": {"Number of instances": 4.0, CONCURRENCY_QUOTA: 10.0}, "lambda": {}}
        sagemaker = SageMaker(
            ACCOUNT,
            REGION,
            has_object=self.has_object,
            fault_of_role=lambda arn, needs: fault_of_role(arn, needs, iam),
            alarm_names=self.alarm_names,
            scaled_variants=lambda: scaling.targets,
            quotas=quotas["sagemaker"],
        )
        if served:
            sagemaker.fault_of_archive = served.fault
        scaling = AutoScaling(ACCOUNT, REGION, is_scalable=lambda resource: is_scalable(sagemaker, resource))
        self.services: dict[str, JsonService] = {
            service.service: service for service in (sagemaker, scaling, ServiceQuotas(quotas))
        }
        self.account = Account(url, cloud.token, sagemaker, scaling, quotas, cloud)

    def route(self, exchange: Exchange, forward: Forward) -> Reply:
        call = read_call(exchange.method, exchange.path, exchange.headers, exchange.body)
        if call is None:
            return forward()
        with self.lock:
            self.account.calls.append(call)
        if call.service == "sagemaker-runtime":
            return self.invoke(call.parameters.get("EndpointName", ""), exchange)
        if service := self.services.get(call.service):
            with self.lock:
                return service.reply(call.operation, call.parameters)
        return forward()

    def invoke(self, endpoint: str, exchange: Exchange) -> Reply:
        artifact = self.account.sagemaker.served_artifact(endpoint)
        if artifact is None:
            message = f"Endpoint {endpoint} of account {ACCOUNT} not found."
            return Reply(400, encode({"Message": message}), {"x-amzn-ErrorType": "ValidationError"})
        url = self.served.address(artifact) if self.served else str(self.cloud.endpoint_url)
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=INVOKE_TIMEOUT_SECONDS)
        try:
            headers = {name: exchange.headers[name] for name in ("Content-Type", "Accept") if name in exchange.headers}
            # local/endpoint.py knows one name.
            connection.request("POST", f"/endpoints/{ENDPOINT_NAME}/invocations", exchange.body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
            return Reply(answer.status, answer.read(), kept)
        finally:
            connection.close()

    def has_object(self, uri: str) -> bool:
        bucket, key = parse_s3_uri(uri)
        try:
            self.s3.head_object(Bucket=bucket, Key=key.removesuffix("/"))
        except ClientError:
            return False
        return True

    def alarm_names(self) -> list[str]:
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate()
        return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def is_scalable(sagemaker: SageMaker, resource: str) -> bool:
    """Whether a resource ID, endpoint/NAME/variant/NAME, is a variant on instances."""
    _, endpoint, _, variant = [*resource.split("/"), "", "", ""][:4]
    found = sagemaker.endpoints.get(endpoint)
    return bool(found and found.count and found.variant["VariantName"] == variant)


@cache
def account_client(service: str, url: str, token: str, **config: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=token,
        config=Config(proxies={}, **config),
    )
