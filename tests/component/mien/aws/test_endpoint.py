"""The endpoint's client: what it sends, and what it makes of the model's answers."""

import io
import math
from typing import Any

import numpy as np
import pytest

from mien.errors import ModelExchanged, NeedsOperator, TryAgain, WrongModel
from mien.logic.contract import Contract
from mien.logic.deadline import Deadline
from mien.logic.pictures import COLOR_224, FACE_SIZE, GRAY_48, Face, read_face
from tests.support.answers import answer, classified, probabilities, reasons, variants
from tests.support.endpoints import endpoint_that
from tests.support.labels import LABELS
from tests.support.sagemaker_runtime import DESCRIPTION, EVEN, Reply, always, answer_of, in_turn, model_error, reply

WITHOUT_WAITING = Deadline(math.inf, sleep=lambda seconds: None)


def test_a_batch_costs_one_call(faces: list[Face]) -> None:
    with endpoint_that(always(200, answer(faces))) as (endpoint, requests):
        answers = endpoint.classify(faces, WITHOUT_WAITING)
    assert probabilities(answers) == [EVEN] * 3
    assert variants(answers) == ["blue"] * 3
    assert [kind for kind, _ in requests] == ["application/x-npy"]


def test_rows_without_the_faces_ids_are_accepted(faces: list[Face]) -> None:
    with endpoint_that(always(200, answer_of([EVEN] * 3))) as (endpoint, _):
        assert probabilities(endpoint.classify(faces, WITHOUT_WAITING)) == [EVEN] * 3


def test_the_built_in_algorithm_gets_one_png_per_call(sample: bytes) -> None:
    with endpoint_that(always(200, EVEN), kind="image") as (endpoint, requests):
        answers = endpoint.classify([read_face(sample, COLOR_224)], WITHOUT_WAITING)
        assert endpoint.faces_per_call(endpoint.contract(WITHOUT_WAITING)) == 1
    assert probabilities(answers) == [EVEN]
    assert [(kind, body[:4]) for kind, body in requests] == [("application/x-image", b"\x89PNG")]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"[" * 100_000,
        {"predictions": []},
        "happy",
        [EVEN] * 3,
        answer_of([EVEN] * 2),
        answer_of([EVEN] * 4),
        answer_of([EVEN] * 3, ["happy"]),
        answer_of([EVEN] * 3, ["happy"] * 7),
    ],
    ids=lambda b: str(b)[:20],
)
def test_an_answer_without_one_row_per_face_is_never_used_as_a_result(body: Any, faces: list[Face]) -> None:
    with endpoint_that(always(200, body)) as (endpoint, _):
        assert "endpoint faces answered with" in reasons(endpoint.classify(faces, WITHOUT_WAITING))[0]


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 2, 0), (0, 0, 1)])
def test_rows_in_another_order_are_never_used_as_results(order: tuple[int, ...], faces: list[Face]) -> None:
    right = answer(faces)
    disordered = {**right, "faces": [right["faces"][place] for place in order]}
    with endpoint_that(in_turn(reply(200, disordered), reply(200, right))) as (endpoint, requests):
        assert probabilities(endpoint.classify(faces, WITHOUT_WAITING)) == [EVEN] * 3
    assert len(requests) == 2


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
def test_a_row_that_is_not_a_distribution_fails_its_own_face_alone(row: Any, faces: list[Face]) -> None:
    answered = answer(faces)
    answered["faces"][1]["probabilities"] = row
    with endpoint_that(always(200, answered)) as (endpoint, requests):
        first, second, third = endpoint.classify(faces, WITHOUT_WAITING)
    assert probabilities([first, third]) == [EVEN] * 2
    assert "endpoint faces answered with" in reasons([second])[0]
    assert len(requests) == 1


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
def test_a_failure_that_may_pass_raises_try_again(status: int, error: str, faces: list[Face]) -> None:
    with endpoint_that(always(status, b"", error)) as (endpoint, _):
        assert len(reasons(endpoint.classify(faces, WITHOUT_WAITING))) == 3


def test_a_model_that_fails_on_everything_is_not_called_for_each_face(faces: list[Face]) -> None:
    with endpoint_that(in_turn(model_error(500))) as (endpoint, requests):
        assert (
            reasons(endpoint.classify(faces, WITHOUT_WAITING))
            == ["endpoint faces: the model failed with status 500"] * 3
        )
    assert len(requests) == 3


