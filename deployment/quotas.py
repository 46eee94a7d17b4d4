"""Checks before a deployment that the account's quotas allow it: those of Lambda, and those of the endpoint."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.errors import DeploymentError
from training.hosting.inventory import Clients
from training.hosting.options import MIN_FUNCTIONS_CONCURRENCY, Hosting
from training.hosting.quotas import validate_quota

# How AWS Service Quotas names it, under AWS Lambda.
CONCURRENCY_QUOTA = "Concurrent executions"
# A browser sends three requests at the same time to load the page (docs/architecture.md).
API_CONCURRENCY = 3


def check_quotas(
    clients: Clients, hosting: Hosting | None, maximum_concurrency: int, warn: Callable[[str], None]
) -> None:
    """Raises ValueError, with the ways out, if a quota of the account is too small for a deployment.

    clients: boto3's, by service: lambda and service-quotas.
    hosting: None if the endpoint exists already.
    maximum_concurrency: the template's parameter MaximumConcurrency.
    warn: is called with one line if a quota can't be read, or if it will be too small later.
    """
    validate_concurrency(clients["lambda"], maximum_concurrency, warn)
    if hosting:
        validate_quota(hosting, clients["service-quotas"], warn)


def validate_concurrency(functions: Any, maximum_concurrency: int, warn: Callable[[str], None]) -> None:
    """Compares the concurrency of the inbox, and room for the API, with what Lambda gives to the account's functions.

    functions: boto3's client of Lambda.
    Other functions that run at the same time are not counted.
    """
    try:
        limit = functions.get_account_settings()["AccountLimit"]
    except (ClientError, BotoCoreError) as error:
        warn(f"the quota {CONCURRENCY_QUOTA!r} was not checked, because Lambda's settings can't be read: {error}")
        return
    # What is reserved for single functions is not there for others.
    quota, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    if free >= maximum_concurrency + API_CONCURRENCY:
        return
    reserved = f", of which {quota - free:,} are reserved for other functions" if free < quota else ""
    largest = free - API_CONCURRENCY
    smaller = f"give --parameter MaximumConcurrency={largest}, or " if largest >= MIN_FUNCTIONS_CONCURRENCY else ""
    raise DeploymentError(
        f"MaximumConcurrency {maximum_concurrency} and {API_CONCURRENCY} executions for the API are more than the "
        f"quota {CONCURRENCY_QUOTA!r} of this region, which is {quota:,}{reserved}: {smaller}request a higher "
        f"{CONCURRENCY_QUOTA!r} in AWS Service Quotas, under AWS Lambda"
    )
