"""The errors that API Gateway answers without a function have the headers and the format of the function's errors."""

import json

import pytest

from local import template
from tests.support.stack import DELETED, TEMPLATE, Check, Damage, Template, properties_of

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


@pytest.mark.parametrize("check", CHECKS)
def test_the_template_passes_each_check(check: Check) -> None:
    assert check(TEMPLATE) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_each_damage_is_found(damage: Damage) -> None:
    assert damage.is_found()


def test_each_check_finds_at_least_one_damage() -> None:
    assert {damage.check for damage in DAMAGES} == set(CHECKS)


@pytest.mark.parametrize(("auth", "status", "reason"), [("key", 404, "not_found"), ("iam", 403, "forbidden")])
def test_a_missing_path_answers_404_with_keys_and_the_same_as_a_missing_signature_with_iam(
    auth: str, status: int, reason: str
) -> None:
    """API Gateway has one response for both cases. If a key is required, only missing paths and methods cause it."""
    response = template.gateway_responses(ApiAuth=auth)["MISSING_AUTHENTICATION_TOKEN"]
    problem = json.loads(response["responseTemplates"]["application/json"])
    assert (response["statusCode"], problem["status"], problem["reason"]) == (status, status, reason)
