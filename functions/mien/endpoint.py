"""Faces → probabilities, through a SageMaker endpoint; what to retry and what not.

Two kinds of model can stand behind the endpoint's name, and the setting says which:
`batch`: our own container; one call carries all faces, as npy, uint8 [n, 48, 48];
`image`: SageMaker's built-in image classification; a call a face, as PNG, RGB, 224x224.
Both answer with JSON: probabilities, in the labels' order.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError

from mien.deadline import Deadline
from mien.errors import TryAgain
from mien.expressions import LABELS
from mien.images import BUILT_IN_SIZE, FACE_SIZE, PREPROCESSING, Face, face, png
from mien.settings import Settings

Probabilities = list[float]
# 2.3 MB, under the 4 MB that a serverless endpoint takes (Amazon SageMaker AI quotas).
MAX_FACES = 1000
CONNECT_TIMEOUT = 2.0
ATTEMPTS = 4
# What passes within seconds: a throttled call, which has been seen as a 400 without a name, too; a model that is being
# loaded (429); a service that was away for a moment. A call without an answer has taken the time of others already.
PASSING_CODES, PASSING_STATUSES = frozenset({"ThrottlingException", "400", ""}), frozenset({429, 503, 530})


@dataclass(frozen=True)
class Model:
    """Who answered. `version` is what the model's container says of itself; the built-in algorithm says nothing."""

    endpoint: str
    variant: str
    version: str
    preprocessing: str


Answer = tuple[Probabilities, Model]


class Passing(TryAgain):
    """What may have passed within seconds."""


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

    def face(self, data: bytes) -> Face:
        """An image file → the face that this endpoint takes. Raises Rejected."""
        return face(data) if self.input == "batch" else face(data, BUILT_IN_SIZE, "RGB")

    @property
    def faces_per_call(self) -> int:
        return MAX_FACES if self.input == "batch" else 1

    def classify(self, faces: Sequence[Face], deadline: Deadline) -> list[Answer]:
        """At most `faces_per_call` faces in one call, which is made again while what failed may pass and the deadline
        leaves time for it: an answer for each, in their order.

        Raises TryAgain where no usable answer came.
        """
        if deadline.left() < self.longest:
            raise TryAgain(f"endpoint {self.name}: there is no time left for a call")
        for attempt in range(1, ATTEMPTS):
            try:
                return self.call(faces)
            except Passing:
                if not deadline.pause(attempt, self.longest):
                    raise
        return self.call(faces)

    def call(self, faces: Sequence[Face]) -> list[Answer]:
        """One call. Raises TryAgain, and of that Passing where it may be tried again at once."""
        content_type, body = self.request(faces)
        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=self.name, ContentType=content_type, Accept="application/json", Body=body
            )
            rows = json.loads(answer["Body"].read())
        except ClientError as error:
            raise self.failure(error) from error
        except HTTPClientError as error:
            kind = TryAgain if isinstance(error, ReadTimeoutError) else Passing
            raise kind(f"endpoint {self.name}: {type(error).__name__}") from error
        except BotoCoreError as error:
            raise TryAgain(f"endpoint {self.name}: {type(error).__name__}") from error
        except ValueError as error:
            raise TryAgain(f"endpoint {self.name} answered with no JSON") from error
        model = Model(
            endpoint=self.name,
            variant=answer.get("InvokedProductionVariant", ""),
            version=answer.get("CustomAttributes", ""),
            preprocessing=f"{PREPROCESSING}-{self.input}",
        )
        # For a single image the built-in algorithm answers with a plain list.
        if isinstance(rows, list) and rows and not isinstance(rows[0], list):
            rows = [rows]
        return [(row, model) for row in checked(rows, len(faces), self.name)]

    def request(self, faces: Sequence[Face]) -> tuple[str, bytes]:
        """Content type and body."""
        if self.input == "batch":
            return "application/x-npy", npy(faces)
        [one] = faces
        return "application/x-image", png(one)

    def failure(self, error: ClientError) -> Exception:
        """What a failed call means. A model that refuses a well-formed face is the wrong model: a bug, to be seen."""
        code = error.response.get("Error", {}).get("Code", "unknown")
        status = error.response.get("OriginalStatusCode")
        if code == "ModelError" and isinstance(status, int) and 400 <= status < 500 and status not in (408, 429):
            return RuntimeError(
                f"the model behind endpoint {self.name} refused the request with status {status}; "
                f"does it take what ENDPOINT_INPUT={self.input} sends?"
            )
        passing = code in PASSING_CODES or error.response["ResponseMetadata"]["HTTPStatusCode"] in PASSING_STATUSES
        return (Passing if passing else TryAgain)(f"endpoint {self.name}: {code}")


def checked(rows: Any, count: int, endpoint: str) -> list[Probabilities]:
    """An answer's rows, where each is a distribution over the labels. Raises TryAgain."""
    if not isinstance(rows, list) or len(rows) != count:
        raise TryAgain(f"endpoint {endpoint} answered with something else than {count} rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(LABELS):
            raise TryAgain(
                f"endpoint {endpoint} answered with a row of something else than {len(LABELS)} probabilities"
            )
        if not all(type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1 for value in row):
            raise TryAgain(f"endpoint {endpoint} answered with values that are no probabilities")
        if abs(sum(row) - 1) > 0.01:
            raise TryAgain(f"endpoint {endpoint} answered with probabilities that don't add up to 1")
    return rows


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
