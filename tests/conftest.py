"""All tests get the environment variables that the template gives the functions, and a sample face."""

import os

import pytest

from local import cloud, template
from local.paths import SAMPLES


def pytest_configure() -> None:
    # The handlers read the environment when they are imported, as in Lambda.
    os.environ.update(cloud.CREDENTIALS)
    os.environ.update(template.function_environment(cloud.UNDEPLOYED_REFERENCES))
    os.environ["POWERTOOLS_TRACE_DISABLED"] = "true"


@pytest.fixture(scope="session")
def sample() -> bytes:
    """A 48x48 grayscale PNG of a face."""
    return (SAMPLES / "happy" / "1.png").read_bytes()
