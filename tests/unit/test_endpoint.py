"""What is sent to an endpoint, and what is made of its answers."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from mien.deadline import Deadline
from mien.endpoint import Endpoint, checked, npy
from mien.errors import TryAgain
from mien.images import FACE_SIZE, Face, face
from mien.settings import EndpointInput, Settings
from runtime import Asked, runtime

EVEN = [1 / 7] * 7
UNHURRIED = Deadline(math.inf, sleep=lambda seconds: None)


@contextmanager
def answering(
    status: int, body: Any, error: str | None = None, kind: EndpointInput = "batch", then: Any = None
) -> Iterator[tuple[Endpoint, list[Asked]]]:
    settings = Settings("faces", kind, "inbox/", "results/", "rejected/")
    with runtime(status, body, error, then) as (url, asked), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        yield Endpoint(settings, read_timeout=2, connections=2), asked


@pytest.fixture
def faces(sample: bytes) -> list[Face]:
    return [face(sample)] * 3


def test_the_npy_that_is_written_by_hand_is_what_numpy_reads() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, FACE_SIZE, FACE_SIZE), np.uint8)
    for count in (1, 10, 300):
        written = npy([Face(p.tobytes(), FACE_SIZE, "L", 1, 1) for p in pixels[:count]])
        read = np.load(io.BytesIO(written), allow_pickle=False)
        assert read.dtype == np.uint8
        assert (read == pixels[:count]).all()


def test_a_batch_is_one_call(faces: list[Face]) -> None:
    with answering(200, [EVEN] * 3) as (endpoint, asked):
        answers = endpoint.classify(faces, UNHURRIED)
    assert [probabilities for probabilities, _ in answers] == [EVEN] * 3
    assert answers[0][1].variant == "blue"
    assert [kind for kind, _ in asked] == ["application/x-npy"]


def test_the_built_in_algorithm_gets_a_png_a_call(sample: bytes) -> None:
    with answering(200, EVEN, kind="image") as (endpoint, asked):
        answers = endpoint.classify([endpoint.face(sample)], UNHURRIED)
        assert endpoint.faces_per_call == 1
    assert [probabilities for probabilities, _ in answers] == [EVEN]
    assert [(kind, body[:4]) for kind, body in asked] == [("application/x-image", b"\x89PNG")]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        {"predictions": []},
        [EVEN] * 2,
        [EVEN] * 4,
        [EVEN[:6]] * 3,
        b"[[NaN,0,0,0,0,0,1],[1,0,0,0,0,0,0],[1,0,0,0,0,0,0]]",
        [[True, 0, 0, 0, 0, 0, 0]] * 3,
        [[2.0, -1.0, 0, 0, 0, 0, 0]] * 3,
        [[0.1] * 7] * 3,
        ["happy"] * 3,
    ],
    ids=str,
)
def test_an_answer_that_is_no_distribution_is_never_taken_for_a_result(body: Any, faces: list[Face]) -> None:
    with answering(200, body) as (endpoint, _), pytest.raises(TryAgain, match="faces"):
        endpoint.classify(faces, UNHURRIED)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, "ModelNotReadyException"),
        (400, "ThrottlingException"),
        (400, "ValidationError"),
        (500, "InternalFailure"),
        (503, "ServiceUnavailable"),
        (530, "InternalDependencyException"),
        (400, ""),
    ],
)
def test_what_may_pass_is_to_be_tried_again(status: int, error: str, faces: list[Face]) -> None:
    with answering(status, b"", error) as (endpoint, _), pytest.raises(TryAgain):
        endpoint.classify(faces, UNHURRIED)


def test_a_model_that_fails_may_recover(faces: list[Face]) -> None:
    body = {"Message": "no", "OriginalStatusCode": 500, "OriginalMessage": "worker died", "LogStreamArn": ""}
    with answering(424, body, "ModelError") as (endpoint, _), pytest.raises(TryAgain):
        endpoint.classify(faces, UNHURRIED)


def test_a_model_that_refuses_a_well_formed_face_is_the_wrong_model(faces: list[Face]) -> None:
    body = {"Message": "no", "OriginalStatusCode": 415, "OriginalMessage": "x-npy?", "LogStreamArn": ""}
    with answering(424, body, "ModelError") as (endpoint, _), pytest.raises(RuntimeError, match="ENDPOINT_INPUT=batch"):
        endpoint.classify(faces, UNHURRIED)


def test_an_endpoint_that_cannot_be_reached_is_to_be_tried_again(faces: list[Face]) -> None:
    with answering(200, []) as (endpoint, _):
        pass
    with pytest.raises(TryAgain):
        endpoint.classify(faces, UNHURRIED)


def test_rounding_in_the_model_is_not_held_against_it() -> None:
    assert checked([[0.999, 0, 0, 0, 0, 0, 0.002]], 1, "faces")


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, "ModelNotReadyException"), (400, "ThrottlingException"), (400, ""), (503, "ServiceUnavailable")],
)
def test_what_passes_within_seconds_is_waited_for(status: int, error: str, faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, chance=lambda: 1.0)
    with answering(status, b"", error, then=(200, [EVEN] * 3)) as (endpoint, asked):
        assert [row for row, _ in endpoint.classify(faces, deadline)] == [EVEN] * 3
    assert (len(asked), waits) == (2, [0.2])


def test_what_does_not_pass_is_given_up_after_four_calls(faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, chance=lambda: 1.0)
    with answering(503, b"", "ServiceUnavailable") as (endpoint, asked), pytest.raises(TryAgain):
        endpoint.classify(faces, deadline)
    assert (len(asked), waits) == (4, [0.2, 0.4, 0.8])


def test_a_call_is_not_begun_that_could_not_end_in_time(faces: list[Face]) -> None:
    with answering(200, [EVEN] * 3) as (endpoint, asked):
        late = Deadline(endpoint.longest - 0.1, clock=lambda: 0)
        with pytest.raises(TryAgain, match="no time left"):
            endpoint.classify(faces, late)
        assert endpoint.classify(faces, Deadline(endpoint.longest, clock=lambda: 0))
    assert len(asked) == 1


def test_nobody_waits_for_a_call_that_could_not_end_in_time(faces: list[Face]) -> None:
    with answering(503, b"", "ServiceUnavailable") as (endpoint, asked):
        short = Deadline(endpoint.longest + 0.5, clock=lambda: 0, sleep=lambda seconds: None, chance=lambda: 1.0)
        with pytest.raises(TryAgain, match="503"):
            endpoint.classify(faces, short)
    # The third pause would be 0.8 s, and one more of 0.4 s, on a clock that stands, still fits.
    assert len(asked) == 3


def test_an_answer_that_takes_too_long_is_not_waited_for_again(faces: list[Face]) -> None:
    with answering(200, [EVEN] * 3, then="silence") as (endpoint, asked):
        endpoint.classify(faces, UNHURRIED)
        with pytest.raises(TryAgain, match="ReadTimeoutError"):
            endpoint.classify(faces, UNHURRIED)
    assert len(asked) == 2
