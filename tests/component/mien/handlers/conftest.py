from collections.abc import Iterator

import pytest

from tests.support import api
from tests.support.api import Api, StartApi
from tests.support.sagemaker_runtime import always, serving


@pytest.fixture
def start_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[StartApi]:
    """Starts the API as in a fresh process, with its endpoint at an address and with these environment variables.

    Without an address, the endpoint describes its model, and fails in every other call.
    """
    with serving(always(500, b"", "InternalFailure")) as (describing, _):

        def start(endpoint: str = describing, **variables: str) -> Api:
            return api.start(monkeypatch, endpoint, **variables)

        yield start
