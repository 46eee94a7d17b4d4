"""openapi.yaml has the statuses and reasons of all errors that the function and API Gateway answer."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from local import template
from local.paths import ROOT
from mien.logic import images, problems, requests
from tests.support.openapi import DOCUMENT, SCHEMAS, answer_errors, operations
from tests.support.reasons import FUNCTION_REASONS, PROBLEM, documented_reasons, gateway_reasons

GATEWAY = template.gateway_responses()
# Statuses that one image of several can fail with, although the others succeed.
FAILURES = (429, 500, 503, 504)
# API Gateway's default responses keep the status of the error. These are examples of such statuses.
DEFAULT_STATUSES = {"DEFAULT_4XX": 418, "DEFAULT_5XX": 502}


@pytest.mark.parametrize(
    ("name", "status", "by_default"),
    [
        ("BadRequest", 400, {"bad_request"}),
        ("Forbidden", 403, set()),
        ("NotFound", 404, set()),
        ("Conflict", 409, set()),
        ("ContentTooLarge", 413, set()),
        ("UnsupportedMediaType", 415, set()),
        ("UnprocessableContent", 422, set()),
        ("TooManyRequests", 429, set()),
        ("InternalServerError", 500, {"internal"}),
        ("ServiceUnavailable", 503, set()),
        ("GatewayTimeout", 504, {"internal"}),
    ],
)
def test_each_status_has_the_reasons_that_are_sent_with_it(name: str, status: int, by_default: set[str]) -> None:
    """by_default: reasons of API Gateway's default responses, for which only AWS decides the status."""
    assert documented_reasons(name) == FUNCTION_REASONS[status] | gateway_reasons()[status] | by_default
    users = [o["responses"][str(status)] for o in operations().values() if str(status) in o["responses"]]
    assert users
    assert all(user == {"$ref": f"#/components/responses/{name}"} for user in users)


def test_each_operation_has_the_statuses_that_it_can_answer() -> None:
    documented = {place: set(operation["responses"]) for place, operation in operations().items()}
    always = {"200", "403", "429", "500", "503", "default"}
    # With lines, there are no documents and no reviews.
    of_documents = always | {"409"}
    # No documented method is answered with 405.
    of_classify = {str(status) for status in FUNCTION_REASONS if status not in (405, 409)}
    assert documented == {
        ("post", "/classify"): always | of_classify,
        ("get", "/health"): always,
        ("post", "/uploads"): always | {"400", "415"},
        ("get", "/results"): of_documents | {"400"},
        ("get", "/folders"): of_documents | {"400"},
        ("get", "/results/{key}"): of_documents | {"404"},
        ("get", "/reviews"): of_documents | {"400"},
        ("put", "/reviews/{key}"): of_documents | {"400", "404", "415"},
        ("delete", "/reviews/{key}"): of_documents - {"200"} | {"204", "400", "404"},
    }


@pytest.mark.parametrize("kind", GATEWAY)
def test_each_error_of_api_gateway_is_documented(kind: str) -> None:
    response = GATEWAY[kind]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == f"'{PROBLEM}'"
    assert problem.get("status") == response.get("statusCode")
    status = problem.get("status") or DEFAULT_STATUSES[kind]
    for method, path in operations():
        assert answer_errors(method, path, status, PROBLEM, problem) == []
    if "status" in problem:
        assert problem["title"] in (HTTPStatus(problem["status"]).phrase, "Content Too Large")


def test_answers_that_ask_for_a_retry_have_a_retry_after_header() -> None:
    responses = DOCUMENT["components"]["responses"]
    documented = {name for name, response in responses.items() if "Retry-After" in response.get("headers", {})}
    assert documented == {"TooManyRequests", "ServiceUnavailable"}
    for kind, response in GATEWAY.items():
        has_header = "gatewayresponse.header.Retry-After" in response["responseParameters"]
        assert has_header is (response.get("statusCode") in (429, 503)), kind


def test_one_image_of_several_has_the_reasons_of_rejected_images_and_of_the_endpoint() -> None:
    assert set(SCHEMAS["Rejection"]["properties"]["reason"]["enum"]) == {*problems.STATUSES, "not_base64"}
    of_endpoint = {reason for status in FAILURES for reason in FUNCTION_REASONS[status]}
    assert set(SCHEMAS["Failure"]["properties"]["reason"]["enum"]) == of_endpoint


def test_each_reason_for_which_an_image_is_rejected_has_a_status() -> None:
    folder = Path(images.__file__).parent
    in_source = set()
    for name in ("images.py", "pixels.py", "bombs.py"):
        in_source |= set(re.findall(r'Rejected\(\s*"(\w+)"', (folder / name).read_text()))
    in_source |= {images.BROKEN[0], images.explain_unreadable(b"text")[0]}
    assert in_source == set(problems.STATUSES)


def test_a_stored_rejection_has_the_reasons_of_images_and_of_objects() -> None:
    folder = Path(images.__file__).parents[1] / "aws"
    of_objects = set(re.findall(r'Rejected\("(\w+)"', (folder / "images.py").read_text()))
    documented = set(SCHEMAS["StoredRejection"]["properties"]["reason"]["enum"])
    assert documented == {*problems.STATUSES, *of_objects}
    assert set(problems.STATUSES_OF_STORED) == of_objects - set(problems.STATUSES)


def test_the_table_of_errors_in_docs_api_md_has_the_same_statuses_and_reasons() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    table = re.findall(r"^\| (\d{3}) \| .* \| (.*) \|$", page, re.MULTILINE)
    gateway = gateway_reasons()
    assert {int(status) for status, _ in table} == {*FUNCTION_REASONS, *gateway} - {405}
    for status, reasons in table:
        assert set(re.findall(r"`(\w+)`", reasons)) == FUNCTION_REASONS[int(status)] | gateway[int(status)]
    assert f"up to {requests.MAX_IMAGES} of them ({requests.MAX_CALLS} where `EndpointInput` is `image`)" in page
    assert f"{requests.MAX_BODY_BYTES / 1_000_000} MB together" in page
