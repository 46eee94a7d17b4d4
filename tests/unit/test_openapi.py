"""openapi.yaml and what answers by it: neither can change without the other."""

import ast
import json
import re
from collections import defaultdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local import template
from local.paths import ROOT
from mien.aws import forms, listing
from mien.handlers import api
from mien.logic import images, problems, requests
from mien.logic.bombs import MAX_COSTLY_PIXELS
from mien.logic.labels import LABELS
from mien.logic.results import MAX_KEY_BYTES, SCHEMA
from mien.pipeline import health
from tests.description import DOCUMENT, SCHEMAS, faults_of_answer, operations, resolved, response

BODY = template.api_definition()
IAM = template.api_definition(ApiAuth="iam")
GATEWAY = template.gateway_responses()
PROBLEM = "application/problem+json"
REQUEST = DOCUMENT["paths"]["/classify"]["post"]["requestBody"]["content"]
FAILED = ("429", "500", "503", "504")


def reasons_in_code(*modules: Any) -> dict[int, set[str]]:
    """Status → the reasons that are given with it, wherever the source makes a problem or refuses a request."""
    found = defaultdict(set)
    for module in modules:
        for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
            match node:
                case ast.Call(
                    ast.Name("Problem" | "Refused"),
                    [ast.Attribute(ast.Name("HTTPStatus"), name), ast.Constant(str(reason)), *_],
                ):
                    found[int(HTTPStatus[name])].add(reason)
    for reason, status in problems.STATUSES.items():
        found[int(status)].add(reason)
    return found


def reasons_of_gateway() -> dict[int, set[str]]:
    found = defaultdict(set)
    for answer in GATEWAY.values():
        [reason] = re.findall(r'"reason": "(\w+)"', answer["responseTemplates"]["application/json"])
        if "statusCode" in answer:
            found[int(answer["statusCode"])].add(reason)
    return found


def documented(name: str) -> set[str]:
    schema = DOCUMENT["components"]["responses"][name]["content"][PROBLEM]["schema"]
    return set(schema["properties"]["reason"]["enum"])


CODE = reasons_in_code(requests, problems, forms, listing)


def test_the_routes_are_those_of_the_function_and_of_the_template() -> None:
    """API Gateway writes a parameter that takes slashes with a plus, and the function's router as a pattern."""
    described = {(path.replace("{key}", "{key+}"), method.upper()) for method, path in operations()}
    deployed = {(p, m.upper()) for p, methods in IAM["paths"].items() for m in methods}
    routes = [*api.app._static_routes, *api.app._dynamic_routes]
    routed = {(route.path.replace(".+", "{key+}"), route.method) for route in routes}
    assert described == deployed == routed == set(api.ROUTES.items())


def test_an_operation_asks_for_what_the_template_asks_for() -> None:
    """One of two: which of them, a parameter of the stack says."""
    schemes = DOCUMENT["components"]["securitySchemes"]
    plain = {name: {k: v for k, v in how.items() if k != "description"} for name, how in schemes.items()}
    assert plain == BODY["components"]["securitySchemes"] == IAM["components"]["securitySchemes"]
    assert DOCUMENT["security"] == [{"api_key": []}, {"sigv4": []}]
    assert all("security" not in operation for operation in operations().values())


def test_the_content_types_of_a_request_are_those_that_are_taken() -> None:
    taken = [*requests.RAW, requests.JSON, "text/plain"]
    assert sorted(REQUEST) == sorted(taken) == sorted(requests.TAKEN.split(", "))
    expanded = template.expand_template()["Resources"]["Api"]["Properties"]["Body"]
    assert set(requests.RAW) == set(expanded["x-amazon-apigateway-binary-media-types"])
    assert "text/plain" in requests.ENCODED


def test_the_content_types_of_an_answer_are_those_that_are_given() -> None:
    described = {
        kind for o in operations().values() for r in o["responses"].values() for kind in resolved(r)["content"]
    }
    assert described == {requests.JSON, api.TEXT.partition(";")[0], problems.CONTENT_TYPE}


