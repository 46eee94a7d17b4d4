"""An account that is started once, and is empty at the beginning of each test of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.account import Account, start_account
from tests.support.undeploying import ROLE, Deployments


@pytest.fixture(scope="package")
def running() -> Iterator[Account]:
    with start_account() as started:
        started.create_role(ROLE)
        yield started


@pytest.fixture
def deployments(running: Account) -> Iterator[Deployments]:
    deployments = Deployments(running)
    assert not deployments.left()
    running.calls.clear()
    yield deployments
    deployments.undeploy()
    assert not deployments.left(), "the test has left something that undeploy does not find"
