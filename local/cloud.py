"""One machine as the cloud: MiniStack as a child process, and the project's own template deployed into it.

MiniStack plays CloudFormation, S3, SQS, Lambda, API Gateway, CloudWatch and IAM (whose policies it does not enforce).
SageMaker it has not: InvokeEndpoint goes to local/endpoint.py. What is deployed, its names, prefixes, timeouts and
sizes are the template's; here stands only how the parts are started, joined and stopped.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import WaiterError

from local import template
from local.package import package
from local.template import BUILD, ROOT

MODEL = ROOT / "models"
STACK = "mien"
ENDPOINT_NAME = "mien-faces"
REGION = "us-east-1"
START_SECONDS = 60
# What the template refers to, where nothing is deployed: queues at an address where nothing answers.
REFERENCES = {
    "AWS::StackName": STACK,
    "AWS::AccountId": "000000000000",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "EndpointName": ENDPOINT_NAME,
    "Queue": "http://127.0.0.1:9/queue",
    "DeadLetterQueue": "http://127.0.0.1:9/dead",
}
# MiniStack takes any key; twelve digits are the account's number.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "embedded",
    "AWS_DEFAULT_REGION": REGION,
}


NO_VARIABLES: Mapping[str, str] = {}


class CloudError(Exception):
    """The embedded cloud can't be started, or the application not deployed into it: a sentence for the user."""


@dataclass(frozen=True)
class Cloud:
    """A running cloud. url: where all services answer, but SageMaker's runtime, which answers at endpoint_url (unknown
    to those who did not start it); outputs: the deployed stack's, none before it is deployed."""

    url: str
    endpoint_url: str | None
    outputs: Mapping[str, str]

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(**config),
        )

    @property
    def references(self) -> dict[str, str]:
        """What the template's names refer to in the deployed stack: those that its functions' variables need."""
        queues = {"Queue": self.outputs["QueueUrl"], "DeadLetterQueue": self.outputs["DeadLetterQueueUrl"]}
        return {**REFERENCES, **queues}

    @property
    def api_id(self) -> str:
        return self.outputs["ClassifyUrl"].removeprefix("https://").partition(".")[0]

    @property
    def classify_url(self) -> str:
        """Where the API answers here; the stack's output names the address that it has on AWS."""
        stage, _, path = self.outputs["ClassifyUrl"].removeprefix("https://").partition("/")[2].partition("/")
        return f"{self.url}/restapis/{self.api_id}/{stage}/_user_request_/{path}"

    @property
    def page_url(self) -> str:
        return self.classify_url.removesuffix("classify")

    @property
    def api_key(self) -> str:
        key = self.client("apigateway").get_api_key(apiKey=self.outputs["ApiKeyId"], includeValue=True)
        return str(key["value"])


@contextlib.contextmanager
def running(
    port: int | None = None, model: Path = MODEL, variables: Mapping[str, str] = NO_VARIABLES
) -> Iterator[Cloud]:
    """The cloud with the application in it, until the block ends. port: None takes a free one; variables: more of the
    functions' environment. Raises CloudError."""
    with empty(port, model, variables) as cloud:
        deploy(cloud)
        yield deployed(cloud)


