"""The reasons of errors, as the code, the template and openapi.yaml give them."""

import ast
import re
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local import template
from mien.aws import folders, forms, listing
from mien.aws import reviews as stored_reviews
from mien.logic import opinions, prefixes, problems, queries, requests, reviews
from mien.pipeline import pictures
from tests.support.openapi import DOCUMENT

PROBLEM = "application/problem+json"


def reasons_in_source(*modules: Any) -> dict[int, set[str]]:
    """Reasons by status, wherever the source of a module creates a Problem or raises InvalidRequest with both."""
    found = defaultdict(set)
    for module in modules:
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            match node:
                case ast.Call(
                    ast.Name("Problem" | "InvalidRequest"),
                    [ast.Attribute(ast.Name("HTTPStatus"), name), ast.Constant(str(reason)), *_],
                ):
                    found[int(HTTPStatus[name])].add(reason)
    for reason, status in (problems.STATUSES | problems.STATUSES_OF_STORED).items():
        found[int(status)].add(reason)
    return found


def gateway_reasons() -> dict[int, set[str]]:
    """Reasons by status, of the errors that API Gateway answers without a function."""
    found = defaultdict(set)
    for response in template.gateway_responses().values():
        [reason] = re.findall(r'"reason": "(\w+)"', response["responseTemplates"]["application/json"])
        if "statusCode" in response:
            found[int(response["statusCode"])].add(reason)
    return found


def documented_reasons(response: str) -> set[str]:
    """Reasons of one of the responses in openapi.yaml."""
    schema = DOCUMENT["components"]["responses"][response]["content"][PROBLEM]["schema"]
    return set(schema["properties"]["reason"]["enum"])


# Reasons by status, of the errors that the function answers.
FUNCTION_REASONS = reasons_in_source(
    *(requests, prefixes, queries, opinions, reviews, problems),
    *(pictures, forms, listing, folders, stored_reviews),
)
