"""Exceptions → problem documents."""

import json

import pytest

from mien.aws.endpoint import Silent, Throttled, Unavailable
from mien.errors import Hopeless, OutOfTime, Rejected, TryAgain
from mien.logic.problems import RETRY_AFTER, problem_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Throttled("secret"), 429),
        (Silent("secret"), 504),
        (OutOfTime("secret"), 504),
        (Unavailable("secret"), 503),
        (TryAgain("secret"), 503),
        (Hopeless("secret"), 500),
        (KeyError("secret"), 500),
        (MemoryError("secret"), 500),
        (Rejected("of a later version", "It has a flaw."), 422),
    ],
)
def test_a_failure_has_its_status_and_hides_the_exceptions_text(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert "secret" not in problem.body()
    assert json.loads(problem.body())["title"] == problem.status.phrase


@pytest.mark.parametrize(("closed_for", "seconds"), [(-3.0, RETRY_AFTER), (0.4, RETRY_AFTER), (29.2, 30)])
def test_retry_after_is_not_before_the_endpoint_is_called_again(closed_for: float, seconds: int) -> None:
    problem = problem_of(TryAgain("down"), closed_for)
    assert problem.headers == {"Retry-After": str(seconds)}
    assert f"{seconds} seconds" in problem.detail
