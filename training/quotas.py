"""Quotas of SageMaker in AWS Service Quotas, found by the names that its console shows.

AWS documents no codes of these quotas, and a quota's code is not the same for all instance types.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

SAGEMAKER = "sagemaker"
# The end of all sentences about a shortage.
WHERE_TO_REQUEST = "in AWS Service Quotas, under Amazon SageMaker"
# AWS Service Quotas API Reference, "ListServiceQuotas": MaxResults. SageMaker has more than a thousand quotas.
PAGE_SIZE = 100


def read_quota(name: str, service_quotas: Any, warn: Callable[[str], None]) -> int | None:
    """Returns a quota of SageMaker in the client's region; None if it can't be read.

    service_quotas: boto3's client.
    warn: is called with one line if the quota can't be read, for example because a permission is missing.
    """
    try:
        value = read_quotas([name], service_quotas).get(name)
    except (ClientError, BotoCoreError) as error:
        warn(f"the quota {name!r} was not checked, because Service Quotas can't be read: {error}")
        return None
    if value is None:
        warn(f"the quota {name!r} was not checked: Service Quotas does not list it")
        return None
    return int(value)


def read_quotas(names: Collection[str], service_quotas: Any) -> dict[str, float]:
    """Returns the values of the quotas that Service Quotas lists: the account's own, and otherwise AWS's default.

    ListServiceQuotas leaves out quotas for which the account has no value of its own.
    Source: AWS Service Quotas API Reference, "ListServiceQuotas" and "ListAWSDefaultServiceQuotas".
    Raises botocore's ClientError or BotoCoreError.
    """
    found: dict[str, float] = {}
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        missing = set(names) - found.keys()
        for quota in list_quotas(operation, service_quotas) if missing else ():
            if quota["QuotaName"] in missing:
                found[quota["QuotaName"]] = quota["Value"]
                if len(found) == len(set(names)):
                    return found
    return found


def list_quotas(operation: str, service_quotas: Any) -> Iterator[dict[str, Any]]:
    paginator = service_quotas.get_paginator(operation)
    for page in paginator.paginate(ServiceCode=SAGEMAKER, PaginationConfig={"PageSize": PAGE_SIZE}):
        yield from page["Quotas"]
