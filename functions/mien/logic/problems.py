"""Failures → problem details: what a client is told, and when to come again.

Source of the form: RFC 9457, "Problem Details for HTTP APIs". Their type is about:blank: the status says what kind of
problem it is, and `reason` is the code by which a program can tell one from another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from mien.aws.endpoint import Throttled
from mien.aws.listing import Unreadable
from mien.errors import OutOfTime, Rejected, TryAgain
from mien.logic.requests import Refused

CONTENT_TYPE = "application/problem+json"
# Seconds. A throttled endpoint has room again by then, and the functions that wait come at different times anyway.
RETRY_AFTER = 5
# Of images that can't be classified. What is an image, but not one that can be read, is no mistake in the request.
STATUSES = {
    "empty": HTTPStatus.BAD_REQUEST,
    "not_an_image": HTTPStatus.BAD_REQUEST,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "broken_image": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_complex": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_small": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unsupported_pixels": HTTPStatus.UNPROCESSABLE_ENTITY,
}


@dataclass(frozen=True)
class Problem:
    """reason: a code, the same for all problems of one kind; detail: a sentence; headers: more of the answer's."""

    status: HTTPStatus
    reason: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> str:
        said = {"title": self.status.phrase, "status": int(self.status), "detail": self.detail, "reason": self.reason}
        return json.dumps({"type": "about:blank", **said}) + "\n"


def problem_of(error: Exception, closed_for: float = 0) -> Problem:
    """closed_for: seconds for which the endpoint is not asked, because it was down.

    Of what failed here nothing is told, neither its words nor names: they are in the log.
    """
    wait = max(RETRY_AFTER, int(closed_for) + 1)
    later = {"Retry-After": str(wait)}
    match error:
        case Refused():
            return Problem(error.status, error.reason, error.detail, error.headers)
        case Rejected():
            return Problem(STATUSES.get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY), error.reason, error.detail)
        case Throttled():
            detail = f"The model is asked more than it can answer. Try again in {wait} seconds."
            return Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", detail, later)
        case Unreadable():
            later = {"Retry-After": str(RETRY_AFTER)}
            detail = f"The results can't be read at present. Try again in {RETRY_AFTER} seconds."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, later)
        case OutOfTime():
            detail = "The model did not answer in time. Try again, or send fewer or smaller images."
            return Problem(HTTPStatus.GATEWAY_TIMEOUT, "timeout", detail)
        case TryAgain():
            detail = f"The model does not answer at present. Try again in {wait} seconds."
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, later)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something is wrong here, not with the request.")


def no_document() -> Problem:
    detail = "There is neither a result nor a rejection of this name. If it was uploaded just now, ask again soon."
    return Problem(HTTPStatus.NOT_FOUND, "no_document", detail)


def not_found(allowed: str | None) -> Problem:
    """allowed: the methods that the path has, None of a path that isn't there."""
    if allowed is None:
        return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path.")
    detail = f"This path takes {allowed} alone."
    return Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, {"Allow": allowed})
