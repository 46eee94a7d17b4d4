"""Which requests the gate in front of MiniStack refuses."""

from collections.abc import Coroutine
from typing import Any

import pytest

from local.gate import MAX_FORM_FIELDS, NO_SECRET, Gate, refusal

SECRET = "5ec2e7"
OWN_HOST = "127.0.0.1:4566"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"


def sent(host: str = OWN_HOST, **headers: str) -> list[tuple[bytes, bytes]]:
    """A request's headers as ASGI has them."""
    named = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    return [(name.encode(), value.encode()) for name, value in named.items()]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        OWN_HOST,
        "localhost:4566",
        "LOCALHOST:4566",
        "mien-000000000000-us-east-1.localhost:4566",
        "photos.of.mine.localhost:4566",
        "fe46a056.execute-api.localhost:4566",
    ],
)
def test_programs_of_this_machine_may_use_every_local_name(host: str) -> None:
    assert refusal(sent(host)) is None
    assert refusal(sent(host, user_agent="curl/8.5.0")) is None
    assert refusal(sent(host, user_agent="Boto3/1.40 md/Botocore#1.40")) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "127.0.0.1.evil.example:4566",
        "localhost.evil.example",
        "evillocalhost:4566",
        "192.168.1.5:4566",
        "0.0.0.0:4566",
        "[::1]:4566",
        "127.0.0.1:4566@evil.example",
        "127.0.0.1:4566:80",
        "",
    ],
)
def test_a_name_that_others_can_own_is_refused_because_of_dns_rebinding(host: str) -> None:
    assert "127.0.0.1 or localhost" in (refusal(sent(host)) or "")
    # After rebinding, the page and the request have the same origin.
    assert refusal(sent(host, origin=f"http://{host}", sec_fetch_site="same-origin", user_agent=BROWSER))


def test_a_request_needs_exactly_one_host() -> None:
    assert refusal([])
    assert refusal([*sent(), (b"Host", b"evil.example")])


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:4566",
        "http://127.0.0.1:4566.evil.example",
        "http://127.0.0.1:8000",
        "http://localhost:3000",
        "http://127.0.0.1",
        "https://127.0.0.1:4566",
        "chrome-extension://abcdefgh",
        "file://",
        "null",
        "",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    assert refusal(sent(origin=origin)) == "Pages of other sites can't use this cloud."
    assert refusal(sent(origin=origin, sec_fetch_site="same-origin"))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "unknown"])
def test_an_image_a_script_or_a_link_of_another_site_is_refused(site: str) -> None:
    assert "Other sites can't" in (refusal(sent(sec_fetch_site=site, user_agent=BROWSER)) or "")


def test_the_cloud_s_own_page_and_the_address_bar_pass() -> None:
    assert refusal(sent(sec_fetch_site="none", user_agent=BROWSER)) is None
    assert refusal(sent(sec_fetch_site="same-origin", user_agent=BROWSER)) is None
    assert refusal(sent(origin=f"http://{OWN_HOST}", sec_fetch_site="same-origin", user_agent=BROWSER)) is None


def test_a_browser_that_does_not_name_the_site_is_refused() -> None:
    assert "Sec-Fetch-Site" in (refusal(sent(user_agent=BROWSER)) or "")


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine that never waits, so it needs no event loop."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


