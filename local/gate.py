"""MiniStack behind a gate: web pages of other sites can't use the embedded cloud through the developer's browser.

    python -m local.gate

MiniStack checks no signature, allows every origin, and runs the code of functions that it is given. Without the gate,
each page in the developer's browser could run programs as the developer. The gate is in MiniStack's own process, so a
request needs no second connection. Programs of this machine, such as curl and the AWS CLI, are not restricted.
Sources: WHATWG, "Fetch Standard", header `Origin`; W3C, "Fetch Metadata Request Headers", header `Sec-Fetch-Site`;
RFC 6761, section 6.3, for names that end in `.localhost`.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

# No other site can own these names: DNS rebinding works with a name that its attacker owns, and the browser sends that
# name. Names below `localhost` are those of buckets (`bucket.localhost`) and of APIs (`id.execute-api.localhost`).
LOCAL_HOST = re.compile(r"(?:127\.0\.0\.1|(?:[a-z0-9_-]+\.)*localhost)(?P<port>:\d{1,5})?")
# A request from the gateway's own pages, or one that the user started in the address bar.
OWN_SITES = ("same-origin", "none")


def refusal(headers: Headers) -> str | None:
    """Why the gate refuses a request with these headers, as a sentence; None if it lets the request pass."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").lower())
    hosts = values.get("host", [])
    host = LOCAL_HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if not host:
        return "Use this cloud as 127.0.0.1 or localhost: requests to other host names are refused."
    origins = values.get("origin", [])
    if not all(is_own_origin(origin, host["port"]) for origin in origins):
        return "Pages of other sites can't use this cloud."
    sites = values.get("sec-fetch-site", [])
    if not all(site in OWN_SITES for site in sites) and not origins:
        return "Other sites can't open addresses of this cloud. Type or paste the address into the browser."
    is_browser = any(agent.startswith("mozilla/") for agent in values.get("user-agent", []))
    if is_browser and not origins and not sites:
        return "This browser does not say which site a request comes from. Use one that sends Sec-Fetch-Site."
    return None


def is_own_origin(origin: str, port: str | None) -> bool:
    """Whether an origin is a page of this cloud: the host is local, and the port is the one of the request itself."""
    local = LOCAL_HOST.fullmatch(origin.removeprefix("http://"))
    return origin.startswith("http://") and local is not None and local["port"] == port


class Gate:
    """An ASGI application that passes requests on to another one, except those that the gate refuses."""

    def __init__(self, application: Application):
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = None if scope["type"] == "lifespan" else refusal(scope["headers"])
        if reason is None:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            # Before the connection is accepted, closing it answers with status 403.
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def main() -> None:
    # Imported here, because it takes a second, and the tests of the rules don't need it.
    import ministack.app

    from local.lifeline import end_with_parent

    end_with_parent()
    ministack.app.app = Gate(ministack.app.app)
    ministack.app.main()


if __name__ == "__main__":
    main()
