"""The deployed application without its queue: tests call InboxFunction with events, and see at once what happened."""

import itertools
import json
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud
from tests.support.bucket import Bucket
from tests.support.invoking import Event, Invoke
from tests.support.messages import message
from tests.support.rest import Send

SEQUENCERS = (f"{number:016X}" for number in itertools.count(1))
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]


@dataclass(frozen=True)
class Application:
    """invoke: calls InboxFunction with an event. The queue does not call it."""

    cloud: Cloud
    bucket: Bucket
    invoke: Invoke
    send: Send
    sample: bytes

    def upload(self, data: bytes, name: str = "") -> tuple[str, Event]:
        """Stores an image. Returns its name, and the event about it, as S3 sends it."""
        name = name or f"{uuid.uuid4()}.png"
        stored = self.bucket.upload(name, data)
        key, version, etag = self.bucket.inbox + name, stored["VersionId"], stored["ETag"].strip('"')
        body = message(self.bucket.name, key, next(SEQUENCERS), versionId=version, eTag=etag)["body"]
        return name, json.loads(body)

    def classify(self, data: bytes, name: str = "") -> str:
        """Stores an image and calls the function with its event. Returns the image's name."""
        name, event = self.upload(data, name)
        self.invoke(event)
        return name

    def statuses(self, name: str) -> list[str]:
        return [document["status"] for document in self.bucket.documents(name)]

    def count_messages(self, queue: str) -> int:
        """queue: name of the output with the queue's URL."""
        sqs = self.cloud.client("sqs")
        counts = sqs.get_queue_attributes(QueueUrl=self.cloud.outputs[queue], AttributeNames=COUNTS)["Attributes"]
        return sum(map(int, counts.values()))

    def result(self, name: str) -> dict[str, Any]:
        """The API's answer about an image."""
        answer = self.send("GET", f"/results/{name}")
        assert answer.status == 200, answer.body
        return answer.json

    def picture_of(self, name: str) -> bytes:
        with urllib.request.urlopen(self.result(name)["image"]["url"], timeout=60) as picture:
            return picture.read()