def test_a_model_that_refuses_well_formed_faces_needs_an_operator(faces: list[Face]) -> None:
    with endpoint_that(in_turn(model_error(415))) as (endpoint, _):
        assert all(
            "ENDPOINT_INPUT=batch" in why for why in reasons(endpoint.classify(faces, WITHOUT_WAITING), NeedsOperator)
        )


@pytest.mark.parametrize(("status", "kind"), [(500, TryAgain), (400, NeedsOperator)])
@pytest.mark.parametrize("poison", [{0}, {13}, {31}, {5, 6}])
def test_a_face_on_which_the_model_fails_does_not_fail_its_neighbors(
    status: int, kind: type[Exception], poison: set[int]
) -> None:
    many = [Face(bytes([n]) * FACE_SIZE**2, FACE_SIZE, "L") for n in range(32)]

    def respond(body: bytes) -> Reply:
        levels = np.load(io.BytesIO(body))[:, 0, 0].tolist()
        if poison & set(levels):
            return model_error(status)
        return reply(200, answer([many[level] for level in levels]))

    with endpoint_that(respond) as (endpoint, requests):
        answers = endpoint.classify(many, WITHOUT_WAITING)
    assert {n for n, answer in enumerate(answers) if isinstance(answer, kind)} == poison
    assert len(probabilities([answer for n, answer in enumerate(answers) if n not in poison])) == 32 - len(poison)
    # A list of 32 can be halved five times. Each time, both halves cost a call.
    assert len(requests) <= 1 + 2 * 5 * len(poison)


def test_the_model_is_asked_once_for_its_labels_and_input(faces: list[Face]) -> None:
    with endpoint_that(in_turn(reply(200, DESCRIPTION), reply(200, answer(faces))), description=None) as (
        endpoint,
        requests,
    ):
        contract = endpoint.contract(WITHOUT_WAITING)
        assert endpoint.contract(WITHOUT_WAITING) is contract
        endpoint.classify(faces, WITHOUT_WAITING)
    assert contract == Contract(LABELS, GRAY_48, "find", "1")
    assert [kind for kind, _ in requests] == ["application/json", "application/x-npy"]


def test_a_label_is_what_the_answer_calls_it_even_if_another_model_was_asked(faces: list[Face]) -> None:
    shapes = ["circle", "square", "triangle", "star", "heart", "cross", "moon"]
    with endpoint_that(always(200, answer(faces, shapes))) as (endpoint, _):
        assert endpoint.contract(WITHOUT_WAITING).labels == LABELS
        answers = endpoint.classify(faces, WITHOUT_WAITING)
    assert {model.labels for _, model in classified(answers)} == {tuple(shapes)}


def test_faces_that_were_cut_for_another_model_are_cut_again(faces: list[Face]) -> None:
    described = [reply(200, DESCRIPTION | {"version": version}) for version in ("1", "2")]
    with endpoint_that(in_turn(described[0], model_error(409), described[1]), description=None) as (endpoint, requests):
        assert endpoint.contract(WITHOUT_WAITING).version == "1"
        assert len(reasons(endpoint.classify(faces, WITHOUT_WAITING), ModelExchanged)) == 3
        assert endpoint.contract(WITHOUT_WAITING).version == "2"
    assert len(requests) == 3
    assert not endpoint.circuit.is_open()


@pytest.mark.parametrize("description", [model_error(415), model_error(400), reply(200, [EVEN]), reply(200, {})])
def test_an_endpoint_that_does_not_describe_its_model_needs_an_operator(description: Reply) -> None:
    with (
        endpoint_that(in_turn(description), description=None) as (endpoint, requests),
        pytest.raises(WrongModel, match=r"does not describe its model, .* Deploy the model again"),
    ):
        endpoint.contract(WITHOUT_WAITING)
    assert len(requests) == 1


def test_a_built_in_model_with_another_number_of_labels_needs_an_operator(sample: bytes) -> None:
    with endpoint_that(always(200, [0.2, 0.3, 0.5]), kind="image") as (endpoint, requests):
        why = reasons(endpoint.classify([read_face(sample, COLOR_224)], WITHOUT_WAITING), WrongModel)
    assert why == [
        "The model tells apart 3 labels, but the stack's parameter Labels has 7. Set Labels to the model's labels, in "
        "the order of its outputs."
    ]
    assert len(requests) == 1
