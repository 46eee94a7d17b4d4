"""The API's handler, called with events as API Gateway sends them."""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest

from local import cloud, template
from mien.logic.deadline import Deadline, LambdaContext
from tests.support.lambda_context import Context
from tests.support.openapi import answer_errors, operations

JSON = "application/json"
SECONDS = template.load_template()["Mappings"]["Seconds"]["Api"]["Timeout"]
deadline_of = Deadline.from_context


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Api:
    """Calls the handler. A response that openapi.yaml does not describe fails the test."""

    handler: Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

    def classify(
        self,
        body: str,
        content_type: str = JSON,
        *,
        binary: bool = False,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """binary: API Gateway has encoded the body as base64. seconds: time that is left to the invocation."""
        sent = {"Content-Type": content_type, **(headers or {})}
        return self.request("POST", "/classify", body, binary=binary, headers=sent, seconds=seconds, query=query)

    def classify_image(
        self,
        image: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """image: a PNG's bytes as base64."""
        return self.classify(image, "image/png", binary=True, headers=headers, seconds=seconds, query=query)

    def request(
        self,
        method: str,
        path: str,
        body: str = "",
        *,
        binary: bool = False,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """parameters: of the path. query: parameters of the query."""
        event = {
            "httpMethod": method,
            "path": path,
            "headers": {"Content-Type": JSON, **(headers or {})},
            "requestContext": {"stage": "v1", "path": f"/v1{path}"},
            "body": body,
            "isBase64Encoded": binary,
            "pathParameters": parameters,
            "queryStringParameters": query,
        }
        answer = self.handler(event, Context(seconds))
        answered = {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
        response = Response(answer["statusCode"], answered, answer["body"])
        if (method.lower(), path) in operations():
            content_type = answered["Content-Type"]
            content = response.json if "json" in content_type else response.body
            assert answer_errors(method.lower(), path, response.status, content_type, content) == []
        return response


class StartApi(Protocol):
    def __call__(self, endpoint: str = ..., **variables: str) -> Api: ...


def start(monkeypatch: pytest.MonkeyPatch, endpoint: str, **variables: str) -> Api:
    """Starts the API as in a fresh process, with its endpoint at an address and with these environment variables.

    The handler waits for nothing between attempts.
    """
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
    for variable, value in (template.function_environment(cloud.UNDEPLOYED_REFERENCES) | variables).items():
        monkeypatch.setenv(variable, value)
    importlib.reload(importlib.import_module("mien.handlers.responses"))
    module = importlib.reload(importlib.import_module("mien.handlers.api"))
    monkeypatch.setattr(Deadline, "from_context", staticmethod(without_waiting))
    return Api(module.handler)


def without_waiting(invocation: LambdaContext) -> Deadline:
    return replace(deadline_of(invocation), sleep=lambda seconds: None)
