"""The embedded cloud with the application in it. It is started once, and all these tests use it."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local import template
from local.cloud import Cloud
from local.paths import ROOT
from local.stack import start_application
from mien.aws.clients import session
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, Handle, Invoke, StartHandler, invoking
from tests.support.lambda_context import Context
from tests.support.operating import Operate, SendDeadLetter
from tests.support.rest import Send, sending


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with start_application() as running:
        yield running


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> Bucket:
    return Bucket.in_cloud(cloud, max_pool_connections=16)


@pytest.fixture(scope="session")
def send(cloud: Cloud) -> Send:
    """Sends a request to the deployed API."""
    return sending(cloud)


@pytest.fixture(scope="session")
def invoke(cloud: Cloud) -> Invoke:
    """Invokes the deployed InboxFunction with an event, as its queue would."""
    return invoking(cloud, "Inbox")


@pytest.fixture(scope="session")
def invoke_api(cloud: Cloud) -> Invoke:
    """Invokes the deployed ApiFunction with an event, as API Gateway would."""
    return invoking(cloud, "Api")


@pytest.fixture(scope="session")
def invoke_page(cloud: Cloud) -> Invoke:
    """Invokes the deployed PageFunction with an event, as API Gateway would."""
    return invoking(cloud, "Page")


@pytest.fixture
def start_handler(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartHandler]:
    """Starts a handler as in a fresh process, with the embedded cloud's bucket and an endpoint at an address."""

    def start(endpoint: str, name: str = "inbox", **variables: str) -> Handle:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        monkeypatch.setenv("AWS_SESSION_TOKEN", cloud.token)
        # The session of earlier tests has other credentials.
        session.cache_clear()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
        for variable, value in (template.function_environment(cloud.references) | variables).items():
            monkeypatch.setenv(variable, value)
        module = importlib.reload(importlib.import_module(f"mien.handlers.{name}"))
        return lambda event, seconds=60: module.handler(event, Context(seconds))

    yield start
    session.cache_clear()


@pytest.fixture
def dead_letters(cloud: Cloud) -> DeadLetters:
    """Reads the messages of the dead-letter queue, and leaves them in it."""
    queues, url = cloud.client("sqs"), cloud.outputs["DeadLetterQueueUrl"]

    def read() -> list[dict[str, Any]]:
        found = []
        while received := queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += received
        for letter in found:
            queues.change_message_visibility(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0)
        return found

    return read


@pytest.fixture
def operate(cloud: Cloud) -> Operate:
    """Runs `python -m operate` against the embedded cloud, without a terminal."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "operate", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200", "AWS_ENDPOINT_URL": cloud.url, **cloud.credentials},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def send_dead_letter(cloud: Cloud) -> SendDeadLetter:
    """Sends a message to the dead-letter queue, with a reason like the functions do or without one like SQS does."""

    def send(body: str, reason: str | None) -> None:
        attributes = {"Reason": {"DataType": "String", "StringValue": reason}} if reason else {}
        url = cloud.outputs["DeadLetterQueueUrl"]
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    return send
