"""The functions' environment variables."""

import os

import pytest

from mien.settings import read_settings


def test_the_template_sets_all_variables_that_the_functions_read() -> None:
    assert read_settings(os.environ).inbox_prefix == "inbox/"


@pytest.mark.parametrize("name", ["ENDPOINT_NAME", "RESULTS_PREFIX"])
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        read_settings({**os.environ, name: ""})


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ValueError, match="ENDPOINT_INPUT is 'both', not one of batch, image"):
        read_settings({**os.environ, "ENDPOINT_INPUT": "both"})
