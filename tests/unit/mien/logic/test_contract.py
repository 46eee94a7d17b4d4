"""What the functions make of a model's description."""

import json
from typing import Any

import pytest

from mien.aws.listing import MAX_DOCUMENT_BYTES
from mien.errors import Retryable, WrongModel
from mien.logic.contract import MAX_CALL_BYTES, Contract, parse_contract
from mien.logic.pictures import COLOR_224, GRAY_48, MAX_FACES, ModelInput, Picture, gray_face
from mien.logic.results import Model, Reading, classified, serialize
from tests.support.pictures import found
from tests.support.sagemaker_runtime import DESCRIPTION

LONGEST = tuple(f"{number:012}" for number in range(1000))
FEW = ("circle", "square")


def parse(**changes: Any) -> Contract:
    return parse_contract(json.dumps(DESCRIPTION | changes).encode())


def test_a_description_says_what_the_model_reads_and_answers() -> None:
    contract = parse(labels=["circle", "square"], faces="whole", input={"size": 224, "color": "rgb"}, more=1)
    assert contract == Contract(FEW, COLOR_224, "whole", "1")
    assert (parse().target, parse().input_name, contract.input_name) == (GRAY_48, "gray-48", "rgb-224")


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": "happy"},
        {"faces": "none"},
        {"version": 1},
        {"input": {"size": 48}},
        {"input": {"size": 48, "color": "cmyk"}},
        {"input": {"size": 8, "color": "gray"}},
        {"input": {"size": True, "color": "gray"}},
        {"input": {"size": 48.0, "color": "gray"}},
    ],
    ids=str,
)
def test_what_does_not_describe_a_model_needs_an_operator(changes: dict[str, Any]) -> None:
    with pytest.raises(WrongModel, match="does not describe its model"):
        parse(**changes)


def test_labels_that_can_not_be_used_are_said_in_one_sentence() -> None:
    with pytest.raises(WrongModel, match=r"^The model's labels can't be used: 'a' and 'A' are the same name\.$"):
        parse(labels=["a", "A"])


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
def test_what_is_not_json_is_asked_for_again(body: bytes) -> None:
    with pytest.raises(Retryable):
        parse_contract(body)


@pytest.mark.parametrize("target", [GRAY_48, COLOR_224, ModelInput(1024, "RGB")])
@pytest.mark.parametrize("labels", [FEW, LONGEST])
def test_a_call_is_never_larger_than_an_endpoint_accepts(target: ModelInput, labels: tuple[str, ...]) -> None:
    faces = Contract(labels, target, "whole").faces_per_call
    assert faces >= 1
    assert faces * len(gray_face(target).pixels) <= MAX_CALL_BYTES


@pytest.mark.parametrize(("labels", "listed"), [(FEW, MAX_FACES), (LONGEST[:100], 17), (LONGEST, 1)])
def test_the_documents_of_a_model_with_many_labels_list_fewer_faces_and_can_be_read(
    labels: tuple[str, ...], listed: int
) -> None:
    contract = Contract(labels, GRAY_48, "find")
    assert contract.listed_faces == listed
    faces = tuple(found((1000, 1000, 2000, 2000), 0.99, turn=90) for _ in range(listed))
    answer = ([1 / len(labels)] * len(labels), Model("e" * 63, "v" * 63, "1" * 64, labels))
    image = {"key": "inbox/" + "x" * 1018}
    document = classified(
        Picture(9000, 9000, 999, faces), [answer] * listed, image, "e", Reading("5-gray-48", "d" * 12)
    )
    assert len(serialize(document)) <= MAX_DOCUMENT_BYTES
