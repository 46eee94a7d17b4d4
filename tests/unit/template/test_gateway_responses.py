"""The errors that API Gateway answers without a function have the headers and the format of the function's errors."""

import json
import re

import pytest

from local import template
from tests.support.stack import DELETED, Check, Damage, Template, properties_of

# Browsers don't guess another type, run nothing and keep nothing.
SECURITY_HEADERS = {
    "gatewayresponse.header.Content-Type": "'application/problem+json'",
    "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
    "gatewayresponse.header.Content-Security-Policy": "'sandbox'",
    "gatewayresponse.header.Cache-Control": "'no-store'",
}


def all_gateway_responses_have_the_security_headers(expanded: Template) -> list[str]:
    """The two default responses cover all kinds of errors that have no response of their own."""
    findings = []
    for name, rest_api in properties_of(expanded, "AWS::ApiGateway::RestApi").items():
        responses = rest_api["Body"].get(template.GATEWAY_RESPONSES, {})
        missing = {"DEFAULT_4XX", "DEFAULT_5XX"} - set(responses)
        findings += [f"{name}: {kind}" for kind in sorted(missing)]
        findings += [
            f"{name}: {kind}"
            for kind, response in responses.items()
            if not SECURITY_HEADERS.items() <= response["responseParameters"].items()
        ]
    return findings


CHECKS: list[Check] = [all_gateway_responses_have_the_security_headers]

RESPONSES = f"Api Body {template.GATEWAY_RESPONSES}"

DAMAGES = [
    Damage(all_gateway_responses_have_the_security_headers, RESPONSES, "DEFAULT_4XX", DELETED, "4XX"),
    Damage(
        all_gateway_responses_have_the_security_headers,
        f"{RESPONSES} INVALID_API_KEY responseParameters",
        "gatewayresponse.header.X-Content-Type-Options",
        DELETED,
        "INVALID_API_KEY",
    ),
]


@pytest.mark.parametrize(("auth", "status", "reason"), [("key", 404, "not_found"), ("iam", 403, "forbidden")])
def test_a_missing_path_answers_404_with_keys_and_the_same_as_a_missing_signature_with_iam(
    auth: str, status: int, reason: str
) -> None:
    """API Gateway has one response for both cases. If a key is required, only missing paths and methods cause it."""
    response = template.gateway_responses(ApiAuth=auth)["MISSING_AUTHENTICATION_TOKEN"]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert (response["statusCode"], problem["status"], problem["reason"]) == (status, status, reason)


# Errors of requests that are not authorized. Source: Amazon API Gateway Developer Guide, "Gateway response types".
FORBIDDEN = ["ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_API_KEY", "INVALID_SIGNATURE", "UNAUTHORIZED", "WAF_FILTERED"]


@pytest.mark.parametrize("auth", ["key", "iam"])
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_every_request_that_is_not_authorized_is_forbidden(kind: str, auth: str) -> None:
    response = template.gateway_responses(ApiAuth=auth)[kind]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert (response["statusCode"], problem["status"], problem["reason"]) == (403, 403, "forbidden")


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("THROTTLED", 429, "throttled"),
        ("QUOTA_EXCEEDED", 429, "throttled"),
        ("INTEGRATION_FAILURE", 503, "unavailable"),
    ],
)
def test_an_error_that_passes_says_when_to_try_again(kind: str, status: int, reason: str) -> None:
    """A function that Lambda throttles is an INTEGRATION_FAILURE."""
    response = template.gateway_responses()[kind]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert (response["statusCode"], problem["status"], problem["reason"]) == (status, status, reason)
    assert re.fullmatch(r"'[1-9]\d*'", response["responseParameters"]["gatewayresponse.header.Retry-After"])


def test_a_path_that_is_not_found_after_the_authorization_is_a_404() -> None:
    response = template.gateway_responses()["RESOURCE_NOT_FOUND"]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert (response["statusCode"], problem["status"], problem["reason"]) == (404, 404, "not_found")
