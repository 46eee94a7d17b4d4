"""Exceptions → problem documents."""

import json

import pytest

from mien.errors import (
    EndpointUnavailable,
    NeedsOperator,
    NotReady,
    Outdated,
    OutOfTime,
    Rejected,
    Starting,
    Throttled,
    TimedOut,
    TryAgain,
)
from mien.logic.problems import MIN_RETRY_AFTER, describe_error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Throttled("secret"), 429),
        (TimedOut("secret"), 504),
        (OutOfTime("secret"), 504),
        (EndpointUnavailable("secret"), 503),
        (Starting("secret"), 503),
        (NotReady("secret"), 503),
        (TryAgain("secret"), 503),
        (NeedsOperator("secret"), 500),
        (KeyError("secret"), 500),
        (MemoryError("secret"), 500),
        (Rejected("of a later version", "It has a flaw."), 422),
        (Rejected("archived", "It is archived."), 422),
        (Outdated("secret"), 404),
    ],
)
def test_a_failure_has_its_status_and_hides_the_exceptions_text(error: Exception, status: int) -> None:
    problem = describe_error(error)
    assert problem.status == status
    assert "secret" not in problem.body()
    assert json.loads(problem.body())["title"] == problem.status.phrase


@pytest.mark.parametrize(("retry_after", "seconds"), [(-3.0, MIN_RETRY_AFTER), (0.4, MIN_RETRY_AFTER), (29.2, 30)])
def test_retry_after_is_not_before_the_endpoint_is_called_again(retry_after: float, seconds: int) -> None:
    problem = describe_error(TryAgain("down", retry_after=retry_after))
    assert problem.headers == {"Retry-After": str(seconds)}
    assert f"{seconds} seconds" in problem.detail
