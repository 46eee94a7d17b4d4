"""The images of one HTTP request → results, in order."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mien.aws.endpoint import Endpoint, Outcome
from mien.errors import OutOfTime, Rejected
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.pictures import Face
from mien.logic.requests import decode_base64
from mien.logic.results import Reading, Result, classified
from mien.pipeline.pictures import PictureReader, WaitingPictures

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


class RequestPipeline:
    """The steps from the images of a request to their results, over one endpoint."""

    def __init__(self, endpoint: Endpoint):
        self.endpoint = endpoint

    def classify(self, images: Sequence[bytes | str], reader: PictureReader, deadline: Deadline) -> Classified:
        """Classifies image files, or their base64 texts.

        The images are decoded one at a time. So only one image is in memory at once; of the others, small faces remain.
        """
        outcomes: dict[int, Result | Exception] = {}
        model_seconds = 0.0
        read_deadline = deadline.earlier(self.endpoint.longest_call + SLOWEST_IMAGE)
        waiting = WaitingPictures[int]()
        for index, image in enumerate(images):
            try:
                if read_deadline.seconds_left() <= 0:
                    raise OutOfTime("there was no time left to read an image")
                waiting.add(index, reader.read(decode_base64(image) if isinstance(image, str) else image))
            except (Rejected, OutOfTime) as error:
                outcomes[index] = error
            if waiting.is_full or index == len(images) - 1:
                started = time.perf_counter()
                answers = self.classify_faces(waiting.faces, reader, deadline)
                unconfirmed = self.endpoint.confirm(reader.contract, answers, deadline) if waiting.pictures else None
                model_seconds += time.perf_counter() - started
                outcomes |= self.describe(waiting, answers, unconfirmed, reader.reading)
                waiting = WaitingPictures[int]()
        return Classified([outcomes[index] for index in range(len(images))], model_seconds)

    def classify_faces(self, faces: Sequence[Face], reader: PictureReader, deadline: Deadline) -> list[Outcome]:
        """Classifies faces with as few calls as the endpoint allows. No call starts that might miss the deadline."""
        return [
            outcome
            for chunk in chunks(faces, self.endpoint.faces_per_call(reader.contract))
            for outcome in self.endpoint.classify(chunk, deadline)
        ]

    def describe(
        self,
        waiting: WaitingPictures[int],
        outcomes: Sequence[Outcome],
        unconfirmed: Exception | None,
        reading: Reading,
    ) -> dict[int, Result | Exception]:
        """Returns for each picture its result, or the error why it has none.

        unconfirmed: why no picture has a result, as `Endpoint.confirm` returns it.
        """
        described: dict[int, Result | Exception] = {}
        for index, found in waiting.sort_answers(outcomes):
            answers = unconfirmed if unconfirmed and not isinstance(found, Exception) else found
            if isinstance(answers, Exception):
                described[index] = answers
            else:
                picture = waiting.pictures[index]
                size = {"width": picture.width, "height": picture.height}
                described[index] = classified(picture, answers, size, self.endpoint.name, reading)
        return described
