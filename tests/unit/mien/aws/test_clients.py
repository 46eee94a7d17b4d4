"""Which failures of S3 may pass, and which need an operator."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from mien.aws.clients import INVALID_REQUEST_CODES, s3_failures
from mien.errors import NeedsOperator, StorageUnavailable


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetObject")


@pytest.mark.parametrize(
    "error", [ParamValidationError(report="Invalid bucket name"), *map(refusal, sorted(INVALID_REQUEST_CODES))], ids=str
)
def test_a_request_that_s3_can_never_accept_needs_an_operator(error: Exception) -> None:
    with pytest.raises(NeedsOperator, match=r"^reading from S3: .*invalid"), s3_failures("reading from S3"):
        raise error


@pytest.mark.parametrize(
    "error",
    [refusal("SlowDown"), refusal("AccessDenied"), refusal("NoSuchBucket"), EndpointConnectionError(endpoint_url="x")],
    ids=str,
)
def test_every_other_failure_of_s3_may_pass(error: Exception) -> None:
    with pytest.raises(StorageUnavailable), s3_failures("reading from S3"):
        raise error
