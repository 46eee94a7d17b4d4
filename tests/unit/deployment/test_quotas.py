"""Before a deployment, Lambda's concurrency and the endpoint's quotas are compared with what it needs."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployment.quotas import check_quotas
from training.hosting.options import CONCURRENCY_QUOTA, FUNCTIONS_CONCURRENCY, Serverless


class Account:
    """Stubbed clients, and the warnings of the checks."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none", "region_name": "eu-central-1"}
        self.clients: dict[str, Any] = {name: boto3.client(name, **keys) for name in ("lambda", "service-quotas")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        self.warnings: list[str] = []

    def gives(self, quota: int, unreserved: int | None = None) -> None:
        limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved or quota}
        self.stubs["lambda"].add_response("get_account_settings", {"AccountLimit": limit}, {})

    def check(self, maximum_concurrency: int = FUNCTIONS_CONCURRENCY, hosting: Serverless | None = None) -> None:
        check_quotas(self.clients, hosting, maximum_concurrency, self.warnings.append)

    def error(self, maximum_concurrency: int = FUNCTIONS_CONCURRENCY) -> str:
        with pytest.raises(ValueError, match="are more than the quota") as caught:
            self.check(maximum_concurrency)
        return str(caught.value)


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    with account.stubs["lambda"], account.stubs["service-quotas"]:
        yield account


def test_the_default_fits_into_a_new_account(account: Account) -> None:
    account.gives(10)
    account.check()
    assert account.warnings == []


def test_a_concurrency_that_leaves_no_room_for_the_api_is_refused_with_the_largest_that_fits(account: Account) -> None:
    account.gives(10)
    assert account.error(10) == (
        "MaximumConcurrency 10 and 3 executions for the API are more than the quota 'Concurrent executions' of this "
        "region, which is 10: give --parameter MaximumConcurrency=7, or request a higher 'Concurrent executions' in "
        "AWS Service Quotas, under AWS Lambda"
    )
    account.gives(10)
    account.check(7)


def test_concurrency_that_other_functions_have_reserved_is_not_there(account: Account) -> None:
    account.gives(1000, unreserved=100)
    message = account.error(200)
    assert (
        "which is 1,000, of which 900 are reserved for other functions: give --parameter MaximumConcurrency=97"
        in message
    )


def test_a_quota_that_is_too_small_for_any_value_can_only_be_raised(account: Account) -> None:
    account.gives(4)
    assert "which is 4: request a higher" in account.error()


def test_settings_that_cannot_be_read_are_a_warning(account: Account) -> None:
    account.stubs["lambda"].add_client_error("get_account_settings", "AccessDeniedException", "not authorized")
    account.check()
    [warning] = account.warnings
    assert warning.startswith("the quota 'Concurrent executions' was not checked, because Lambda's settings can't")
    assert "AccessDeniedException" in warning


def test_the_quota_of_the_endpoint_is_checked_too_unless_the_endpoint_exists_already(account: Account) -> None:
    account.gives(10)
    quotas = {"Quotas": [{"QuotaName": CONCURRENCY_QUOTA, "Value": 2.0}]}
    request = {"ServiceCode": "sagemaker", "MaxResults": 100}
    account.stubs["service-quotas"].add_response("list_service_quotas", quotas, request)
    with pytest.raises(ValueError, match="give --max-concurrency 2"):
        account.check(hosting=Serverless(2048, 5))
