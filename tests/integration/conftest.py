"""The embedded cloud with the application in it: started once, used by all these tests."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.cloud import Cloud
from local.stack import start_application
from tests.support.rest import Send, sending


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with start_application() as running:
        yield running


@dataclass(frozen=True)
class Bucket:
    """The application's bucket, as a user sees it."""

    s3: Any
    name: str
    inbox: str
    results: str
    rejected: str

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        stored: dict[str, Any] = self.s3.put_object(Bucket=self.name, Key=self.inbox + name, Body=data)
        return stored

    def documents(self, name: str) -> list[dict[str, Any]]:
        """All that the application says of an image: one document, once it is done."""
        found = []
        for place in (self.results, self.rejected):
            try:
                answer = self.s3.get_object(Bucket=self.name, Key=f"{place}{name}.json")
            except self.s3.exceptions.NoSuchKey:
                continue
            found.append(json.loads(answer["Body"].read()))
        return found

    def await_document(self, name: str, etag: str | None = None, seconds: float = 60) -> dict[str, Any]:
        """Waits for an image's document, of the version with this ETag if one is given."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for document in self.documents(name):
                if etag is None or document["image"]["etag"] == etag.strip('"'):
                    return document
            time.sleep(0.1)
        raise AssertionError(f"no document for {name} after {seconds} s, but {self.documents(name)}")

    def put_aside(self, name: str, data: bytes) -> None:
        """Stores an image whose own notification has come and gone without a trace: only the test's events are left."""
        stored = self.upload(name, data)
        self.await_document(name, stored["ETag"])
        for place in (self.results, self.rejected):
            self.s3.delete_object(Bucket=self.name, Key=f"{place}{name}.json")


@pytest.fixture(scope="session")
def bucket(cloud: Cloud) -> Bucket:
    names = (cloud.prefix(output) for output in ("Inbox", "Results", "Rejected"))
    return Bucket(cloud.client("s3", max_pool_connections=16), cloud.outputs["BucketName"], *names)


@pytest.fixture(scope="session")
def send(cloud: Cloud) -> Send:
    return sending(cloud)


Invoke = Callable[[dict[str, Any]], Any]


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it comes to hold in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(name="eventually")
def eventually_() -> Callable[..., bool]:
    return eventually


@pytest.fixture
def dead_letters(cloud: Cloud) -> Callable[[], list[dict[str, Any]]]:
    """What lies in the dead-letter queue: looked at, and left there."""
    queues, url = cloud.client("sqs"), cloud.outputs["DeadLetterQueueUrl"]

    def look() -> list[dict[str, Any]]:
        found = []
        while taken := queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += taken
        for letter in found:
            queues.change_message_visibility(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0)
        return found

    return look


def invoking(cloud: Cloud, name: str) -> Invoke:
    functions = cloud.client("lambda")
    [found] = [f["FunctionName"] for f in functions.list_functions()["Functions"] if name in f["FunctionName"]]

    def invoke(event: dict[str, Any]) -> Any:
        answer = functions.invoke(FunctionName=found, Payload=json.dumps(event).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    return invoke


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
    return invoking(cloud, "Page")
