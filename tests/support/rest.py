"""The API over HTTP, as its clients call it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.cloud import Cloud
from tests.support import openapi


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    body: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Send = Callable[..., Answer]


def sending(cloud: Cloud) -> Send:
    """Sends a request, with the key unless another is given. openapi.yaml must know the answer."""
    key = cloud.api_key if "ApiKeyId" in cloud.outputs else ""
    root = cloud.classify_url.removesuffix("/classify")

    def send(method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
        sent = {"x-api-key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(root + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                got = Answer(answer.status, answer.headers["Content-Type"], answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                got = Answer(error.code, error.headers["Content-Type"], error.read().decode(), error.headers)
        described = openapi.documented_path(path)
        if (method.lower(), described) in openapi.operations():
            read = got.json if "json" in got.kind else got.body
            assert openapi.answer_errors(method.lower(), described, got.status, got.kind, read) == []
        return got

    return send
