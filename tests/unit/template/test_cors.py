"""Pages of other sites can call the API only if the parameter CorsOrigin names their origin."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from local import template
from mien.handlers import routing
from tests.support.stack import Check, Damage, Template, only_resource, properties_of

NEEDED_BY_CLIENTS = {"content-type", "x-api-key", "authorization", "x-amz-date"}


def cors_is_closed_by_default(expanded: Template) -> list[str]:
    """Preflights and headers depend on a condition that the default of CorsOrigin does not meet."""
    findings = []
    if expanded["Parameters"]["CorsOrigin"]["Default"] != "":
        findings.append("CorsOrigin: open by default")
    if expanded["Conditions"]["CorsIsOpen"] != {"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsOrigin"}, ""]}]}:
        findings.append("CorsIsOpen: does not compare CorsOrigin with an empty value")
    for name, rest_api in properties_of(expanded, "AWS::ApiGateway::RestApi").items():
        findings += [f"{name}: {place}" for place in unconditional_cors(rest_api["Body"])]
    return findings


def unconditional_cors(body: Any, path: str = "") -> Iterator[str]:
    """Yields the places of preflights and CORS headers that do not depend on the condition CorsIsOpen."""
    for name, value in body.items() if isinstance(body, dict) else enumerate(body):
        place = f"{path} {name}".strip()
        match value:
            case {"Fn::If": ["CorsIsOpen", _, {"Ref": "AWS::NoValue"}]}:
                continue
        if name == "options" or ".header.Access-Control-" in str(name):
            yield place
        elif isinstance(value, (dict, list)):
            yield from unconditional_cors(value, place)


CHECKS: list[Check] = [cors_is_closed_by_default]

ALLOW_ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
ANOTHER_ORIGIN = {"Fn::If": ["CorsIsOpen", "'https://faces.example.com'", "'*'"]}

DAMAGES = [
    Damage(
        cors_is_closed_by_default,
        "Api Body paths /classify",
        "options",
        {"x-amazon-apigateway-integration": {"type": "mock"}},
        "Api: paths /classify options",
    ),
    Damage(
        cors_is_closed_by_default,
        f"Api Body {template.GATEWAY_RESPONSES} INVALID_API_KEY responseParameters",
        ALLOW_ORIGIN,
        ANOTHER_ORIGIN,
        f"INVALID_API_KEY responseParameters {ALLOW_ORIGIN}",
    ),
]


@pytest.mark.parametrize(("path", "methods"), routing.ROUTES.items())
def test_a_preflight_is_answered_only_if_cors_is_open_and_allows_the_methods_of_the_path(
    path: str, methods: str
) -> None:
    rest_api = only_resource("AWS::ApiGateway::RestApi")
    condition, preflight, otherwise = rest_api["Body"]["paths"][path]["options"]["Fn::If"]
    assert (condition, otherwise) == ("CorsIsOpen", {"Ref": "AWS::NoValue"})
    response = preflight["x-amazon-apigateway-integration"]["responses"]["default"]
    headers = {name.rpartition(".")[2]: value for name, value in response["responseParameters"].items()}
    assert headers["Access-Control-Allow-Origin"] == {"Fn::Sub": "'${CorsOrigin}'"}
    assert headers["Access-Control-Allow-Methods"] == f"'{methods}'"
    assert set(headers["Access-Control-Allow-Headers"].strip("'").split(",")) >= NEEDED_BY_CLIENTS
    # API Gateway does not send a header that the method does not declare.
    assert set(headers) == set(preflight["responses"][response["statusCode"]]["headers"])


@pytest.mark.parametrize(
    ("parameters", "origins"),
    [
        ({}, [{"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}]),
        ({"ApiAuth": "iam"}, None),
        ({"ApiAuth": "iam", "CorsOrigin": "https://a.example"}, ["https://a.example"]),
    ],
)
def test_only_pages_that_may_call_the_api_may_upload_to_the_bucket(
    parameters: dict[str, str], origins: list[Any] | None
) -> None:
    bucket = template.resolve(only_resource("AWS::S3::Bucket"), template.default_parameters() | parameters)
    rules = bucket.get("CorsConfiguration", {"CorsRules": []})["CorsRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == ([origins] if origins else [])
    assert all(rule["AllowedMethods"] == ["POST"] for rule in rules)


@pytest.mark.parametrize("origin", ["", "*", "https://faces.example.com", "http://localhost:8000"])
def test_cors_origin_accepts_what_a_browser_sends_as_origin(origin: str) -> None:
    assert re.search(template.load_template()["Parameters"]["CorsOrigin"]["AllowedPattern"], origin)


@pytest.mark.parametrize(
    "origin",
    [
        "faces.example.com",
        "https://faces.example.com/",
        "https://a.example 'x'",
        "https://a.example,https://b.example",
        "null",
    ],
)
def test_cors_origin_rejects_everything_else(origin: str) -> None:
    assert not re.search(template.load_template()["Parameters"]["CorsOrigin"]["AllowedPattern"], origin)