@pytest.mark.parametrize(
    ("name", "status", "of_gateway"),
    [
        ("BadRequest", 400, {"bad_request"}),
        ("Forbidden", 403, set()),
        ("NotFound", 404, set()),
        ("ContentTooLarge", 413, set()),
        ("UnsupportedMediaType", 415, set()),
        ("UnprocessableContent", 422, set()),
        ("TooManyRequests", 429, set()),
        ("InternalServerError", 500, {"internal"}),
        ("ServiceUnavailable", 503, set()),
        ("GatewayTimeout", 504, {"internal"}),
    ],
)
def test_each_status_has_the_reasons_that_are_given_with_it(name: str, status: int, of_gateway: set[str]) -> None:
    """of_gateway: those of its defaults, whose status is told by AWS alone."""
    assert documented(name) == CODE[status] | reasons_of_gateway()[status] | of_gateway
    users = [o["responses"][str(status)] for o in operations().values() if str(status) in o["responses"]]
    assert users
    assert all(user == {"$ref": f"#/components/responses/{name}"} for user in users)


def test_each_status_that_is_given_is_described() -> None:
    described = {place: set(operation["responses"]) for place, operation in operations().items()}
    always = {"200", "403", "429", "500", "default"}
    # 405 is of no method that is described.
    assert described == {
        ("post", "/classify"): always | {str(status) for status in CODE if status not in (404, 405)},
        ("get", "/health"): always | {"503"},
        ("post", "/uploads"): always | {"400", "415"},
        ("get", "/results"): always | {"400", "503"},
        ("get", "/results/{key}"): always | {"404", "503"},
    }


@pytest.mark.parametrize("kind", GATEWAY)
def test_what_the_gateway_answers_is_described(kind: str) -> None:
    answer = GATEWAY[kind]
    said = json.loads(answer["responseTemplates"]["application/json"])
    assert answer["responseParameters"]["gatewayresponse.header.Content-Type"] == f"'{PROBLEM}'"
    assert said.get("status", 0) == int(answer.get("statusCode", 0))
    for method, path in operations():
        status = said.get("status") or {"DEFAULT_4XX": 418, "DEFAULT_5XX": 502}[kind]
        assert faults_of_answer(method, path, status, PROBLEM, said) == []
    if "status" in said:
        assert said["title"] in (HTTPStatus(said["status"]).phrase, "Content Too Large")


def test_whoever_is_to_come_again_is_told_when() -> None:
    described = {n for n, r in DOCUMENT["components"]["responses"].items() if "Retry-After" in r.get("headers", {})}
    assert described == {"TooManyRequests", "ServiceUnavailable"}
    assert GATEWAY["THROTTLED"]["responseParameters"]["gatewayresponse.header.Retry-After"]


def test_the_reasons_of_an_entry_are_those_of_images_and_of_the_endpoint() -> None:
    assert set(SCHEMAS["Rejection"]["properties"]["reason"]["enum"]) == {*problems.STATUSES, "not_base64"}
    of_endpoint = {r for status in FAILED for r in CODE[int(status)]}
    assert set(SCHEMAS["Failure"]["properties"]["reason"]["enum"]) == of_endpoint


def test_each_reason_for_which_an_image_is_rejected_has_a_status() -> None:
    folder = Path(images.__file__).parent
    given = set()
    for name in ("images.py", "bombs.py"):
        given |= set(re.findall(r'Rejected\(\s*"(\w+)"', (folder / name).read_text()))
    given |= {images.BROKEN[0], images.unreadable(b"text")[0]}
    assert given == set(problems.STATUSES)


