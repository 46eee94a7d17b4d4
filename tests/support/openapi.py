"""Reads openapi.yaml and the schemas that it refers to, and compares answers of the API with them."""

import json
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.paths import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
# The files' names as openapi.yaml writes them.
STORED = "schemas/document.schema.json"
REVIEW = "schemas/review.schema.json"
FILES: dict[str, dict[str, Any]] = {name: json.loads((ROOT / name).read_text()) for name in (STORED, REVIEW)}
STORED_DOCUMENT, STORED_REVIEW = FILES.values()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"] | STORED_DOCUMENT["$defs"] | STORED_REVIEW["$defs"]
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, DRAFT202012.create_resource(content)) for name, content in FILES.items()
)


def resolve_reference(node: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or the part that its $ref leads to. Raises KeyError if the $ref leads nowhere."""
    document = DOCUMENT
    while "$ref" in node:
        file, _, path = node["$ref"].partition("#/")
        # Schemas name each other by their names in their folder.
        document = FILES[f"schemas/{file.removeprefix('schemas/')}"] if file else document
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
    folder, _, key = path.removeprefix("/").partition("/")
    return f"/{folder}/{{key}}" if folder in ("results", "reviews") and key else path


def documented_response(method: str, path: str, status: int) -> dict[str, Any]:
    """The response of an operation with a status, or else its default response."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    return resolve_reference(responses.get(str(status), responses["default"]))


def schema_errors(value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a JSON value, as one sentence per error."""
    whole = {**schema, "components": DOCUMENT["components"], "$defs": STORED_DOCUMENT["$defs"] | STORED_REVIEW["$defs"]}
    errors = Draft202012Validator(whole, registry=REGISTRY).iter_errors(value)
    return [f"{list(error.path)}: {error.message}" for error in errors]


def answer_errors(method: str, path: str, status: int, content_type: str, body: Any) -> list[str]:
    """What is wrong with an answer of the API, as one sentence per error.

    method, path: as in the document.
    content_type: header of the answer, with or without parameters.
    body: parsed if it is JSON, otherwise text.
    """
    contents = documented_response(method, path, status).get("content")
    if contents is None:
        return [f"{status} of {method} {path} has a body"] if body else []
    media_type = content_type.partition(";")[0]
    if media_type not in contents:
        return [f"{status} of {method} {path} has the content type {media_type}, not one of {', '.join(contents)}"]
    return schema_errors(body, contents[media_type]["schema"])
