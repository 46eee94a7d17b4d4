"""From the body of a request to its images, and which format of the answer the client prefers."""

import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import InvalidRequest
from mien.logic.requests import MAX_BODY_BYTES, parse_images, wants_text

REPLAYABLE = settings(deadline=None, derandomize=True)
ENCODED = ("", "text/plain", "application/x-www-form-urlencoded")
KINDS = (*ENCODED, "application/json", "image/png", "application/octet-stream")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_three_forms_of_a_body_contain_the_same_image(sample: bytes) -> None:
    plain = parse_images(encoded(sample), False, "text/plain")
    as_json = parse_images(json.dumps({"image": encoded(sample)}), False, "application/json")
    raw = parse_images(encoded(sample), True, "image/png")
    assert plain == as_json == raw == sample


@pytest.mark.parametrize("kind", ENCODED)
def test_plain_base64_needs_no_particular_content_type(kind: str, sample: bytes) -> None:
    assert parse_images(encoded(sample), False, kind) == sample


def test_base64_with_the_content_type_of_an_image_is_decoded(sample: bytes) -> None:
    assert parse_images(encoded(encoded(sample).encode()), True, "image/jpeg") == sample


def test_base64_may_have_line_breaks_or_be_a_data_url(sample: bytes) -> None:
    assert parse_images(base64.encodebytes(sample).decode(), False, "text/plain") == sample
    assert parse_images(f"data:image/png;base64,{encoded(sample)}", False, "text/plain") == sample


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("", "image/png", 400),
        ("%%%", "text/plain", 400),
        ("é", "text/plain", 400),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"image": 1}', "application/json", 400),
        ('{"picture": ""}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ("<x/>", "application/xml", 415),
        ("x", "multipart/form-data", 415),
        ("A" * (MAX_BODY_BYTES * 4 // 3 + 8), "text/plain", 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_unreadable_request_has_the_status_of_a_client_error(body: str, kind: str, status: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(body, False, kind)
    assert refused.value.status == status
    assert str(refused.value).endswith(".")


@REPLAYABLE
@given(st.binary(min_size=1, max_size=300))
def test_raw_bytes_are_returned_unchanged_unless_they_are_base64(data: bytes) -> None:
    try:
        received = parse_images(encoded(data), True, "application/octet-stream")
    except InvalidRequest:
        received = b""
    assert received == data or data[:64].isascii()


@REPLAYABLE
@given(st.text(), st.sampled_from(KINDS) | st.text(max_size=20))
def test_any_text_is_an_image_or_a_client_error(body: str, kind: str) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(parse_images(body, False, kind), bytes)


@REPLAYABLE
@given(st.binary(min_size=1), st.sampled_from(KINDS))
def test_any_bytes_are_an_image_or_a_client_error(data: bytes, kind: str) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(parse_images(encoded(data), True, kind), bytes)


@REPLAYABLE
@given(st.binary(min_size=1), st.integers(1, 80))
def test_every_form_of_a_body_returns_the_image_unchanged(data: bytes, width: int) -> None:
    text = encoded(data)
    lines = "\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert parse_images(text, False, "text/plain") == data
    assert parse_images(lines, False, "text/plain") == data
    assert parse_images(f"data:image/png;base64,{text}", False, "") == data
    assert parse_images(json.dumps({"more": 1, "image": lines}), False, "application/json") == data
    assert parse_images(encoded(json.dumps({"image": text}).encode()), True, "application/json") == data
    assert parse_images(encoded(text.encode()), True, "text/plain") == data


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("text/plain", True),
        ("TEXT/PLAIN; charset=utf-8, */*", True),
        ("application/json, text/plain", False),
        ("text/plain, application/json", True),
    ],
)
def test_plain_text_is_for_clients_that_prefer_it(accept: str | None, expected: bool) -> None:
    assert wants_text(accept) is expected


def test_the_images_of_a_list_share_the_size_limit_of_one_image() -> None:
    half = encoded(bytes(MAX_BODY_BYTES // 2))
    assert parse_images(json.dumps({"images": [half, half]}), False, "application/json") == [half, half]
    with pytest.raises(InvalidRequest) as refused:
        parse_images(json.dumps({"images": [half, half, "AAAAAAAA"]}), False, "application/json")
    assert (refused.value.status, refused.value.reason) == (413, "too_large")
