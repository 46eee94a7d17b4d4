"""openapi.yaml, as tests use it: what it says of an answer, and whether an answer is what it says."""

from typing import Any

import yaml
from jsonschema import Draft202012Validator

from local.paths import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or what it refers to."""
    while "$ref" in node:
        found: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {(m, path): o for path, methods in DOCUMENT["paths"].items() for m, o in methods.items()}


def path_of(path: str) -> str:
    """The description's path of a request's, as far as it has one."""
    path = path.partition("?")[0]
    return "/results/{key}" if path.startswith("/results/") else path


def response(method: str, path: str, status: int) -> dict[str, Any]:
    responses = DOCUMENT["paths"][path][method]["responses"]
    return resolved(responses.get(str(status), responses["default"]))


def faults(value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a value, in words."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [f"{list(error.path)}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]


def faults_of_answer(method: str, path: str, status: int, content_type: str, value: Any) -> list[str]:
    """value: a body, read if it is JSON."""
    described = response(method, path, status)["content"]
    kind = content_type.partition(";")[0]
    if kind not in described:
        return [f"{status} of {method} {path} has the content type {kind}, and not one of {', '.join(described)}"]
    return faults(value, described[kind]["schema"])
