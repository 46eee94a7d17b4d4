"""The fuzzed functions, with what must be true for any bytes. Each exception is a finding."""

import contextlib
import json
import time
from typing import Any

from PIL import Image

from mien.errors import NotAStorageEvent, Rejected
from mien.logic.crops import FoundFace
from mien.logic.images import MIN_SIDE
from mien.logic.pictures import COLOR_224, GRAY_48, read_picture
from mien.logic.uploads import Delivery, Upload, parse_deliveries

SECONDS = 2  # processor time for one file
NOW = 1_000_000.0  # seconds since 1970
# The inputs of the two models. The parity of a file's length chooses one, so a finding can be reproduced.
INPUTS = (COLOR_224, GRAY_48)
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


def find_in_corners(picture: Image.Image) -> list[FoundFace]:
    """A detector that finds a face at the edge and one that lies on its side, in every image."""
    width, height = picture.size
    lying = FoundFace((width / 2, height / 3, width, height), 0.8, turn=90)
    return [FoundFace((-width / 9, -3.0, width / 2, height / 2), 0.9), lying]


def image(data: bytes) -> None:
    """A file must give a face of the right size or a rejection, in SECONDS."""
    began = time.process_time()
    target = INPUTS[len(data) % 2]
    for find in (None, find_in_corners):
        with contextlib.suppress(Rejected):
            picture = read_picture(data, target, find)
            faces = [found.face for found in picture.faces if found.face]
            assert all(len(face.pixels) == target.size**2 * len(target.mode) for face in faces)
            assert find or len(faces) == 1
            assert min(picture.width, picture.height) >= MIN_SIDE
    assert time.process_time() - began < SECONDS


def event(data: bytes) -> None:
    """An event must give deliveries or NotAStorageEvent. As the body of a message, it must give one delivery."""
    text = data.decode(errors="replace")
    message = {"messageId": "m", "eventSource": "aws:sqs", "body": text}
    first, neighbor = parse_deliveries({"Records": [message, NEIGHBOR]}, NOW)
    check(first)
    assert neighbor.changes == (Upload("b", "a b", None, "", 1, ""),)
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(NotAStorageEvent):
        for delivery in parse_deliveries(parsed, NOW):
            check(delivery)


def check(delivery: Delivery) -> None:
    assert not (delivery.fault and delivery.changes)
    for change in delivery.changes:
        assert change.key.encode()
        assert isinstance(change.bucket, str)
        if isinstance(change, Upload):
            assert isinstance(change.etag, str)
            assert isinstance(change.sequencer, str)
            assert isinstance(change.size, int)
