"""Paths and query parameters → names and queries."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.logic.queries import is_valid_key, parse_name

NAMES = ["a b.png", "a%20b.png", "a%2520b.png", "a/b c.png", "ü +%41&#?.png", "100%.png", "a+b.png", "[1].png"]


def rest_event(name: str) -> dict[str, Any]:
    """The event of a REST API, whose path parameters are as the URL has them."""
    return {"pathParameters": {"key": quote(name)}}


def http_event(name: str) -> dict[str, Any]:
    """The event of an HTTP API, or of MiniStack, whose path parameters are decoded."""
    return {"version": "1.0", "pathParameters": {"key": name}}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_same_whether_the_gateway_decodes_path_parameters_or_not(name: str) -> None:
    assert parse_name(rest_event(name)) == name
    assert parse_name(http_event(name)) == name


@given(st.text(min_size=1, max_size=300).filter(is_valid_key))
def test_every_name_is_read_from_both_forms(name: str) -> None:
    assert parse_name(rest_event(name)) == name
    assert parse_name(http_event(name)) == name


@pytest.mark.parametrize("name", ["a b.png", "ü.png", "100%.png", "a|b.png"])
def test_a_parameter_that_cannot_be_a_part_of_a_url_was_decoded(name: str) -> None:
    assert parse_name({"pathParameters": {"key": name}}) == name


@pytest.mark.parametrize("parameters", [None, {}, {"key": ""}, {"key": None}, {"key": "%ff"}, {"key": "%00"}])
def test_a_path_without_a_valid_name_names_no_image(parameters: Any) -> None:
    assert parse_name({"pathParameters": parameters}) is None
