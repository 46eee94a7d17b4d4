"""The schemas of openapi.yaml are valid, are used, and describe the documents that the code writes."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.paths import ROOT
from mien.logic.documents import OLD_SCHEMA
from mien.logic.labels import MAX_LABELS, MAX_LENGTH, MIN_LABELS, is_label
from mien.logic.results import SCHEMA
from tests.support import label_names
from tests.support.labels import LABELS
from tests.support.openapi import (
    DOCUMENT,
    FILES,
    SCHEMAS,
    resolve_reference,
)


@pytest.mark.parametrize("name", [*LABELS, *label_names.GOOD, *(name for name, _ in label_names.BAD if name.isascii())])
def test_a_label_of_the_schema_is_one_of_the_code(name: str) -> None:
    assert Draft202012Validator(SCHEMAS["Label"]).is_valid(name) == is_label(name)


def test_a_model_has_as_many_labels_as_the_code_allows() -> None:
    assert SCHEMAS["Label"]["maxLength"] == MAX_LENGTH
    probabilities, names = SCHEMAS["Probabilities"], SCHEMAS["Health"]["properties"]["labels"]
    assert (probabilities["minProperties"], probabilities["maxProperties"]) == (MIN_LABELS, MAX_LABELS)
    assert (names["minItems"], names["maxItems"]) == (MIN_LABELS, MAX_LABELS)


@pytest.mark.parametrize("name", ["Faces", "Rejection", "Failure", "DeletedLine"])
def test_a_document_has_the_schema_version_that_the_code_writes(name: str) -> None:
    assert SCHEMAS[name]["properties"]["schema"] == {"const": SCHEMA}


def test_the_documents_of_earlier_versions_are_described_too() -> None:
    assert SCHEMAS["OldStoredResult"]["properties"]["schema"] == {"const": OLD_SCHEMA}
    assert SCHEMAS["StoredRejection"]["properties"]["schema"] == {"enum": [OLD_SCHEMA, SCHEMA]}


def test_every_schema_is_valid_and_every_reference_leads_to_something() -> None:
    def visit(node: Any, file: str) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                resolve_reference({"$ref": file + node["$ref"] if node["$ref"].startswith("#") else node["$ref"]})
            for value in node.values():
                visit(value, file)
        elif isinstance(node, list):
            for value in node:
                visit(value, file)

    visit(DOCUMENT, "")
    for name, content in FILES.items():
        visit(content, name)
        Draft202012Validator.check_schema(content)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_everything_that_is_defined_is_used() -> None:
    text = (ROOT / "openapi.yaml").read_text()
    for kind in ("headers", "schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in text
    stored = [(ROOT / name).read_text() for name in FILES]
    for content in FILES.values():
        for name in content["$defs"]:
            assert f"#/$defs/{name}" in "".join([text, *stored])
