"""Which paths and methods the API answers, and the headers of every answer."""

import json
from typing import Any

import pytest

from tests.support.api import SECONDS, StartApi
from tests.support.lambda_context import Context
from tests.support.sagemaker_runtime import even_rows, serving


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/classify", 405, "POST"),
        ("OPTIONS", "/classify", 405, "POST"),
        ("POST", "/health", 405, "GET"),
        ("GET", "/", 404, None),
        ("POST", "/classify/more", 404, None),
        ("GET", "/__proto__", 404, None),
        ("GET", "/health\n", 404, None),
        ("GET", "/results\n", 404, None),
        ("GET", "/health//", 404, None),
    ],
)
def test_an_unknown_path_or_method_is_a_problem_document(
    method: str, path: str, status: int, allowed: str | None, start_api: StartApi
) -> None:
    response = start_api().request(method, path)
    assert (response.status, response.json["status"], response.headers.get("Allow")) == (status, status, allowed)
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "key"),
    [("/results/\n", "\n"), ("/results/%0a", "%0a"), ("/results/a\nb.png", "a\nb.png"), ("/results//", None)],
)
def test_a_name_that_no_image_has_is_not_answered_with_the_list(
    path: str, key: str | None, start_api: StartApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 does not answer, so a request that read anything would be a 503."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    response = start_api().request("GET", path, parameters=None if key is None else {"key": key})
    assert (response.status, response.json["reason"]) == (404, "no_document")


@pytest.mark.parametrize(("method", "path"), [("POST", "/classify"), ("GET", "/health"), ("GET", "/nowhere")])
def test_every_answer_has_the_security_headers(method: str, path: str, start_api: StartApi) -> None:
    with serving(even_rows) as (url, _):
        headers = start_api(url).request(method, path, headers={"Origin": "https://a.example"}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_an_allowed_origin_may_read_answers_and_retry_after(start_api: StartApi) -> None:
    api = start_api(CORS_ORIGIN="https://faces.example.com")
    for response in (api.classify(""), api.request("GET", "/nowhere")):
        assert response.headers["Access-Control-Allow-Origin"] == "https://faces.example.com"
        assert response.headers["Access-Control-Expose-Headers"] == "Retry-After"


HTTP_API_EVENT = {
    "version": "2.0",
    "routeKey": "POST /classify",
    "rawPath": "/classify",
    "requestContext": {"http": {"method": "POST", "path": "/classify"}, "stage": "$default"},
    "headers": {"content-type": "image/png"},
    "body": "AAAA",
    "isBase64Encoded": True,
}


@pytest.mark.parametrize("event", [HTTP_API_EVENT, {}, {"httpMethod": None, "path": "/classify"}, {"Records": []}])
def test_an_event_that_is_not_a_request_of_a_rest_api_gets_a_sentence(
    event: dict[str, Any], start_api: StartApi
) -> None:
    answer = start_api().handler(event, Context(SECONDS))
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["status"], problem["reason"]) == (400, 400, "malformed")
    assert "REST API" in problem["detail"]
    assert answer["headers"]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/classify", "/uploads"])
@pytest.mark.parametrize(("body", "binary"), [({"image": "AAAA"}, False), ("***", True), ([1], True)])
def test_a_body_that_is_not_what_its_event_says_is_a_client_error(
    path: str, body: Any, binary: bool, start_api: StartApi
) -> None:
    response = start_api().request("POST", path, body, binary=binary)
    assert (response.status, response.json["reason"]) == (400, "malformed")
