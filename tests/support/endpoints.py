"""The functions' client of an endpoint that a test serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mien.aws.endpoint import Endpoint
from mien.settings import EndpointInput
from tests.support.pictures import SETTINGS
from tests.support.sagemaker_runtime import DESCRIPTION, Request, Respond, serving


@contextmanager
def endpoint_that(
    respond: Respond, kind: EndpointInput = "batch", description: Any = DESCRIPTION
) -> Iterator[tuple[Endpoint, list[Request]]]:
    """Yields the client of an endpoint that answers like this, and the list of requests, which grows.

    description: as for `serving`.
    """
    with serving(respond, description) as (url, requests):
        yield endpoint_at(url, kind), requests


def endpoint_at(url: str, kind: EndpointInput = "batch", read_timeout: float = 2) -> Endpoint:
    """A client that sends its requests to this address. read_timeout: seconds."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
        return Endpoint(replace(SETTINGS, endpoint_input=kind), read_timeout=read_timeout, connections=2)
