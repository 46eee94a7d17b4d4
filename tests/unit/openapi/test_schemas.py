"""The schemas of openapi.yaml are valid, are used, and describe the documents that the code writes."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.paths import ROOT
from mien.logic.labels import LABELS
from mien.logic.results import SCHEMA
from tests.support.openapi import DOCUMENT, SCHEMAS, documented_response, resolve_reference


def test_the_labels_are_those_of_the_model() -> None:
    assert sorted(SCHEMAS["Label"]["enum"]) == sorted(LABELS)
    probabilities = SCHEMAS["Result"]["properties"]["probabilities"]
    assert sorted(probabilities["properties"]) == sorted(LABELS)
    assert sorted(probabilities["required"]) == sorted(LABELS)
    lines = documented_response("post", "/classify", 200)["content"]["text/plain"]["schema"]["pattern"]
    assert set(re.findall(r"[a-z]{2,}", lines)) == {*LABELS, "rejected", "failed"}


@pytest.mark.parametrize("name", ["Result", "Rejection", "Failure", "StoredResult", "StoredRejection"])
def test_a_document_has_the_schema_version_that_the_code_writes(name: str) -> None:
    assert SCHEMAS[name]["properties"]["schema"] == {"const": SCHEMA}


def test_every_schema_is_valid_and_every_reference_leads_to_something() -> None:
    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                resolve_reference(node)
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    visit(DOCUMENT)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_everything_that_is_defined_is_used() -> None:
    text = (ROOT / "openapi.yaml").read_text()
    for kind in ("headers", "schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in text
