"""Paths and query parameters → names and queries."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InvalidRequest
from mien.logic.queries import (
    Query,
    format_next,
    is_valid_key,
    parse_faces,
    parse_folder_query,
    parse_name,
    parse_query,
)
from mien.logic.results import MAX_KEY_BYTES

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


@given(st.text(min_size=1, max_size=MAX_KEY_BYTES // 4))
def test_every_next_is_accepted_as_after(key: str) -> None:
    assert parse_query({"after": format_next(key)}).after == key


@pytest.mark.parametrize("key", ["a.png.json", "~.json", "~YQ.json", "~a b", "~", "~_w", "a\tb.png.json", "\x00"])
def test_a_key_is_accepted_as_after_too(key: str) -> None:
    assert parse_query({"after": key}).after == key


@pytest.mark.parametrize("after", ["x" * (MAX_KEY_BYTES + 1), "\ud800", format_next("x" * (MAX_KEY_BYTES + 1))])
def test_an_after_that_is_not_a_key_is_refused_with_a_sentence(after: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_query({"after": after})
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize("since", ["", "now", "2026-11-26", "2026-13-26T20:00:00Z", "2026-11-26T20:00:00.1Z"])
def test_a_since_that_is_not_a_time_is_refused_with_a_sentence(since: str) -> None:
    with pytest.raises(InvalidRequest, match="such as 2026-11-26T20:00:00Z") as refused:
        parse_query({"since": since})
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize("parameters", [{"prefix": "a"}, {"prefix": "a/b"}, {"prefix": "\t/"}, {"after": "x" * 1025}])
def test_folders_are_listed_only_within_a_folder(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_folder_query(parameters)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


def test_what_counts_as_a_face_is_what_the_request_says() -> None:
    assert [parse_faces(parameters) for parameters in ({}, {"faces": "find"}, {"faces": "whole"})] == [
        None,
        "find",
        "whole",
    ]
    with pytest.raises(InvalidRequest, match="Use find or whole"):
        parse_faces({"faces": "all"})


def test_without_parameters_every_result_is_listed() -> None:
    assert parse_query({}) == Query()
