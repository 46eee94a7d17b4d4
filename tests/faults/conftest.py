"""The trials run in several processes, each with an embedded cloud of its own."""

import pytest

from local.package import build_package


def pytest_configure(config: pytest.Config) -> None:
    # All processes deploy the same package from build/. The process that starts the others builds it first, because two
    # that build it at the same time would overwrite each other's files.
    if not hasattr(config, "workerinput"):
        build_package()
