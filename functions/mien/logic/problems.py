"""Errors → problem details: what the client learns about a failure, and when it may retry.

Source: RFC 9457, "Problem Details for HTTP APIs". The type is always about:blank: the status names the kind of problem,
and `reason` is a code that programs can compare.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from mien.errors import (
    InvalidRequest,
    Outdated,
    OutOfTime,
    Rejected,
    Starting,
    StorageUnavailable,
    Throttled,
    TryAgain,
    WrongModel,
)

CONTENT_TYPE = "application/problem+json"
# Seconds. A throttled endpoint has capacity again by then.
MIN_RETRY_AFTER = 5
# Statuses of rejected images. 400 means that the request is wrong, 422 that the image itself can't be read.
STATUSES = {
    "empty": HTTPStatus.BAD_REQUEST,
    "not_an_image": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "broken_image": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_complex": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_small": HTTPStatus.UNPROCESSABLE_ENTITY,
    "transparent": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unsupported_pixels": HTTPStatus.UNPROCESSABLE_ENTITY,
}
# Of rejected images that are stored. A request itself can't have these faults.
STATUSES_OF_STORED = {"archived": HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True)
class Problem:
    """An error response.

    reason: a code, the same for all problems of one kind.
    detail: a sentence.
    headers: additional headers of the response.
    """

    status: HTTPStatus
    reason: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> str:
        fields = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "reason": self.reason,
        }
        return json.dumps(fields) + "\n"


def describe_error(error: Exception) -> Problem:
    """Returns the response for an error.

    The texts of other server-side errors and names of resources stay in the log: the client gets a general sentence.
    """
    match error:
        case InvalidRequest():
            return Problem(error.status, error.reason, error.detail, error.headers)
        case Rejected():
            status = (STATUSES | STATUSES_OF_STORED).get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY)
            return Problem(status, error.reason, error.detail)
        case Outdated():
            return Problem(HTTPStatus.NOT_FOUND, "no_image", "The inbox has no image of this name.")
        case OutOfTime():
            detail = "The model did not answer in time. Try again, or send fewer or smaller images."
            return Problem(HTTPStatus.GATEWAY_TIMEOUT, "timeout", detail)
        case TryAgain():
            return describe_temporary(error)
        case WrongModel():
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "wrong_model", str(error))
    detail = "An unexpected error happened on the server. The request is not the cause."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)


def describe_temporary(error: TryAgain) -> Problem:
    """Returns the response for an error that passes, with a Retry-After header."""
    seconds = max(MIN_RETRY_AFTER, int(error.retry_after) + 1)
    headers = {"Retry-After": str(seconds)}
    match error:
        case Throttled():
            detail = f"The model gets more requests than it can answer. Try again in {seconds} seconds."
            return Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", detail, headers)
        case Starting():
            detail = f"The model is waking up, which can take a minute. Try again in {seconds} seconds."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "starting", detail, headers)
        case StorageUnavailable():
            detail = f"The images and results can't be read at the moment. Try again in {seconds} seconds."
        case _:
            detail = f"The model is not available at the moment. Try again in {seconds} seconds."
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers)


def no_document() -> Problem:
    detail = "This image has neither a result nor a rejection. If it was just uploaded, ask again in a few seconds."
    return Problem(HTTPStatus.NOT_FOUND, "no_document", detail)


def results_are_lines() -> Problem:
    detail = "This application stores its results as JSON Lines, and the API does not show those. Read them from S3."
    return Problem(HTTPStatus.CONFLICT, "results_are_lines", detail)


def wrong_event() -> Problem:
    detail = (
        "This event is not a request of an API Gateway REST API. An HTTP API must send the payload format version 1.0."
    )
    return Problem(HTTPStatus.BAD_REQUEST, "malformed", detail)


def no_such_path(allowed: str | None) -> Problem:
    """Returns the response for a path or a method that does not exist.

    allowed: the method that the path has, or None if there is no such path.
    """
    if allowed is None:
        return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path.")
    detail = f"This path only supports {allowed}."
    return Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": allowed})
