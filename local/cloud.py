"""The embedded cloud as a client sees it: its addresses, its credentials, and the outputs of the stack in it.

MiniStack emulates CloudFormation, S3, SQS, Lambda, API Gateway, CloudWatch and IAM. It enforces IAM policies only if
its variable AUTH is true. It has no SageMaker: InvokeEndpoint goes to local/endpoint.py. Resource names, prefixes,
timeouts and sizes come from template.yaml. local/processes.py starts the processes, local/stack.py deploys the
application.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

STACK = "mien"
ENDPOINT_NAME = "mien-faces"
REGION = "us-east-1"
# MiniStack accepts any key. It uses a key of twelve digits as the account number.
ACCOUNT = "000000000000"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "embedded",
    "AWS_DEFAULT_REGION": REGION,
}
# Values of the template's references for code that runs without a deployed stack.
# The queues are at port 9 (discard), where nothing listens.
UNDEPLOYED_REFERENCES = {
    "AWS::StackName": STACK,
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "EndpointName": ENDPOINT_NAME,
    "Queue": "http://127.0.0.1:9/queue",
    "DeadLetterQueue": "http://127.0.0.1:9/dead",
}


class CloudError(Exception):
    """The embedded cloud can't start, or the application can't be deployed into it. The message is for the user."""


@dataclass(frozen=True)
class Cloud:
    """A running embedded cloud.

    url: address of all services except the SageMaker runtime.
    endpoint_url: address of the SageMaker runtime; None if this process did not start the cloud.
    outputs: outputs of the deployed stack, by name; empty before the deployment.
    require_running: raises CloudError if a process of the cloud has ended, or if its disk is full. Call it in each loop
        that waits for the cloud. It does nothing if this process did not start the cloud.
    """

    url: str
    endpoint_url: str | None
    outputs: Mapping[str, str]
    require_running: Callable[[], None] = lambda: None

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of one of the cloud's services, without proxies. config: arguments of botocore's Config."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, **config),
        )

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    def prefix(self, output: str) -> str:
        """The key prefix in one of the outputs Inbox, Results and Rejected: `s3://bucket/inbox/` gives `inbox/`."""
        return self.outputs[output].removeprefix(f"s3://{self.bucket}/")

    @property
    def references(self) -> dict[str, str]:
        """Values of the references in the functions' environment variables, for template.function_environment."""
        queues = {"Queue": self.outputs["QueueUrl"], "DeadLetterQueue": self.outputs["DeadLetterQueueUrl"]}
        return {**UNDEPLOYED_REFERENCES, **queues}

    @property
    def api_id(self) -> str:
        return self.outputs["ClassifyUrl"].removeprefix("https://").partition(".")[0]

    @property
    def classify_url(self) -> str:
        """Local URL of POST /classify. The stack's output has the URL that it would have on AWS."""
        stage, _, path = self.outputs["ClassifyUrl"].removeprefix("https://").partition("/")[2].partition("/")
        return f"{self.url}/restapis/{self.api_id}/{stage}/_user_request_/{path}"

    @property
    def page_url(self) -> str:
        return self.classify_url.removesuffix("classify")

    @property
    def api_key(self) -> str:
        key = self.client("apigateway").get_api_key(apiKey=self.outputs["ApiKeyId"], includeValue=True)
        return str(key["value"])
