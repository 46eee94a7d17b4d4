"""Checks before a deployment that the account's quota allows the concurrency of a serverless endpoint."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from training.hosting.options import CONCURRENCY_QUOTA, SUGGESTED_INSTANCE_TYPE, Hosting, Serverless


def validate_quota(hosting: Hosting, service_quotas: Any, warn: Callable[[str], None]) -> None:
    """Raises ValueError if a serverless endpoint needs more concurrency than the account's quota.

    SageMaker refuses such an endpoint too, but only after its model and its configuration have been created. Other
    endpoints that use a part of the quota are not counted.

    service_quotas: boto3's client.
    warn: is called with one line if the quota can't be read, for example because a permission is missing.
    """
    if not isinstance(hosting, Serverless):
        return
    try:
        quota = read_concurrency_quota(service_quotas)
    except (ClientError, BotoCoreError) as error:
        warn(f"the quota for serverless endpoints was not checked, because Service Quotas can't be read: {error}")
        return
    if quota is None:
        warn(f"the quota for serverless endpoints was not checked: Service Quotas does not list {CONCURRENCY_QUOTA!r}")
    elif quota < hosting.concurrency:
        smaller = f"give --max-concurrency {quota}" if quota else f"give --instance-type {SUGGESTED_INSTANCE_TYPE}"
        raise ValueError(
            f"--max-concurrency {hosting.concurrency} is more than the quota of all serverless endpoints of this "
            f"region, which is {quota}: {smaller}, or request a higher {CONCURRENCY_QUOTA!r} in AWS Service Quotas, "
            "under Amazon SageMaker"
        )


def read_concurrency_quota(service_quotas: Any) -> int | None:
    """Returns the quota for the concurrency of all serverless endpoints together; None if the account lists none.

    The quota is found by its name, because AWS documents no codes of quotas.
    """
    pages = service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    listed = (quota for page in pages for quota in page["Quotas"])
    return next((int(quota["Value"]) for quota in listed if quota["QuotaName"] == CONCURRENCY_QUOTA), None)
