"""Responses of the REST API, with the headers that all of them have."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from aws_lambda_powertools.event_handler import Response

from mien.logic.requests import JSON
from mien.logic.results import Result
from mien.settings import read_cors_origin

TEXT = "text/plain; charset=utf-8"
# Responses are data: browsers must not guess another type, run or frame them, or keep them for the next user.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
if origin := read_cors_origin():
    HEADERS |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After"}


def respond_json(body: Result, headers: Mapping[str, str] = MappingProxyType({})) -> Response[str]:
    return respond(HTTPStatus.OK, JSON, json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n", headers)


def respond(
    status: HTTPStatus,
    content_type: str,
    body: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response[str]:
    return Response(status, content_type, body, headers={**HEADERS, **headers})
