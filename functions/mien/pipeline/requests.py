"""The images of one HTTP request → results, in order."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mien.aws.endpoint import Endpoint, Outcome
from mien.errors import OutOfTime, Rejected
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.images import Face
from mien.logic.requests import decode_base64
from mien.logic.results import Result, classified

# Seconds. The slowest images take this long to decode (benchmarks/bad_images.md). The endpoint call after it must still
# fit.
SLOWEST_IMAGE = 2.0


@dataclass(frozen=True)
class Classified:
    """What came of the images of a request.

    outcomes: for each image its result, or the error why it has none, in the order of the images.
    model_seconds: time spent in endpoint calls.
    """

    outcomes: list[Result | Exception]
    model_seconds: float


def classify_images(images: Sequence[bytes | str], endpoint: Endpoint, deadline: Deadline) -> Classified:
    """Classifies image files, or their base64 texts.

    The images are decoded one at a time. So only one image is in memory at once; of the others, a small face remains.
    """
    faces: dict[int, Face] = {}
    outcomes: dict[int, Result | Exception] = {}
    read_deadline = deadline.earlier(endpoint.longest_call + SLOWEST_IMAGE)
    for index, image in enumerate(images):
        try:
            if read_deadline.seconds_left() <= 0:
                raise OutOfTime("there was no time left to read an image")
            faces[index] = endpoint.read_face(decode_base64(image) if isinstance(image, str) else image)
        except (Rejected, OutOfTime) as error:
            outcomes[index] = error
    started = time.perf_counter()
    answers = classify_faces(list(faces.values()), endpoint, deadline)
    model_seconds = time.perf_counter() - started
    for (index, face), answer in zip(faces.items(), answers, strict=True):
        if isinstance(answer, Exception):
            outcomes[index] = answer
        else:
            probabilities, model = answer
            outcomes[index] = classified(probabilities, {"width": face.width, "height": face.height}, model)
    return Classified([outcomes[index] for index in range(len(images))], model_seconds)


def classify_faces(faces: Sequence[Face], endpoint: Endpoint, deadline: Deadline) -> list[Outcome]:
    """Classifies faces with as few calls as the endpoint allows. No call starts that might miss the deadline."""
    return [
        outcome for chunk in chunks(faces, endpoint.faces_per_call) for outcome in endpoint.classify(chunk, deadline)
    ]
