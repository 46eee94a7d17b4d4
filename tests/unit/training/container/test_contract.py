"""model.json: what is accepted, and the sentence for what is not."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import contract
from contract import ContractError
from local.paths import MODEL, ROOT
from mien.logic.labels import find_fault
from tests.support import label_names

SCHEMA = json.loads((ROOT / "schemas" / "model.schema.json").read_text())
GRAY: dict[str, Any] = {
    "labels": ["circle", "square", "triangle"],
    "faces": "whole",
    "input": {"name": "pixels", "size": 64, "color": "gray", "layout": "NHW", "dtype": "uint8"},
    "output": {"name": "scores", "values": "logits"},
}
COLOR: dict[str, Any] = {
    **GRAY,
    "file": "exported.pt",
    "input": {
        "size": 224,
        "color": "rgb",
        "layout": "NCHW",
        "dtype": "float32",
        "normalisation": {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]},
    },
    "output": {"values": "logits"},
    "remark": "any other field is for people",
}
MANY_BYTES = [f"{n:03} {'ü' * 60}" for n in range(100)]
# A path in a document, the value that is put there, and a part of the error. MISSING removes the field.
MISSING = object()
FAULTS: list[tuple[dict[str, Any], str, Any, str]] = [
    (GRAY, "labels", MISSING, '"labels" is missing'),
    (GRAY, "labels", "circle,square", "not a list of names in the order of the model's outputs"),
    (GRAY, "labels", ["circle"], '"labels" has 1 names, and a model has 2 to 1,000'),
    (GRAY, "labels", [f"class {n}" for n in range(1001)], '"labels" has 1,001 names'),
    (GRAY, "labels", MANY_BYTES, '"labels" has 12,400 bytes in all'),
    (GRAY, "labels", ["circle", 1], "the label 1 can't be used: a label is a string"),
    (GRAY, "faces", MISSING, '"faces" is missing'),
    (GRAY, "faces", "yes", '"faces" is "yes", not "find" or "whole"'),
    (GRAY, "faces", ["find"], '"faces" is ["find"], not "find" or "whole"'),
    (GRAY, "version", 3, '"version" is 3, not 1 to 64 letters'),
    (GRAY, "version", "a\r\nb", '"version" is "a\\r\\nb", not 1 to 64 letters'),
    (GRAY, "version", "", '"version" is "", not 1 to 64 letters'),
    (GRAY, "file", "../model.onnx", '"file" is "../model.onnx", not the name of a file that ends in .onnx, .pt, .pth'),
    (GRAY, "file", "model.h5", '"file" is "model.h5", not the name'),
    (GRAY, "file", ".onnx", '"file" is ".onnx", not the name'),
    (GRAY, "input", MISSING, '"input" is missing'),
    (GRAY, "input", [], '"input" is [], not a JSON object'),
    (GRAY, "input.name", MISSING, '"input.name" is missing'),
    (GRAY, "input.name", "", '"input.name" is "", not a name'),
    (GRAY, "input.size", MISSING, '"input.size" is missing'),
    (GRAY, "input.size", 15, '"input.size" is 15, not 16 to 1,024 pixels per side'),
    (GRAY, "input.size", 1025, '"input.size" is 1025'),
    (GRAY, "input.size", 48.5, '"input.size" is 48.5'),
    (GRAY, "input.size", True, '"input.size" is true'),
    (GRAY, "input.size", [48, 48], '"input.size" is [48, 48]'),
    (GRAY, "input.color", "grayscale", '"input.color" is "grayscale", not "gray" or "rgb"'),
    (GRAY, "input.layout", "HWC", '"input.layout" is "HWC", not "NHW", "NHWC" or "NCHW"'),
    (COLOR, "input.layout", "NHW", '"input.layout" is "NHW", which has no colors: with "rgb" it is "NHWC" or "NCHW"'),
    (GRAY, "input.dtype", "int8", '"input.dtype" is "int8", not "uint8", "float32" or "float16"'),
    (GRAY, "input.normalization", {}, '"input" has the unknown field "normalization": its fields are name, size'),
    (GRAY, "input.normalisation", {"mean": [0], "deviation": [1]}, '"input.normalisation" is only for float models'),
    (COLOR, "input.normalisation", [0, 1], '"input.normalisation" is [0, 1], not a JSON object'),
    (COLOR, "input.normalisation.mean", MISSING, '"input.normalisation.mean" is missing'),
    (COLOR, "input.normalisation.mean", [0.5], "not a list with one number per channel, which is 3"),
    (COLOR, "input.normalisation.mean", 0.5, "not a list with one number per channel"),
    (COLOR, "input.normalisation.mean", [0, "0", 0], "not a list with one number per channel"),
    (COLOR, "input.normalisation.deviation", [1, 0, 1], "and has to be above 0"),
    (COLOR, "input.normalisation.std", [1, 1, 1], '"input.normalisation" has the unknown field "std"'),
    (COLOR, "input.color", "gray", "not a list with one number per channel, which is 1"),
    (GRAY, "output", MISSING, '"output" is missing'),
    (GRAY, "output.name", MISSING, '"output.name" is missing'),
    (GRAY, "output.values", MISSING, '"output.values" is missing'),
    (GRAY, "output.values", "softmax", '"output.values" is "softmax", not "probabilities" or "logits"'),
    *((GRAY, "labels", [name, "other"], rule) for name, rule in label_names.BAD),
    *((GRAY, "labels", [name, other], "are the same name") for name, other in label_names.SAME),
]
# JSON Schema can't compare names without their case or count bytes, and its programs can't read half a surrogate pair.
BEYOND_THE_SCHEMA = {"\ud800", "happy", "straße", MANY_BYTES[0]}


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    whole = copy.deepcopy(document)
    *parents, name = path.split(".")
    inner = whole
    for parent in parents:
        inner = inner[parent]
    if value is MISSING:
        del inner[name]
    else:
        inner[name] = value
    return whole


def follows_schema(document: Any) -> bool:
    return bool(Draft202012Validator(SCHEMA).is_valid(document))


def model_folder(folder: Path, text: str, model: str = "model.onnx") -> Path:
    (folder / "model.json").write_text(text)
    (folder / model).write_bytes(b"weights")
    return folder


@pytest.mark.parametrize("document", [GRAY, COLOR, json.loads((MODEL / "model.json").read_text())])
def test_a_good_document_is_accepted_and_follows_the_schema(document: dict[str, Any]) -> None:
    read = contract.check_document(document)
    assert (list(read.labels), read.faces) == (document["labels"], document["faces"])
    assert (read.input.size, read.input.color) == (document["input"]["size"], document["input"]["color"])
    assert read.document == document
    assert follows_schema(document)


@pytest.mark.parametrize(("document", "path", "value", "sentence"), FAULTS)
def test_a_fault_is_one_sentence_and_breaks_the_schema(
    document: dict[str, Any], path: str, value: Any, sentence: str
) -> None:
    faulty = changed(document, path, value)
    with pytest.raises(ContractError) as error:
        contract.check_document(faulty)
    assert sentence in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    if not (path == "labels" and value is not MISSING and value[0] in BEYOND_THE_SCHEMA and value[1] != value[0]):
        assert not follows_schema(faulty)


@pytest.mark.parametrize("name", label_names.GOOD)
def test_a_label_can_have_any_printable_name(name: str) -> None:
    document = {**GRAY, "labels": [name, "other"]}
    assert contract.check_document(document).labels == (name, "other")
    assert follows_schema(document)


@pytest.mark.parametrize("names", [[name, "other"] for name in label_names.GOOD])
def test_the_functions_accept_the_labels_that_the_container_accepts(names: list[str]) -> None:
    assert contract.check_labels(names) == tuple(names)
    assert find_fault(names) is None


@pytest.mark.parametrize(
    "names",
    [
        *([name, "other"] for name, _ in label_names.BAD),
        *(list(pair) for pair in label_names.SAME),
        [],
        ["one"],
        [f"class {n}" for n in range(1001)],
        MANY_BYTES,
    ],
)
def test_the_functions_refuse_the_labels_that_the_container_refuses(names: list[str]) -> None:
    with pytest.raises(ContractError):
        contract.check_labels(names)
    assert find_fault(names)


def test_a_document_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(ContractError, match="not a JSON object in braces"):
        contract.check_document(["labels"])
    assert not follows_schema(["labels"])


def test_the_version_is_the_files_digest_unless_the_document_gives_one(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()[:12]
    assert contract.read_contract(model_folder(tmp_path, json.dumps(GRAY))).version == digest
    named = {**GRAY, "version": "2027-01"}
    assert contract.read_contract(model_folder(tmp_path, json.dumps(named))).version == "2027-01"


def test_weights_in_a_file_of_their_own_change_the_version(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, json.dumps(GRAY))
    before = contract.read_contract(folder).version
    (folder / "model.onnx.data").write_bytes(b"more weights")
    assert contract.read_contract(folder).version != before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"model\.json is missing: python -m training describe MODEL writes"):
        contract.read_contract(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(GRAY))
    with pytest.raises(ContractError, match=r"model\.onnx is missing, the file of the model"):
        contract.read_contract(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"labels": }'])
def test_a_file_that_is_not_json_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"model\.json is not JSON") as error:
        contract.read_contract(model_folder(tmp_path, text))
    assert len(str(error.value).splitlines()) == 1


def test_the_file_of_a_faulty_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=f'{tmp_path}/model.json: "faces" is missing'):
        contract.read_contract(model_folder(tmp_path, json.dumps(changed(GRAY, "faces", MISSING))))


def test_what_a_model_lacks_is_said_with_what_it_has() -> None:
    read = contract.check_document(GRAY)
    with pytest.raises(ContractError, match=r'the model has no input "pixels": "input\.name" is image'):
        contract.check_input_name(read, ["image"])
    with pytest.raises(ContractError, match=r"the model has 2 inputs \(pixels, mask\)"):
        contract.check_input_name(read, ["pixels", "mask"])
    with pytest.raises(ContractError, match=r'the model has no output "scores": "output\.name" is a or b'):
        contract.check_output_name(read, ["a", "b"])
    with pytest.raises(ContractError, match=r"the model has 4 outputs, and model\.json has 3 labels"):
        contract.check_output_count(read, 4)
    with pytest.raises(ContractError, match=r"the model has 1 output, .*: two classes need two outputs"):
        contract.check_output_count(read, 1)


def test_the_functions_are_given_what_they_have_to_know() -> None:
    assert contract.check_document({**COLOR, "version": "v1"}).description == {
        "version": "v1",
        "labels": ["circle", "square", "triangle"],
        "faces": "whole",
        "input": {"size": 224, "color": "rgb"},
    }
