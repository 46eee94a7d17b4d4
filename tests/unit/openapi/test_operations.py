"""openapi.yaml describes the paths, methods and content types that the function and the template have."""

from local import template
from mien.handlers import api, responses, routing
from mien.logic import problems, requests
from tests.support.openapi import DOCUMENT, operations, resolve_reference

WITH_KEY = template.api_definition()
WITH_IAM = template.api_definition(ApiAuth="iam")


def test_the_routes_are_those_of_the_function_and_of_the_template() -> None:
    """For a parameter with slashes, API Gateway writes {key+} and the function's router writes a pattern."""
    documented = {(path.replace("{key}", "{key+}"), method.upper()) for method, path in operations()}
    deployed = {(path, method.upper()) for path, methods in WITH_IAM["paths"].items() for method in methods}
    routes = [*api.app._static_routes, *api.app._dynamic_routes]
    routed = {(route.path.replace(".+", "{key+}"), route.method) for route in routes}
    assert (
        documented
        == deployed
        == routed
        == {(path, method) for path, methods in routing.ROUTES.items() for method in methods.split(",")}
    )


def test_every_operation_requires_one_of_the_two_security_schemes_of_the_template() -> None:
    """The stack's parameter ApiAuth decides which of the two."""
    schemes = DOCUMENT["components"]["securitySchemes"]
    undescribed = {name: {k: v for k, v in s.items() if k != "description"} for name, s in schemes.items()}
    assert undescribed == WITH_KEY["components"]["securitySchemes"] == WITH_IAM["components"]["securitySchemes"]
    assert DOCUMENT["security"] == [{"api_key": []}, {"sigv4": []}]
    assert all("security" not in operation for operation in operations().values())


def test_the_content_types_of_a_request_are_those_that_the_function_accepts() -> None:
    operation = DOCUMENT["paths"]["/classify"]["post"]
    others = [*requests.ALIASES, requests.CURL_DEFAULT]
    accepted = {*requests.BINARY, requests.JSON, "text/plain"} - set(others)
    assert set(operation["requestBody"]["content"]) == accepted == set(requests.ACCEPTED.split(", "))
    assert all(other in operation["description"] for other in others)
    expanded = template.expand_template()["Resources"]["Api"]["Properties"]["Body"]
    assert set(requests.BINARY) == set(expanded["x-amazon-apigateway-binary-media-types"])
    assert "text/plain" in requests.ENCODED


def test_the_content_types_of_an_answer_are_those_that_the_function_sends() -> None:
    answers = [answer for operation in operations().values() for answer in operation["responses"].values()]
    documented = {media_type for answer in answers for media_type in resolve_reference(answer).get("content", {})}
    assert documented == {requests.JSON, responses.TEXT.partition(";")[0], problems.CONTENT_TYPE}
