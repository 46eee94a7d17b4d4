"""What must hold for any bytes. Whatever is raised here is a finding."""

import contextlib
import json
import time
from typing import Any, Literal

from mien.errors import Rejected
from mien.logic import images
from mien.logic.uploads import Delivery, NotAStorageEvent, Upload, deliveries

SECONDS = 2  # of the processor, for one file
# Of both models, each for files of one parity, so that a finding is the same every time.
FORMS: tuple[tuple[int, Literal["L", "RGB"]], ...] = ((images.BUILT_IN_SIZE, "RGB"), (images.FACE_SIZE, "L"))
NEIGHBOR: dict[str, Any] = {
    "messageId": "neighbor",
    "eventSource": "aws:sqs",
    "body": json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventVersion": "2.1",
                    "eventName": "ObjectCreated:Put",
                    "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b", "size": 1}},
                }
            ]
        }
    ),
}


def image(data: bytes) -> None:
    """Only a face of the right size or a rejection, within its time."""
    began = time.process_time()
    size, mode = FORMS[len(data) % 2]
    with contextlib.suppress(Rejected):
        face = images.face(data, size, mode)
        assert len(face.pixels) == size * size * len(mode)
        assert min(face.width, face.height) >= images.MIN_SIDE
    assert time.process_time() - began < SECONDS


def event(data: bytes) -> None:
    """As a function's event, only deliveries or NotAStorageEvent; as a message's body, only a delivery of its own."""
    text = data.decode(errors="replace")
    message = {"messageId": "m", "eventSource": "aws:sqs", "body": text}
    first, neighbor = deliveries({"Records": [message, NEIGHBOR]})
    check(first)
    assert neighbor == Delivery("neighbor", (Upload("b", "a b", None, "", 1, ""),))
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(NotAStorageEvent):
        for delivery in deliveries(parsed):
            check(delivery)


def check(delivery: Delivery) -> None:
    assert not (delivery.fault and delivery.uploads)
    for upload in delivery.uploads:
        assert upload.key.encode()
        assert isinstance(upload.bucket, str)
        assert isinstance(upload.etag, str)
        assert isinstance(upload.sequencer, str)
        assert isinstance(upload.size, int)
