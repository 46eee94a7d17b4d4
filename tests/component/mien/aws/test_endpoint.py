"""What is sent to an endpoint, and what is made of its answers."""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from mien.aws.endpoint import Answer, Endpoint, checked, identity, npy
from mien.errors import Hopeless, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.images import FACE_SIZE, Face
from mien.settings import EndpointInput, Settings
from tests.support.runtime import Asked, Said, content, runtime, serving

EVEN = [1 / 7] * 7
UNHURRIED = Deadline(math.inf, sleep=lambda seconds: None)


@contextmanager
def answering(
    status: int, body: Any, error: str | None = None, kind: EndpointInput = "batch", then: Any = None
) -> Iterator[tuple[Endpoint, list[Asked]]]:
    with runtime(status, body, error, then) as (url, asked):
        yield at(url, kind), asked


@contextmanager
def judging(judge: Callable[[bytes], Said]) -> Iterator[tuple[Endpoint, list[Asked]]]:
    """An endpoint whose answer follows from what it is asked."""
    with serving(judge) as (url, asked):
        yield at(url, "batch"), asked


def at(url: str, kind: EndpointInput) -> Endpoint:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        settings = Settings("faces", kind, "inbox/", "results/", "rejected/")
        return Endpoint(settings, read_timeout=2, connections=2)


@pytest.fixture
def faces() -> list[Face]:
    """Three different faces: flat ones, dark to light."""
    return [Face(bytes([level]) * FACE_SIZE**2, FACE_SIZE, "L", FACE_SIZE, FACE_SIZE) for level in (10, 20, 30)]


def rows(faces: list[Face]) -> list[dict[str, Any]]:
    """As our container answers."""
    return [{"face": identity(face), "probabilities": EVEN} for face in faces]


def reasons(answers: list[Answer | Exception], kind: type[Exception] = TryAgain) -> list[str]:
    """Why there is none of the answers."""
    assert all(isinstance(answer, kind) for answer in answers), answers
    return [str(answer) for answer in answers]


def probabilities(answers: list[Answer | Exception]) -> list[list[float]]:
    assert all(isinstance(answer, tuple) for answer in answers), answers
    return [answer[0] for answer in answers if isinstance(answer, tuple)]


def test_the_npy_that_is_written_by_hand_is_what_numpy_reads() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, FACE_SIZE, FACE_SIZE), np.uint8)
    for count in (1, 10, 300):
        written = npy([Face(p.tobytes(), FACE_SIZE, "L", 1, 1) for p in pixels[:count]])
        read = np.load(io.BytesIO(written), allow_pickle=False)
        assert read.dtype == np.uint8
        assert (read == pixels[:count]).all()


def test_a_batch_is_one_call(faces: list[Face]) -> None:
    with answering(200, rows(faces)) as (endpoint, asked):
        answers = endpoint.classify(faces, UNHURRIED)
    assert probabilities(answers) == [EVEN] * 3
    assert [model.variant for _, model in answers] == ["blue"] * 3
    assert [kind for kind, _ in asked] == ["application/x-npy"]


def test_another_model_may_answer_with_probabilities_alone(faces: list[Face]) -> None:
    with answering(200, [EVEN] * 3) as (endpoint, _):
        assert probabilities(endpoint.classify(faces, UNHURRIED)) == [EVEN] * 3


def test_the_built_in_algorithm_gets_a_png_a_call(sample: bytes) -> None:
    with answering(200, EVEN, kind="image") as (endpoint, asked):
        answers = endpoint.classify([endpoint.face(sample)], UNHURRIED)
        assert endpoint.faces_per_call == 1
    assert probabilities(answers) == [EVEN]
    assert [(kind, body[:4]) for kind, body in asked] == [("application/x-image", b"\x89PNG")]


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"", b"[" * 100_000, {"predictions": []}, [EVEN] * 2, [EVEN] * 4, "happy"],
    ids=lambda b: str(b)[:20],
)
def test_an_answer_that_is_not_a_row_a_face_is_never_taken_for_a_result(body: Any, faces: list[Face]) -> None:
    with answering(200, body) as (endpoint, _):
        assert "endpoint faces answered with" in reasons(endpoint.classify(faces, UNHURRIED))[0]


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 2, 0), (0, 0, 1)])
def test_rows_in_another_order_are_never_taken_for_a_result(order: tuple[int, ...], faces: list[Face]) -> None:
    disordered = [rows(faces)[place] for place in order]
    with answering(200, disordered, then=(200, rows(faces))) as (endpoint, asked):
        assert probabilities(endpoint.classify(faces, UNHURRIED)) == [EVEN] * 3
    assert len(asked) == 2


@pytest.mark.parametrize(
    "row",
    [
        EVEN[:6],
        [math.nan, 0, 0, 0, 0, 0, 1],
        [True, 0, 0, 0, 0, 0, 0],
        [2.0, -1.0, 0, 0, 0, 0, 0],
        [0.1] * 7,
        "happy",
        None,
    ],
    ids=str,
)
def test_a_row_that_is_no_distribution_fails_its_own_face_alone(row: Any, faces: list[Face]) -> None:
    answered = rows(faces)
    answered[1]["probabilities"] = row
    with answering(200, answered) as (endpoint, asked):
        first, second, third = endpoint.classify(faces, UNHURRIED)
    assert probabilities([first, third]) == [EVEN] * 2
    assert "endpoint faces answered with" in reasons([second])[0]
    assert len(asked) == 1


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
    with answering(status, b"", error) as (endpoint, _):
        assert len(reasons(endpoint.classify(faces, UNHURRIED))) == 3


