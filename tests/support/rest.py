"""The deployed API over HTTP, as its clients call it."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any, Protocol

from local.cloud import Cloud
from tests.support import openapi


@dataclass(frozen=True)
class Response:
    """headers: by name, in any case."""

    status: int
    content_type: str
    body: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Send(Protocol):
    def __call__(self, method: str, path: str, data: bytes | None = ..., **headers: str) -> Response:
        """Sends a request. headers: with underscores instead of hyphens, for example Content_Type."""


class Post(Protocol):
    def __call__(self, data: bytes, content_type: str, **headers: str) -> Response:
        """Sends a body to POST /classify."""


def sending(cloud: Cloud) -> Send:
    """Sends requests to a deployed API, with its key unless a header x_api_key is given.

    A response that openapi.yaml does not describe fails the test.
    """
    key = cloud.api_key if "ApiKeyId" in cloud.outputs else ""
    root = cloud.classify_url.removesuffix("/classify")

    def send(method: str, path: str, data: bytes | None = None, **headers: str) -> Response:
        sent = {"x-api-key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(root + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                response = read(answer)
        except urllib.error.HTTPError as error:
            with error:
                response = read(error)
        described = openapi.documented_path(path)
        if (method.lower(), described) in openapi.operations():
            content_type = response.content_type
            # API Gateway gives an empty answer a content type too.
            content = response.json if "json" in content_type and response.body else response.body
            assert openapi.answer_errors(method.lower(), described, response.status, content_type, content) == []
        return response

    return send


def read(answer: HTTPResponse | urllib.error.HTTPError) -> Response:
    return Response(answer.status or 0, answer.headers["Content-Type"] or "", answer.read().decode(), answer.headers)
