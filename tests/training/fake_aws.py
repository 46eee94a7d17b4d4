"""One AWS account in this process: moto, plus what moto's SageMaker lacks, and a record of every request."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from tests.support.iam_names import action_of
from tests.support.onnx_files import COLORS
from tests.training.hosting.archives import DESCRIPTION
from training.hosting.options import CONCURRENCY_QUOTA
from training.jobs.status import LOG_GROUP

REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/mien"
# Training data and jobs are stored in the first bucket, models for endpoints in the second.
DATA_BUCKET = "faces"
MODEL_BUCKET = "models"
BUILT_IN_IMAGE = f"813361260812.dkr.ecr.{REGION}.amazonaws.com/image-classification:1"
PYTORCH_IMAGE = f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-training:2.6.0-gpu-py312"
# Operations that change nothing.
READS = ("Describe", "List", "Head", "Get")
# What a model answers that describes itself as DESCRIPTION, and what one of the built-in algorithm answers.
GOOD_ANSWER = json.dumps({"labels": COLORS, "faces": [{"probabilities": [1 / 3] * 3}]}).encode()
GOOD_ROWS = json.dumps([[1 / 7] * 7]).encode()

INSTANCE_QUOTAS = [
    *(f"{name} for endpoint usage" for name in ("ml.c5.large", "ml.c7g.large", "ml.c7i.large", "ml.m5.large")),
    *(
        f"{name} for {usage}"
        for name in ("ml.g4dn.xlarge", "ml.g5.xlarge", "ml.g5.12xlarge")
        for usage in ("training job usage", "spot training job usage")
    ),
]

Answer = tuple[AWSResponse, dict[str, Any]]


@dataclass
class FakeAws:
    """What a test knows of the account, and what it can make the account do.

    session: has a client of every service.
    requests: operation and parameters of all requests, in the order in which they were sent.
    actions: what IAM calls each request, in the same order, and iam:PassRole after those that name a role.
    model_answers: what an endpoint configuration's model answers to an image, by the configuration's name. Others
        answer well.
    description: what every model of our container says of itself.
    not_ready: how many invocations are answered with ModelNotReadyException.
    failing_updates: why an update to an endpoint configuration fails, by the configuration's name.
    quotas: the account's quotas of SageMaker in AWS Service Quotas, by their names. A page has one of them.
    default_quotas: those for which AWS lists only a default.
    """

    session: boto3.Session
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    model_answers: dict[str, bytes] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=lambda: dict(DESCRIPTION))
    not_ready: int = 0
    failing_updates: dict[str, str] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=lambda: {"Number of instances": 4.0, CONCURRENCY_QUOTA: 10.0})
    default_quotas: dict[str, float] = field(default_factory=lambda: dict.fromkeys(INSTANCE_QUOTAS, 20.0))

    def client(self, service: str) -> Any:
        return self.session.client(service)

    @property
    def sagemaker(self) -> SageMakerModelBackend:
        """moto's own state, for changes that no request to moto can make."""
        return sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION]

    @property
    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """The requests that change something."""
        return [(operation, parameters) for operation, parameters in self.requests if not operation.startswith(READS)]

    @property
    def operations(self) -> list[str]:
        """The operations of the changes."""
        return [operation for operation, _ in self.changes]

    def parameters(self, operation: str) -> dict[str, Any]:
        """The parameters of the last request of this operation."""
        return [parameters for name, parameters in self.requests if name == operation][-1]

    def stored_keys(self, bucket: str = DATA_BUCKET) -> list[str]:
        return [stored.key for stored in self.session.resource("s3").Bucket(bucket).objects.all()]

    def read(self, key: str, bucket: str = DATA_BUCKET) -> bytes:
        content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def answer(self, service: str, operation: str, answer: dict[str, Any], status: int = 200) -> None:
        """Answers an operation that moto lacks. botocore checks the request's parameters before."""
        self.on_request(service, operation, lambda **_: respond(answer, status))

    def on_request(self, service: str, operation: str, handler: Callable[..., Answer | None]) -> None:
        """Calls the handler before a request is sent. The request is not sent if the handler returns an answer."""
        self.session.events.register(f"before-call.{service}.{operation}", handler)

    def create_training_job(
        self,
        name: str,
        image: str = PYTORCH_IMAGE,
        status: str = "Completed",
        hyperparameters: dict[str, str] | None = None,
        output: str = f"s3://{DATA_BUCKET}/jobs",
        **more: Any,
    ) -> str:
        """Creates a training job, and returns the S3 URI of its artifact, which is not written."""
        self.client("sagemaker").create_training_job(
            TrainingJobName=name,
            HyperParameters=hyperparameters or {},
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": output},
            ResourceConfig={"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
            **more,
        )
        self.set_job_status(name, status)
        job = self.client("sagemaker").describe_training_job(TrainingJobName=name)
        return str(job["ModelArtifacts"]["S3ModelArtifacts"])

    def set_job_status(self, name: str, status: str) -> None:
        """Sets what moto cannot reach: its training jobs are Completed at once."""
        self.sagemaker.training_jobs[name].training_job_status = status

    def write_log(self, job: str, lines: Sequence[str]) -> None:
        """Adds lines to the log of a training job's first instance."""
        logs = self.client("logs")
        stream = f"{job}/algo-1-1767323045"
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        if not logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(datetime.now(UTC).timestamp() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests.append((model.name, dict(params)))
        self.actions.append(action_of(model.service_model.service_name, model.name))
        if "RoleArn" in params or "ExecutionRoleArn" in params:
            self.actions.append("iam:PassRole")

    def stop_training_job(self, params: dict[str, Any], **_: Any) -> Answer:
        self.set_job_status(json.loads(params["body"])["TrainingJobName"], "Stopped")
        return respond({})

    def remember_isolation(self, **_: Any) -> None:
        sent = self.parameters("CreateModel")
        self.sagemaker._models[sent["ModelName"]].enable_network_isolation = sent.get("EnableNetworkIsolation", False)

    def update_endpoint(self, params: dict[str, Any], **_: Any) -> Answer:
        request = json.loads(params["body"])
        endpoint = self.sagemaker.endpoints[request["EndpointName"]]
        config = request["EndpointConfigName"]
        reason: Any = self.failing_updates.get(config)
        endpoint.failure_reason = reason
        if config not in self.failing_updates:
            endpoint.endpoint_config_name = config
        return respond({"EndpointArn": endpoint.arn})

    def list_quotas(self, params: dict[str, Any], model: Any, **_: Any) -> Answer:
        page = int(json.loads(params["body"]).get("NextToken", 0))
        listed = self.quotas if model.name == "ListServiceQuotas" else self.default_quotas
        quotas = [{"QuotaName": name, "Value": value} for name, value in listed.items()]
        more = {"NextToken": str(page + 1)} if page + 1 < len(quotas) else {}
        return respond({"Quotas": quotas[page : page + 1], **more})

    def invoke_endpoint(self, params: dict[str, Any], **_: Any) -> Answer:
        if self.not_ready:
            self.not_ready -= 1
            return respond({"Error": {"Code": "ModelNotReadyException", "Message": "wait and try again"}}, 429)
        [endpoint] = self.sagemaker.endpoints.values()
        content_type = params["headers"]["Content-Type"]
        if content_type == "application/json":
            body = json.dumps(self.description).encode()
        else:
            good = GOOD_ROWS if content_type == "application/x-image" else GOOD_ANSWER
            body = self.model_answers.get(endpoint.endpoint_config_name, good)
        return respond({"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": "application/json"})


def respond(answer: dict[str, Any], status: int = 200) -> Answer:
    return AWSResponse("https://aws", status, {}, None), answer


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """Makes an account with two empty buckets. boto3's default session is the account's too.

    moto has no StopTrainingJob and no quotas of SageMaker, its UpdateEndpoint answers 500, its
    InvokeEndpoint reads bodies as UTF-8, and its CreateModel forgets isolation. All five are answered or remembered
    here. botocore has checked their parameters against the service's description before. An update ends at once, as
    creations do in moto.
    """
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        s3 = session.client("s3")
        for bucket in (DATA_BUCKET, MODEL_BUCKET):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        aws = FakeAws(session)
        session.events.register("provide-client-params.*.*", aws.record)
        session.events.register("after-call.sagemaker.CreateModel", aws.remember_isolation)
        aws.on_request("sagemaker", "StopTrainingJob", aws.stop_training_job)
        aws.on_request("sagemaker", "UpdateEndpoint", aws.update_endpoint)
        aws.on_request("sagemaker-runtime", "InvokeEndpoint", aws.invoke_endpoint)
        # An answer that a test gives comes before this one.
        for operation in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
            session.events.register_last(f"before-call.service-quotas.{operation}", aws.list_quotas)
        default = boto3.DEFAULT_SESSION
        boto3.DEFAULT_SESSION = session
        try:
            yield aws
        finally:
            boto3.DEFAULT_SESSION = default
