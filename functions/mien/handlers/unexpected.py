"""Counts errors that the code does not expect, for each version of a function.

An expected error has a class of its own in mien/errors.py, such as that of an endpoint that is down. Every other error
is a bug. If a new version has one, its alarm rings and CodeDeploy goes back to the version before.
"""

import os
from collections.abc import Iterable

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from mien.errors import NeedsOperator, Outdated, Rejected, TryAgain

METRIC = "UnexpectedErrors"
EXPECTED = (NeedsOperator, Outdated, Rejected, TryAgain)


def count_unexpected(service: str, errors: Iterable[Exception]) -> None:
    """Writes how many of the errors are unexpected, as a metric of the version that runs. Writes nothing if none is.

    service: as in the other metrics of the function.
    """
    number = sum(not isinstance(error, EXPECTED) for error in errors)
    if number:
        dimensions = {"service": service, "version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")}
        with single_metric(METRIC, MetricUnit.Count, number, default_dimensions=dimensions):
            pass
