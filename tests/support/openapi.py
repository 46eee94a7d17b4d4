"""Reads openapi.yaml and the schema of the documents that it refers to, and compares answers of the API with them."""

import json
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.paths import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
# The file's name as openapi.yaml writes it.
STORED = "schemas/document.schema.json"
STORED_DOCUMENT: dict[str, Any] = json.loads((ROOT / STORED).read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"] | STORED_DOCUMENT["$defs"]
FILES: Registry[Any] = Registry().with_resource(STORED, DRAFT202012.create_resource(STORED_DOCUMENT))


def resolve_reference(node: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or the part that its $ref leads to. Raises KeyError if the $ref leads nowhere."""
    document = DOCUMENT
    while "$ref" in node:
        file, _, path = node["$ref"].partition("#/")
        document = STORED_DOCUMENT if file == STORED else document
        target: Any = document
        for step in path.split("/"):
            target = target[step]
        node = target
    return node


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """All documented operations, by method in lower case and path."""
    return {(method, path): o for path, methods in DOCUMENT["paths"].items() for method, o in methods.items()}


def documented_path(path: str) -> str:
    """The path in the document for the path of a request, or the request's own path without its query."""
    path = path.partition("?")[0]
    return "/results/{key}" if path.startswith("/results/") else path


def documented_response(method: str, path: str, status: int) -> dict[str, Any]:
    """The response of an operation with a status, or else its default response."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    return resolve_reference(responses.get(str(status), responses["default"]))


def schema_errors(value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a JSON value, as one sentence per error."""
    whole = {**schema, "components": DOCUMENT["components"], "$defs": STORED_DOCUMENT["$defs"]}
    errors = Draft202012Validator(whole, registry=FILES).iter_errors(value)
    return [f"{list(error.path)}: {error.message}" for error in errors]


def answer_errors(method: str, path: str, status: int, content_type: str, body: Any) -> list[str]:
    """What is wrong with an answer of the API, as one sentence per error.

    method, path: as in the document.
    content_type: header of the answer, with or without parameters.
    body: parsed if it is JSON, otherwise text.
    """
    contents = documented_response(method, path, status)["content"]
    media_type = content_type.partition(";")[0]
    if media_type not in contents:
        return [f"{status} of {method} {path} has the content type {media_type}, not one of {', '.join(contents)}"]
    return schema_errors(body, contents[media_type]["schema"])
