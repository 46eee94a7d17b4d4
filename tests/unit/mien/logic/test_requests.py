"""From the body of a request to its images, and which format of the answer the client prefers."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.errors import InvalidRequest
from mien.logic.requests import (
    ALIASES,
    CURL_DEFAULT,
    IMAGES,
    MAX_BODY_BYTES,
    WHAT_TO_SEND,
    StoredName,
    parse_images,
    wants_text,
)
from tests import corpus

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
        ("x", "multipart/mixed", 415),
        ("x", "multipart/form-data", 400),
        ("A" * (MAX_BODY_BYTES * 4 // 3 + 8), "text/plain", 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_unreadable_request_has_the_status_of_a_client_error(body: str, kind: str, status: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(body, False, kind)
    assert refused.value.status == status
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("kind", ["application/json", CURL_DEFAULT, "text/plain", ""])
def test_a_stored_image_is_named_in_json(kind: str) -> None:
    assert parse_images(json.dumps({"name": "a/b c.png"}), False, kind) == StoredName("a/b c.png")


@pytest.mark.parametrize(
    "name", ["../results/a.json", "a/../../b", "..", ".", "./a", "a/.", "", "a\nb", "x" * 1025, 1, None]
)
def test_a_name_that_could_lead_out_of_the_inbox_or_that_no_image_has_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(json.dumps({"name": name}), False, "application/json")
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize("others", [{"image": "AAAA"}, {"images": ["AAAA"]}])
def test_a_request_has_images_or_a_name_and_not_both(others: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="one of image, images and name"):
        parse_images(json.dumps({"name": "a.png"} | others), False, "application/json")


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


BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, bytes]) -> str:
    """A form as a browser sends it, in the base64 of API Gateway. parts: Content-Disposition and content."""
    whole = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
        for disposition, content in parts
    )
    return encoded(whole + f"--{BOUNDARY}--\r\n".encode())


FILE = 'name="file"; filename="a.png"'


@pytest.mark.parametrize("kind", [*ALIASES, *IMAGES, CURL_DEFAULT, "IMAGE/JPG; q=1"])
def test_a_file_is_taken_under_every_name_of_its_type_and_under_that_of_curl(kind: str, sample: bytes) -> None:
    assert parse_images(encoded(sample), True, kind) == sample


@pytest.mark.parametrize("data", [corpus.GOOD[name].data for name in corpus.GOOD], ids=list(corpus.GOOD))
@pytest.mark.parametrize("kind", [CURL_DEFAULT, "", "text/plain", "image/png"])
def test_every_kind_of_file_is_recognised_by_its_content(kind: str, data: bytes) -> None:
    if len(data) <= MAX_BODY_BYTES:
        assert parse_images(encoded(data), True, kind) == data


@pytest.mark.parametrize("kind", ["text/plain", "", CURL_DEFAULT, "image/png", "binary/octet-stream"])
@pytest.mark.parametrize("by_gateway", [False, True])
def test_base64_is_taken_in_every_unambiguous_form(kind: str, by_gateway: bool) -> None:
    data = bytes(range(256)) + b"\xfb\xff"
    standard = encoded(data)
    url_safe = base64.urlsafe_b64encode(data).decode()
    forms = [
        standard,
        standard.rstrip("="),
        url_safe,
        url_safe.rstrip("="),
        f"data:image/png;base64,{standard}",
        f"DATA:image/png;base64,{standard}",
        f" \r\n data:image/png;base64,{standard}\n",
        f"data:image/png;base64,{standard.replace('+', '%2B').replace('=', '%3D')}",
        f"\ufeff{standard}",
        f"  {standard}",
        base64.encodebytes(data).decode(),
    ]
    for text in forms:
        body = encoded(text.encode()) if by_gateway else text
        if not (text.startswith("\ufeff") and kind.endswith(("png", "stream"))):
            assert parse_images(body, by_gateway, kind) == data, text


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", CURL_DEFAULT])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("by_gateway", [False, True])
def test_json_is_recognised_by_its_content_and_may_have_a_byte_order_mark(
    kind: str, mark: str, by_gateway: bool, sample: bytes
) -> None:
    text = mark + json.dumps({"image": encoded(sample)})
    assert parse_images(encoded(text.encode()) if by_gateway else text, by_gateway, kind) == sample


def test_the_file_of_a_form_is_the_image(sample: bytes) -> None:
    fields = ('name="comment"', b"a text"), ('name="empty"; filename=""', b"")
    assert parse_images(form(*fields, (FILE, sample)), True, FORM_TYPE) == sample
    assert parse_images(form(('name="file"; filename="\u00fc \u540d.png"', sample)), True, FORM_TYPE) == sample
    assert parse_images(form(("name=\"f\"; filename*=UTF-8''%C3%BC.png", sample)), True, FORM_TYPE) == sample
    assert parse_images(form(('name="image"', encoded(sample).encode())), True, FORM_TYPE) == sample
    assert parse_images(form((FILE, encoded(sample).encode())), True, FORM_TYPE) == sample


@REPLAYABLE
@given(st.binary(min_size=1, max_size=300))
def test_a_file_of_a_form_is_returned_unchanged_unless_it_is_base64(data: bytes) -> None:
    data = b"\x89" + data
    assert parse_images(form((FILE, data)), True, FORM_TYPE) == data


def test_several_files_of_a_form_are_several_images_in_their_order(sample: bytes) -> None:
    assert parse_images(form((FILE, sample), (FILE, b"\x00")), True, FORM_TYPE) == [sample, b"\x00"]
    with pytest.raises(InvalidRequest) as refused:
        parse_images(form(*[(FILE, sample)] * 3), True, FORM_TYPE, limit=2)
    assert (refused.value.status, refused.value.reason) == (413, "too_many_images")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form(('name="comment"', b"a text")), FORM_TYPE),
        (form(('name="file"; filename=""', b"")), FORM_TYPE),
        (form(*[('name="image"', b"QUJD")] * 2), FORM_TYPE),
        (form((FILE, b"x")), "multipart/form-data"),
        (form((FILE, b"x")), "multipart/form-data; boundary=other"),
        (form((FILE, b"x"))[:-40], FORM_TYPE),
        (form(*[(FILE, b"x")] * 300), FORM_TYPE),
        (form((FILE, b"x")), 'multipart/form-data; boundary="a\nb"'),
        (encoded(b"text"), FORM_TYPE),
    ],
    ids=[
        "no file",
        "no file chosen",
        "two texts",
        "no boundary",
        "another boundary",
        "cut",
        "many",
        "line feed",
        "text",
    ],
)
def test_a_form_that_cannot_be_read_says_what_to_send(body: str, kind: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(body, True, kind)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")
    assert refused.value.detail.endswith(WHAT_TO_SEND)


@pytest.mark.parametrize("kind", ["", "text/plain", "image/png"])
def test_a_file_that_arrived_as_text_says_what_to_send(kind: str, sample: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(sample.decode(errors="replace"), False, kind)
    assert (refused.value.status, refused.value.reason) == (400, "not_base64")
    assert refused.value.detail.endswith(WHAT_TO_SEND)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "by_gateway"),
    [("***", True), ("A", True), ("\u00e9", True), ({}, False), ({"image": "A"}, True), ([], False), (1, True)],
)
def test_an_event_whose_body_is_not_what_it_says_is_a_client_error(kind: str, body: object, by_gateway: bool) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_images(body, by_gateway, kind)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


@pytest.mark.parametrize("kind", ["image/jpg", CURL_DEFAULT, FORM_TYPE])
def test_a_file_that_is_too_large_is_refused_under_every_type(kind: str) -> None:
    data = b"\x89" * (MAX_BODY_BYTES + 4)
    body = form((FILE, data)) if kind == FORM_TYPE else encoded(data)
    with pytest.raises(InvalidRequest) as refused:
        parse_images(body, True, kind)
    assert (refused.value.status, refused.value.reason) == (413, "too_large")
