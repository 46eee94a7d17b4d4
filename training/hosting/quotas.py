"""Checks before a deployment that the account's quotas allow the endpoint.

SageMaker refuses such an endpoint too, but only after its model and its configuration have been created. Other
endpoints that use a part of a quota are not counted.
"""

from collections.abc import Callable
from typing import Any

from training.hosting.options import CONCURRENCY_QUOTA, SUGGESTED_INSTANCE_TYPE, Hosting, Instances, Serverless
from training.quotas import WHERE_TO_REQUEST, read_quota

Warn = Callable[[str], None]


def validate_quota(hosting: Hosting, service_quotas: Any, warn: Warn) -> None:
    """Raises ValueError if an endpoint needs more than the account's quota.

    service_quotas: boto3's client.
    warn: is called with one line if the quota can't be read, or if it will be too small later.
    """
    if isinstance(hosting, Serverless):
        validate_concurrency(hosting, service_quotas, warn)
    else:
        validate_instances(hosting, service_quotas, warn)


def validate_concurrency(hosting: Serverless, service_quotas: Any, warn: Warn) -> None:
    quota = read_quota(CONCURRENCY_QUOTA, service_quotas, warn)
    if quota is not None and quota < hosting.concurrency:
        smaller = f"give --max-concurrency {quota}" if quota else f"give --instance-type {SUGGESTED_INSTANCE_TYPE}"
        raise ValueError(
            f"--max-concurrency {hosting.concurrency} is more than the quota of all serverless endpoints of this "
            f"region, which is {quota}: {smaller}, or request a higher {CONCURRENCY_QUOTA!r} {WHERE_TO_REQUEST}"
        )


def validate_instances(hosting: Instances, service_quotas: Any, warn: Warn) -> None:
    name = endpoint_quota(hosting.type)
    quota = read_quota(name, service_quotas, warn)
    if quota is None:
        return
    request = f"request a higher {name!r} {WHERE_TO_REQUEST}"
    if quota < hosting.minimum:
        smaller = f"give --min-instances {quota}" if quota else "give another --instance-type or none for serverless"
        raise ValueError(
            f"--min-instances {hosting.minimum} is more than the quota {name!r} of this region, which is {quota}: "
            f"{smaller}, or {request}"
        )
    if quota < hosting.maximum:
        warn(
            f"auto scaling will end at {quota} instances instead of --max-instances {hosting.maximum}, because that is "
            f"the quota {name!r}: {request} before the load comes"
        )
    elif quota < 2 * hosting.minimum:
        warn(
            f"an update of the endpoint needs {2 * hosting.minimum} instances, because old and new ones run at the "
            f"same time, and the quota {name!r} is {quota}: {request} before the next model"
        )


def endpoint_quota(instance_type: str) -> str:
    """The name of the quota for the instances of all endpoints of a region."""
    return f"{instance_type} for endpoint usage"
