"""Faces → probabilities, through a SageMaker endpoint; what to retry and what not.

Two kinds of model can stand behind the endpoint's name, and the setting says which:
`batch`: our own container; one call carries all faces, as npy, uint8 [n, 48, 48];
`image`: SageMaker's built-in image classification; a call a face, as PNG, RGB, 224x224.
Both answer with JSON: probabilities, in the labels' order. Our container says with each row which face it is of.
"""

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from mien.errors import Hopeless, OutOfTime, TryAgain
from mien.logic.circuit import Circuit
from mien.logic.deadline import Deadline
from mien.logic.images import BUILT_IN_SIZE, FACE_SIZE, PREPROCESSING, Face, face, png
from mien.logic.labels import LABELS
from mien.settings import Settings

Probabilities = list[float]
# 2.3 MB, under the 4 MB that a serverless endpoint takes (Amazon SageMaker AI quotas).
MAX_FACES = 1000
CONNECT_TIMEOUT = 2.0
ATTEMPTS = 4
# What passes within seconds: a throttled call, which has been seen as a 400 without a name, too; a model that is being
# loaded (429); a service that failed or was away for a moment. A call without an answer has taken others' time already.
THROTTLING_CODES, PASSING_STATUSES = frozenset({"ThrottlingException", "400", ""}), frozenset({429, 500, 503, 530})


@dataclass(frozen=True)
class Model:
    """Who answered. `version` is what the model's container says of itself; the built-in algorithm says nothing."""

    endpoint: str
    variant: str
    version: str
    preprocessing: str


Answer = tuple[Probabilities, Model]


class Unavailable(TryAgain):
    """The endpoint itself did not answer, whatever it was asked."""


class Passing(Unavailable):
    """What may have passed within seconds."""


class Throttled(Passing):
    """It is asked more than it can answer."""


class Silent(Unavailable, OutOfTime):
    """It was asked, and did not answer in time."""


class Failed(Unavailable):
    """The model failed, unless one of the faces made it do so."""


class Refused(Hopeless):
    """The model refused what it was sent."""


