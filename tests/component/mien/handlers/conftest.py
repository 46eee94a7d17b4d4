from functools import partial

import pytest

from tests.support import api
from tests.support.api import StartApi


@pytest.fixture
def start_api(monkeypatch: pytest.MonkeyPatch) -> StartApi:
    """Starts the API as in a fresh process, with its endpoint at an address and with these environment variables."""
    return partial(api.start, monkeypatch)