def test_the_limits_are_those_of_the_code() -> None:
    description = DOCUMENT["paths"]["/classify"]["post"]["description"]
    several = SCHEMAS["SeveralImages"]["properties"]["images"]
    assert SCHEMAS["File"]["maxLength"] == requests.MAX_BODY_BYTES
    assert SCHEMAS["Base64"]["maxLength"] == requests.MAX_BODY_BYTES * 4 // 3
    for text in (description, GATEWAY["REQUEST_TOO_LARGE"]["responseTemplates"]["application/json"]):
        assert f"{requests.MAX_BODY_BYTES:,} bytes" in text
    assert several["maxItems"] == SCHEMAS["Results"]["properties"]["results"]["maxItems"] == requests.MAX_IMAGES
    assert several["description"].startswith(f"Up to {requests.MAX_IMAGES}; {requests.MAX_CALLS} where")
    assert SCHEMAS["Side"]["minimum"] == images.MIN_SIDE
    assert f"{images.MAX_PIXELS:,} pixels" in SCHEMAS["File"]["description"]
    assert f"{MAX_COSTLY_PIXELS:,} of WebP" in SCHEMAS["File"]["description"]
    forms_ = DOCUMENT["paths"]["/uploads"]["post"]["description"]
    assert f"{forms.EXPIRES} seconds" in forms_
    assert f"{images.MAX_BYTES:,} bytes" in forms_
    assert SCHEMAS["Forms"]["properties"]["max_bytes"] == {"const": images.MAX_BYTES}
    assert SCHEMAS["Forms"]["properties"]["expires_in"]["const"] == forms.EXPIRES
    assert sorted(SCHEMAS["Forms"]["properties"]["forms"]["required"]) == sorted(requests.IMAGES)
    assert sorted(SCHEMAS["Forms"]["properties"]["forms"]["properties"]) == sorted(requests.IMAGES)
    assert SCHEMAS["Folder"]["properties"]["prefix"]["maxLength"] == forms.MAX_PREFIX_BYTES
    page = DOCUMENT["paths"]["/results"]["get"]["description"]
    assert f"Up to {listing.PAGE} documents" in page
    assert f"up to {listing.READ} are read" in page
    assert SCHEMAS["Page"]["properties"]["results"]["maxItems"] == listing.PAGE
    assert f"For {listing.EXPIRES} seconds" in SCHEMAS["StoredImage"]["properties"]["url"]["description"]
    assert SCHEMAS["Key"]["maxLength"] == MAX_KEY_BYTES
    assert f"{health.INTERVAL:.0f} seconds old" in DOCUMENT["paths"]["/health"]["get"]["description"]


def test_the_labels_are_the_models() -> None:
    assert sorted(SCHEMAS["Label"]["enum"]) == sorted(LABELS)
    assert sorted(SCHEMAS["Result"]["properties"]["probabilities"]["properties"]) == sorted(LABELS)
    assert sorted(SCHEMAS["Result"]["properties"]["probabilities"]["required"]) == sorted(LABELS)
    words = response("post", "/classify", 200)["content"]["text/plain"]["schema"]["pattern"]
    assert set(re.findall(r"[a-z]{2,}", words)) == {*LABELS, "rejected", "failed"}


def test_the_reasons_of_a_stored_rejection_are_those_of_images_and_of_objects() -> None:
    folder = Path(images.__file__).parents[1] / "aws"
    of_objects = set(re.findall(r'Rejected\("(\w+)"', (folder / "storage.py").read_text()))
    described = set(SCHEMAS["StoredRejection"]["properties"]["reason"]["enum"])
    assert described == {*problems.STATUSES, *of_objects}


@pytest.mark.parametrize("name", ["Result", "Rejection", "Failure", "StoredResult", "StoredRejection"])
def test_a_document_has_the_schema_that_is_written(name: str) -> None:
    assert SCHEMAS[name]["properties"]["schema"] == {"const": SCHEMA}


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                resolved(node)
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    visit(DOCUMENT)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_nothing_is_defined_that_nobody_refers_to() -> None:
    text = (ROOT / "openapi.yaml").read_text()
    for kind in ("headers", "schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in text


def test_the_page_on_the_api_says_the_same_in_short() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    table = re.findall(r"^\| (\d{3}) \| .* \| (.*) \|$", page, re.MULTILINE)
    gateway = reasons_of_gateway()
    assert {int(status) for status, _ in table} == {*CODE, *gateway} - {405}
    for status, reasons in table:
        assert set(re.findall(r"`(\w+)`", reasons)) == CODE[int(status)] | gateway[int(status)]
    assert f"up to {requests.MAX_IMAGES} of them ({requests.MAX_CALLS} where `EndpointInput` is `image`)" in page
    assert f"{requests.MAX_BODY_BYTES / 1_000_000} MB together" in page