def model_error(status: int) -> Said:
    body = {"Message": "no", "OriginalStatusCode": status, "OriginalMessage": "no", "LogStreamArn": ""}
    return 424, content(body), "ModelError"


def test_a_model_that_fails_may_recover_and_is_not_asked_face_by_face(faces: list[Face]) -> None:
    with answering(*model_error(500)) as (endpoint, asked):
        assert reasons(endpoint.classify(faces, UNHURRIED)) == ["endpoint faces: the model failed with status 500"] * 3
    assert len(asked) == 3


def test_a_model_that_refuses_well_formed_faces_is_the_wrong_model(faces: list[Face]) -> None:
    with answering(*model_error(415)) as (endpoint, _):
        assert all("ENDPOINT_INPUT=batch" in why for why in reasons(endpoint.classify(faces, UNHURRIED), Hopeless))


@pytest.mark.parametrize(("status", "kind"), [(500, TryAgain), (400, Hopeless)])
@pytest.mark.parametrize("poison", [{0}, {13}, {31}, {5, 6}])
def test_a_face_over_which_the_model_fails_does_not_fail_its_neighbors(
    status: int, kind: type[Exception], poison: set[int]
) -> None:
    many = [Face(bytes([n]) * FACE_SIZE**2, FACE_SIZE, "L", 1, 1) for n in range(32)]

    def judge(body: bytes) -> Said:
        levels = np.load(io.BytesIO(body))[:, 0, 0].tolist()
        if poison & set(levels):
            return model_error(status)
        return 200, content(rows([many[level] for level in levels])), None

    with judging(judge) as (endpoint, asked):
        answers = endpoint.classify(many, UNHURRIED)
    assert {n for n, answer in enumerate(answers) if isinstance(answer, kind)} == poison
    assert len(probabilities([answer for n, answer in enumerate(answers) if n not in poison])) == 32 - len(poison)
    # Twice as often as a list of 32 can be halved, for each.
    assert len(asked) <= 1 + 2 * 5 * len(poison)


def test_an_endpoint_that_cannot_be_reached_is_to_be_tried_again(faces: list[Face]) -> None:
    with answering(200, []) as (endpoint, _):
        pass
    assert reasons(endpoint.classify(faces, UNHURRIED))


def test_rounding_in_the_model_is_not_held_against_it() -> None:
    assert checked([[0.999, 0, 0, 0, 0, 0, 0.002]], ["0"], "faces") == [[0.999, 0, 0, 0, 0, 0, 0.002]]


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, "ModelNotReadyException"), (400, "ThrottlingException"), (400, ""), (503, "ServiceUnavailable")],
)
def test_what_passes_within_seconds_is_waited_for(status: int, error: str, faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, chance=lambda: 1.0)
    with answering(status, b"", error, then=(200, rows(faces))) as (endpoint, asked):
        assert probabilities(endpoint.classify(faces, deadline)) == [EVEN] * 3
    assert (len(asked), waits) == (2, [0.2])


def test_what_does_not_pass_is_given_up_after_four_calls(faces: list[Face]) -> None:
    waits: list[float] = []
    deadline = Deadline(math.inf, sleep=waits.append, chance=lambda: 1.0)
    with answering(503, b"", "ServiceUnavailable") as (endpoint, asked):
        assert reasons(endpoint.classify(faces, deadline))
    assert (len(asked), waits) == (4, [0.2, 0.4, 0.8])


def test_a_thousand_images_do_not_each_ask_an_endpoint_that_is_down(faces: list[Face]) -> None:
    with answering(503, b"", "ServiceUnavailable", kind="image") as (endpoint, asked):
        whys = [why for _ in range(1000) for why in reasons(endpoint.classify(faces[:1], UNHURRIED))]
    assert whys[0] == "endpoint faces: 503"
    assert whys[-1] == "endpoint faces is down, and was not asked again yet"
    assert len(asked) == 4


def test_a_call_is_not_begun_that_could_not_end_in_time(faces: list[Face]) -> None:
    with answering(200, rows(faces)) as (endpoint, asked):
        late = Deadline(endpoint.longest - 0.1, clock=lambda: 0)
        assert "no time left" in reasons(endpoint.classify(faces, late))[0]
        assert probabilities(endpoint.classify(faces, Deadline(endpoint.longest, clock=lambda: 0)))
    assert len(asked) == 1


def test_nobody_waits_for_a_call_that_could_not_end_in_time(faces: list[Face]) -> None:
    with answering(503, b"", "ServiceUnavailable") as (endpoint, asked):
        short = Deadline(endpoint.longest + 0.5, clock=lambda: 0, sleep=lambda seconds: None, chance=lambda: 1.0)
        assert "503" in reasons(endpoint.classify(faces, short))[0]
    # The third pause would be 0.8 s, and one more of 0.4 s, on a clock that stands, still fits.
    assert len(asked) == 3


def test_an_answer_that_takes_too_long_is_not_waited_for_again(faces: list[Face]) -> None:
    with answering(200, rows(faces), then="silence") as (endpoint, asked):
        endpoint.classify(faces, UNHURRIED)
        assert "ReadTimeoutError" in reasons(endpoint.classify(faces, UNHURRIED))[0]
    assert len(asked) == 2
