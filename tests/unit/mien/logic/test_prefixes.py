"""The folders of the inbox for which clients may request upload forms."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InvalidRequest
from mien.logic.prefixes import MAX_PREFIX_BYTES, parse_prefix
from mien.logic.requests import JSON


@pytest.mark.parametrize(
    "prefix", ["a/", "a/b c/", "2026-11-25T16-30-05Z/", "Zoë's (new) photos/", "名前/", "a.b/..c/"]
)
def test_a_valid_folder_is_used_unchanged(prefix: str) -> None:
    assert parse_prefix(f'{{"prefix": "{prefix}"}}', "application/json; charset=utf-8") == prefix


@pytest.mark.parametrize(
    "body",
    [
        '{"prefix": ""}',
        '{"prefix": "a"}',
        '{"prefix": "/a/"}',
        '{"prefix": "../results/"}',
        '{"prefix": "a/./b/"}',
        '{"prefix": "a//b/"}',
        '{"prefix": "${filename}/"}',
        '{"prefix": "a\\\\u0000/"}',
        '{"prefix": "\\\\ud800/"}',
        '{"prefix": 1}',
        '{"folder": "a/"}',
        '{"prefix": "' + "é" * (MAX_PREFIX_BYTES // 2) + '/"}',
        "[]",
        "{",
        "[" * 100_000,
    ],
    ids=lambda body: body[:30],
)
def test_an_invalid_folder_is_refused_with_a_sentence(body: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_prefix(body, JSON)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")
    assert refused.value.detail.endswith(".")


def test_only_json_is_accepted() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_prefix("prefix=a/", "application/x-www-form-urlencoded")
    assert (refused.value.status, refused.value.headers) == (415, {"Accept": JSON})


@pytest.mark.parametrize("body", ["", "{}"])
def test_without_a_folder_each_request_gets_a_new_one(body: str) -> None:
    made = {parse_prefix(body, JSON) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{8}/", prefix) for prefix in made)


@given(st.text(max_size=30))
def test_no_accepted_folder_is_outside_the_inbox(text: str) -> None:
    try:
        prefix = parse_prefix(json.dumps({"prefix": text}), JSON)
    except InvalidRequest:
        return
    assert prefix.endswith("/")
    assert not prefix.startswith("/")
    assert not {"", ".", ".."} & set(prefix.removesuffix("/").split("/"))


def test_a_folder_may_arrive_in_base64_or_with_a_byte_order_mark() -> None:
    body = json.dumps({"prefix": "a/"})
    assert parse_prefix(base64.b64encode(body.encode()).decode(), JSON, encoded_by_gateway=True) == "a/"
    assert parse_prefix("\ufeff" + body, JSON) == "a/"


@pytest.mark.parametrize(("body", "encoded"), [({"prefix": "a/"}, False), ([1], True), ("***", True), (1, False)])
def test_an_event_whose_body_is_not_what_it_says_is_a_client_error(body: object, encoded: bool) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_prefix(body, JSON, encoded)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")