class Endpoint:
    """read_timeout: seconds for one call; `longest` is what one may take in all."""

    def __init__(self, settings: Settings, read_timeout: float, connections: int):
        self.name, self.input = settings.endpoint_name, settings.endpoint_input
        self.runtime = boto3.client(
            "sagemaker-runtime",
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=read_timeout,
                max_pool_connections=connections,
                # It is tried again here, where the deadline is known.
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
        self.longest = CONNECT_TIMEOUT + read_timeout
        self.circuit = Circuit()

    def face(self, data: bytes) -> Face:
        """An image file → the face that this endpoint takes. Raises Rejected."""
        return face(data) if self.input == "batch" else face(data, BUILT_IN_SIZE, "RGB")

    @property
    def faces_per_call(self) -> int:
        return MAX_FACES if self.input == "batch" else 1

    def classify(self, faces: Sequence[Face], deadline: Deadline) -> list[Answer | Exception]:
        """At most `faces_per_call` faces → an answer for each, or why there is none, in their order.

        It is one call, which is made again while what failed may pass and the deadline leaves time for it. Where the
        model fails over what it was sent, its halves are asked for by themselves: one face can't fail the others.
        """
        if self.circuit.open():
            return [TryAgain(f"endpoint {self.name} is down, and was not asked again yet")] * len(faces)
        try:
            return self.patiently(faces, deadline)
        except (Failed, Refused) as error:
            return self.apart(faces, deadline, error)
        except Exception as error:
            return [error] * len(faces)

    def patiently(self, faces: Sequence[Face], deadline: Deadline) -> list[Answer | Exception]:
        for attempt in range(1, ATTEMPTS):
            try:
                return self.call(faces, deadline)
            except Passing:
                if self.circuit.open() or not deadline.pause(attempt, self.longest):
                    raise
        return self.call(faces, deadline)

    def apart(
        self, faces: Sequence[Face], deadline: Deadline, error: Exception, alive: bool = False
    ) -> list[Answer | Exception]:
        """What comes of a call's faces in calls of their own, by halves, after the model failed over all of them.

        Where it fails over both halves too it is down, and is not asked on, unless it has answered since (alive). What
        it refuses, it refuses for good: then each face must be known.
        """
        if len(faces) == 1:
            return [error]
        middle = len(faces) // 2
        parts: list[tuple[Sequence[Face], list[Answer | Exception] | Exception]] = []
        for half in (faces[:middle], faces[middle:]):
            try:
                parts.append((half, self.call(half, deadline)))
            except Exception as failure:
                parts.append((half, failure))
        alive = alive or any(isinstance(outcome, list) for _, outcome in parts)
        if not alive and all(isinstance(outcome, TryAgain) for _, outcome in parts):
            return [error] * len(faces)
        answers: list[Answer | Exception] = []
        for half, outcome in parts:
            answers += outcome if isinstance(outcome, list) else self.apart(half, deadline, outcome, alive)
        return answers

    def call(self, faces: Sequence[Face], deadline: Deadline) -> list[Answer | Exception]:
        """One call. Raises TryAgain, and of that Passing where it may be tried again at once; or Refused."""
        if deadline.left() < self.longest:
            raise OutOfTime(f"endpoint {self.name}: there is no time left for a call")
        try:
            answers = self.ask(faces)
        except Unavailable:
            self.circuit.failed()
            raise
        self.circuit.answered()
        return answers

    def ask(self, faces: Sequence[Face]) -> list[Answer | Exception]:
        content_type, body = self.request(faces)
        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=self.name, ContentType=content_type, Accept="application/json", Body=body
            )
            rows = json.loads(answer["Body"].read())
        except ClientError as error:
            raise self.failure(error) from error
        except BotoCoreError as error:
            kind = Silent if isinstance(error, ReadTimeoutError) else Passing
            raise kind(f"endpoint {self.name}: {type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise Passing(f"endpoint {self.name} answered with no JSON") from error
        model = Model(
            endpoint=self.name,
            variant=answer.get("InvokedProductionVariant", ""),
            version=answer.get("CustomAttributes", ""),
            preprocessing=f"{PREPROCESSING}-{self.input}",
        )
        return [
            row if isinstance(row, Exception) else (row, model)
            for row in checked(rows, [identity(face) for face in faces], self.name)
        ]

    def request(self, faces: Sequence[Face]) -> tuple[str, bytes]:
        """Content type and body."""
        if self.input == "batch":
            return "application/x-npy", npy(faces)
        [one] = faces
        return "application/x-image", png(one)

    def failure(self, error: ClientError) -> Exception:
        """What a failed call means."""
        code = error.response.get("Error", {}).get("Code", "unknown")
        status = error.response.get("OriginalStatusCode")
        if code == "ModelError" and isinstance(status, int) and status not in (408, 429):
            if 400 <= status < 500:
                return Refused(
                    f"the model behind endpoint {self.name} refused the request with status {status}; "
                    f"does it take what ENDPOINT_INPUT={self.input} sends?"
                )
            return Failed(f"endpoint {self.name}: the model failed with status {status}")
        if code in THROTTLING_CODES:
            return Throttled(f"endpoint {self.name}: {code}")
        passing = error.response["ResponseMetadata"]["HTTPStatusCode"] in PASSING_STATUSES
        return (Passing if passing else Unavailable)(f"endpoint {self.name}: {code}")


def identity(face: Face) -> str:
    """By which our container says whose row is whose. Two faces with one identity are one picture."""
    return f"{zlib.crc32(face.pixels):08x}"


def checked(rows: Any, identities: Sequence[str], endpoint: str) -> list[Probabilities | Exception]:
    """An answer's rows → the distribution over the labels that each is, or why it is none.

    A row is an object of our container, {"face": identity, "probabilities": [...]}, or, of another model, the
    probabilities alone. For a single image it may come without a list of rows around it. Raises Passing where the rows
    are not one for each face, in the faces' order.
    """
    if isinstance(rows, list) and rows and not isinstance(rows[0], (list, dict)):
        rows = [rows]
    if not isinstance(rows, list) or len(rows) != len(identities):
        raise Passing(f"endpoint {endpoint} answered with something else than {len(identities)} rows")
    whose = [row.get("face") if isinstance(row, dict) else None for row in rows]
    if any(whose) and whose != list(identities):
        raise Passing(f"endpoint {endpoint} answered with rows of other faces, or in another order")
    return [distribution(row.get("probabilities") if isinstance(row, dict) else row, endpoint) for row in rows]


def distribution(row: Any, endpoint: str) -> Probabilities | Exception:
    if not isinstance(row, list) or len(row) != len(LABELS):
        return TryAgain(f"endpoint {endpoint} answered with a row of something else than {len(LABELS)} probabilities")
    if not all(type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1 for value in row):
        return TryAgain(f"endpoint {endpoint} answered with values that are no probabilities")
    if abs(sum(row) - 1) > 0.01:
        return TryAgain(f"endpoint {endpoint} answered with probabilities that don't add up to 1")
    return row


def npy(faces: Sequence[Face]) -> bytes:
    """Grayscale faces → one .npy file, uint8 [n, 48, 48].

    By hand, because numpy takes 73 MB and an eighth of a second of every cold start for these lines.
    Source: NumPy, "NEP 1: A simple file format for NumPy arrays".
    """
    description = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(faces)}, {FACE_SIZE}, {FACE_SIZE}), }}"
    start = b"\x93NUMPY\x01\x00"
    # Header and what precedes it fill a multiple of 64 bytes, the last of them a line feed.
    padding = -(len(start) + 2 + len(description) + 1) % 64
    header = description.encode() + b" " * padding + b"\n"
    return start + len(header).to_bytes(2, "little") + header + b"".join(face.pixels for face in faces)