class Request:
    """A request to the gate. After it, `body` is what MiniStack received, or None if the request did not reach it.

    chunks: the parts in which the body arrives.
    answers: what the gate itself has sent.
    """

    def __init__(
        self,
        path: str = "/",
        query: str = "",
        chunks: tuple[bytes, ...] = (b"",),
        scope_type: str = "http",
        method: str = "POST",
        secret: str | None = SECRET,
        **headers: str,
    ):
        self.scope = {
            "type": scope_type,
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": sent(**headers),
        }
        last = len(chunks) - 1
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": n < last} for n, chunk in enumerate(chunks)
        ]
        self.received = 0
        self.body: bytes | None = None
        self.answers: list[dict[str, Any]] = []
        run(Gate(self.ministack, secret)(self.scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        self.received += 1
        return self.messages[self.received - 1]

    async def send(self, message: dict[str, Any]) -> None:
        self.answers.append(message)

    async def ministack(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.body = b""
        more = scope["type"] == "http"
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]


def test_a_refused_request_does_not_reach_ministack() -> None:
    foreign: Any = {"origin": "https://evil.example", "x_amz_security_token": SECRET}
    for scope_type, answers in (
        ("http", ["http.response.start", "http.response.body"]),
        ("websocket", ["websocket.close"]),
    ):
        request = Request(scope_type=scope_type, **foreign)
        assert (request.body, request.received) == (None, 0)
        assert [answer["type"] for answer in request.answers] == answers
    [start, _] = Request(**foreign).answers
    assert start["status"] == 403
    assert not [name for name, _ in start["headers"] if name.startswith(b"access-control")]
    for scope_type in ("http", "websocket", "lifespan"):
        assert Request(scope_type=scope_type, x_amz_security_token=SECRET).body == b""


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"x_amz_security_token": ""},
        {"x_amz_security_token": SECRET[:-1]},
        {"x_amz_security_token": SECRET + "0"},
        {"authorization": f"AWS4-HMAC-SHA256 Credential={SECRET}/20260101/us-east-1/s3/aws4_request"},
        {"query": "X-Amz-Security-Token="},
        {"query": f"prefix=X-Amz-Security-Token={SECRET}"},
        {"content_type": "application/json", "chunks": (SECRET.encode(),)},
        {"content_type": "multipart/form-data; boundary=b", "chunks": (b"another secret",)},
        {"content_type": "multipart/form-data; boundary=b", "chunks": (b" " * MAX_FORM_FIELDS, b" ", SECRET.encode())},
    ],
    ids=lambda credentials: ",".join(credentials) or "none",
)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/2015-03-31/functions",
        "/_ministack/reset",
        "/_ministack/health/",
        "/restapis/a/v1",
        "/x/restapis/a/v1/_user_request_/",
    ],
)
def test_aws_services_are_closed_without_the_secret_of_the_run(path: str, credentials: Any) -> None:
    request = Request(path, **credentials)
    assert request.body is None
    [start, body] = request.answers
    assert start["status"] == 403
    assert NO_SECRET in body["body"].decode()


def test_the_secret_opens_them_in_a_header_in_a_presigned_url_and_in_a_form() -> None:
    assert Request(x_amz_security_token=SECRET, chunks=(b"a", b"b")).body == b"ab"
    assert Request(query=f"X-Amz-Expires=900&X-Amz-Security-Token={SECRET}").body == b""
    # The secret can be split over two parts, and MiniStack still gets the whole body.
    chunks = (b"fields " + SECRET[:3].encode(), SECRET[3:].encode() + b" file", b"x" * 100_000)
    assert Request(chunks=chunks, content_type="multipart/form-data; boundary=b").body == b"".join(chunks)


def test_without_a_secret_only_the_rules_for_browsers_are_left() -> None:
    assert Request("/2015-03-31/functions", secret=None).body == b""
    assert Request(secret=None, content_type="multipart/form-data; boundary=b", chunks=(b"a", b"b")).body == b"ab"
    assert Request(secret=None, origin="https://evil.example").body is None


def test_the_deployed_api_needs_no_secret_because_it_has_its_own_keys() -> None:
    api = "/restapis/a1/v1/_user_request_/classify"
    assert Request(api).body == b""
    assert Request("/restapis/a1/v1/_user_request_/").body == b""
    assert Request("/_ministack/health", method="GET").body == b""
    assert Request("/mien-bucket", method="OPTIONS").body == b""
    # With the name of a bucket as its host, MiniStack could take the path for an object's key.
    assert Request(api, host="mien-bucket.localhost:4566").body is None
