"""Which requests the gate in front of MiniStack refuses."""

from collections.abc import Coroutine
from typing import Any

import pytest

from local.gate import Gate, refusal

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


def test_a_refused_request_does_not_reach_ministack() -> None:
    reached: list[str] = []
    answers: list[dict[str, Any]] = []

    async def ministack(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("the gate must not read a body")

    foreign, own = sent(origin="https://evil.example"), sent()
    for scope_type in ("http", "websocket"):
        run(Gate(ministack)({"type": scope_type, "headers": foreign}, receive, send))
    assert reached == []
    assert [answer["type"] for answer in answers] == ["http.response.start", "http.response.body", "websocket.close"]
    assert answers[0]["status"] == 403
    assert not [name for name, _ in answers[0]["headers"] if name.startswith(b"access-control")]
    for scope in ({"type": "http", "headers": own}, {"type": "websocket", "headers": own}, {"type": "lifespan"}):
        run(Gate(ministack)(scope, receive, send))
    assert reached == ["http", "websocket", "lifespan"]
