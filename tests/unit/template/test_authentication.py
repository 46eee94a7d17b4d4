"""Every method of the API requires an API key or an IAM signature, as ApiAuth says. The page is public."""

from typing import Any

import pytest

from local import template
from mien.handlers import routing
from tests.support.stack import DELETED, TEMPLATE, Check, Damage, Template, as_text, properties_of

PAGE_PATHS = {("/", "get"), ("/page/{version}/{file+}", "get")}


def every_method_requires_authentication(expanded: Template) -> list[str]:
    other_types = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::")
    findings = [name for name, r in expanded["Resources"].items() if r["Type"].startswith(other_types)]
    for name, rest_api in properties_of(expanded, "AWS::ApiGateway::RestApi").items():
        for auth in expanded["Parameters"]["ApiAuth"]["AllowedValues"]:
            parameters = template.default_parameters() | {"ApiAuth": auth, "CorsOrigin": "*"}
            body = template.resolve(rest_api["Body"], parameters)
            for path, methods in body["paths"].items():
                findings += [
                    f"{name}: {method} {path} ({auth})"
                    for method, operation in methods.items()
                    if not requires(auth, operation, body)
                    and not is_preflight(method, operation)
                    and not (auth == "key" and is_of_page(operation))
                ]
    return findings


def requires(auth: str, operation: Any, body: Any) -> bool:
    """Whether an operation requires the authentication that a value of ApiAuth means."""
    schemes = body.get("components", {}).get("securitySchemes", {})
    sufficient = {
        name
        for name, scheme in schemes.items()
        if (scheme["type"], scheme["in"]) == ("apiKey", "header")
        and (auth == "key" or scheme.get("x-amazon-apigateway-authtype") == "awsSigv4")
        and (auth == "iam" or scheme["name"] == "x-api-key")
    }
    # A caller may choose any one of the requirements, and an empty requirement lets everyone in.
    return all(set(requirement) & sufficient for requirement in operation.get("security") or [{}])


def is_preflight(method: str, operation: Any) -> bool:
    """API Gateway answers a preflight without a function. A browser sends no key with it."""
    return method == "options" and bool(operation["x-amazon-apigateway-integration"]["type"] == "mock")


def is_of_page(operation: Any) -> bool:
    return "${PageFunctionAliaslive}" in as_text(operation["x-amazon-apigateway-integration"].get("uri"))


CHECKS: list[Check] = [every_method_requires_authentication]

POST = "Api Body paths /classify post"
SCHEMES = "Api Body components securitySchemes"
PUBLIC_PAGE = {"get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "${PageFunctionAliaslive}"}}}

DAMAGES = [
    Damage(every_method_requires_authentication, path, name, value, finding)
    for path, name, value, finding in [
        (POST, "security", DELETED, "Api: post /classify (key)"),
        (POST, "security", [{"api_key": []}, {}], "post /classify (key)"),
        (POST, "security", [{"api_key": []}], "Api: post /classify (iam)"),
        (POST, "security", [{"sigv4": []}], "Api: post /classify (key)"),
        (SCHEMES, "api_key", DELETED, "Api: get /results/{key+} (key)"),
        (f"{SCHEMES} sigv4", "x-amazon-apigateway-authtype", DELETED, "Api: post /uploads (iam)"),
        ("", "Http", {"Type": "AWS::ApiGatewayV2::Api"}, "Http"),
        ("Api Body paths /health get", "security", DELETED, "get /health"),
        (
            "Api Body paths / Fn::If 1 get x-amazon-apigateway-integration",
            "uri",
            {"Fn::Sub": "${ApiFunction.Arn}"},
            "Api: get / (key)",
        ),
        ("Api Body paths", "/page/{version}/{file+}", PUBLIC_PAGE, "Api: get /page/{version}/{file+} (iam)"),
        (
            "Api Body paths /classify options Fn::If 1 x-amazon-apigateway-integration",
            "type",
            "aws_proxy",
            "Api: options /classify",
        ),
    ]
]


@pytest.mark.parametrize(("auth", "scheme"), [("key", "api_key"), ("iam", "sigv4")])
def test_all_routes_of_the_function_require_a_key_or_an_iam_signature(auth: str, scheme: str) -> None:
    operations = {
        (path, method): operation
        for path, methods in template.api_definition(ApiAuth=auth)["paths"].items()
        for method, operation in methods.items()
    }
    protected = {place for place, operation in operations.items() if operation["security"] == [{scheme: []}]}
    assert protected == {
        (path, method) for path, methods in routing.ROUTES.items() for method in methods.lower().split(",")
    }
    # A browser has no IAM identity, so with IAM there is no page.
    assert set(operations) - protected == (PAGE_PATHS if auth == "key" else set())


def test_a_stack_that_requires_iam_has_neither_key_nor_page() -> None:
    written = template.load_template()
    with_key = {name for name, r in TEMPLATE["Resources"].items() if r.get("Condition") == "KeyIsRequired"}
    assert {"ApiKey", "UsagePlan", "UsagePlanKey", "PageFunction", "PageRole", "PageLog"} <= with_key
    outputs = {name for name, output in written["Outputs"].items() if output.get("Condition") == "KeyIsRequired"}
    assert outputs == {"ApiKeyId", "PageUrl"}
