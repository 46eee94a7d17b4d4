"""The application with the policies of IAM enforced. It is started once, and the tests of this folder use it."""

from collections.abc import Iterator

import pytest

from tests.support.enforcing import Doors, start_enforcing


@pytest.fixture(scope="package")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with start_enforcing(tmp_path_factory.mktemp("certificate")) as running:
        yield running