@contextlib.contextmanager
def empty(port: int | None = None, model: Path = MODEL, variables: Mapping[str, str] = NO_VARIABLES) -> Iterator[Cloud]:
    """The cloud with nothing in it but the model's endpoint. Raises CloudError."""
    port = free_port() if port is None else port
    require_free(port)
    BUILD.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((BUILD / "cloud.log").open("wb"))
        # Functions' code and processes live under the temporary folder, and go with it.
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-", ignore_cleanup_errors=True))
        serve = [sys.executable, "-m", "local.endpoint", str(unpacked(model, Path(scratch))), ENDPOINT_NAME]
        endpoint = stack.enter_context(child(serve, dict(os.environ), log, stdout=subprocess.PIPE))
        endpoint_port = endpoint.stdout.readline().strip().decode() if endpoint.stdout else ""
        if not endpoint_port:
            raise CloudError(f"the model under {model} could not be served{tail()}")
        cloud = Cloud(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{endpoint_port}", {})
        surroundings = {**environment(port, cloud, scratch), **variables}
        stack.enter_context(child([sys.executable, "-m", "ministack"], surroundings, log))
        wait_for(cloud.url)
        yield cloud


def unpacked(model: Path, scratch: Path) -> Path:
    """A model's folder as it is; of a model.tar.gz, which training jobs leave, one below scratch. Raises CloudError."""
    if model.is_dir():
        return model
    try:
        with tarfile.open(model) as archive:
            archive.extractall(scratch / "model", filter="data")
    except (OSError, tarfile.TarError) as error:
        raise CloudError(f"{model} is neither a model's folder nor a model.tar.gz: {error}") from error
    return scratch / "model"


def environment(port: int, cloud: Cloud, scratch: str) -> dict[str, str]:
    """MiniStack's own, which the functions inherit: so they find the model, and know nothing of it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return {
        **inherited,
        **CREDENTIALS,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": scratch,
        "LOG_LEVEL": "WARNING",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url),
        # One thread a library: the functions and the model share the machine's cores already.
        "OMP_NUM_THREADS": "1",
    }


@contextlib.contextmanager
def child(
    command: list[str], environment: dict[str, str], log: Any, stdout: Any = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, all of which is gone when the block ends."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout or log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdout:
            process.stdout.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CloudError(f"port {port} is in use; choose another with PORT={port + 1}") from error


def wait_for(url: str, seconds: float = START_SECONDS) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
            return
        time.sleep(0.05)
    raise CloudError(f"MiniStack did not answer at {url} within {seconds} s{tail()}")


def deploy(cloud: Cloud) -> None:
    """Template and package → a stack, made through CloudFormation. Raises CloudError."""
    s3, cloudformation = cloud.client("s3"), cloud.client("cloudformation")
    try:
        archive, bucket = package(), f"{STACK}-code"
    except subprocess.CalledProcessError as error:
        raise CloudError("pip could not install functions/requirements.txt; what it said is above") from error
    s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(archive), bucket, archive.name)
    request = {
        "StackName": STACK,
        "TemplateBody": json.dumps(template.with_code(bucket, archive.name)),
        "Parameters": [{"ParameterKey": "EndpointName", "ParameterValue": ENDPOINT_NAME}],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    cloudformation.create_stack(**request)
    try:
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
    except WaiterError as error:
        raise CloudError(f"the stack was not created: {failures(cloudformation)}{tail()}") from error


def deployed(cloud: Cloud) -> Cloud:
    """The cloud with what was deployed into it, by whichever tool.

    MiniStack hands a Number parameter on as text, and its poller can't compare text: the mapping is set again. And it
    leaves out what an API's body says of the gateway's own answers: they are set one by one.
    """
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency})
    running = attached(cloud)
    set_gateway_responses(running)
    return running


def set_gateway_responses(cloud: Cloud, **parameters: str) -> None:
    """Those that the template has with these parameters, and the defaults of all others."""
    api, gateway = cloud.api_id, cloud.client("apigateway")
    for kind, response in template.gateway_responses(**parameters).items():
        status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        gateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseParameters=response["responseParameters"],
            responseTemplates=response["responseTemplates"],
            **status,
        )
    [stage] = gateway.get_stages(restApiId=api)["item"]
    gateway.create_deployment(restApiId=api, stageName=stage["stageName"])


def attached(cloud: Cloud) -> Cloud:
    """A running cloud, with the outputs of the stack in it."""
    [described] = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    return replace(cloud, outputs=outputs)


def failures(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    return "; ".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in failed)


def tail() -> str:
    lines = (BUILD / "cloud.log").read_text(errors="replace").splitlines()[-10:]
    return "\n" + "\n".join(lines) if lines else ""
