"""MiniStack behind a gate: neither web pages of other sites nor other users of the machine can use the embedded cloud.

    AWS_SESSION_TOKEN=SECRET python -m local.gate

MiniStack checks no signature, allows every origin, and runs the code of functions that it is given. Without the gate,
each page in the developer's browser, and each user of the machine, could run programs as the developer. The gate is in
MiniStack's own process, so a request needs no second connection.

Requests to AWS's services need the secret of this run as their session token, which all AWS clients send as they are
configured. The deployed API needs none: it has its own keys.
Sources: WHATWG, "Fetch Standard", header `Origin`; W3C, "Fetch Metadata Request Headers", header `Sec-Fetch-Site`;
RFC 6761, section 6.3, for names that end in `.localhost`; IAM User Guide, "Create a signed AWS API request", for
session tokens.
"""

import os
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

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
# The deployed APIs, whose requests MiniStack sends to API Gateway and to nothing else.
PUBLIC_PATH = re.compile(r"/_ministack/health|/restapis/[^/]+/[^/]+/_user_request_(?:/.*)?", re.DOTALL)
PUBLIC_HOST = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d{1,5})?", re.IGNORECASE)
NO_SECRET = "Each run of this cloud has its own secret: set AWS_SESSION_TOKEN to the value that `make up` prints."
# Bytes. A form has its file last, and its other fields are far smaller than this.
MAX_FORM_FIELDS = 65_536


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


def header(scope: Scope, name: bytes) -> str:
    """The first header with this name, which is in lower case; empty if there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def is_public(scope: Scope) -> bool:
    """Whether a request needs no secret: it is to the deployed API, or a preflight, which carries no credentials."""
    if scope.get("method") == "OPTIONS":
        return True
    return bool(PUBLIC_PATH.fullmatch(scope["path"]) and PUBLIC_HOST.fullmatch(header(scope, b"host")))


def has_secret(scope: Scope, secret: str) -> bool:
    """Whether a request carries the secret as its session token: in a header, or in a presigned URL."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    tokens = [header(scope, b"x-amz-security-token"), *query.get("X-Amz-Security-Token", [])]
    return any(secrets.compare_digest(token.encode(), secret.encode()) for token in tokens)


async def read_form_fields(receive: Receive, secret: str) -> tuple[bool, Receive]:
    """Reads a form until the secret is found. Returns whether it was, and a function that receives all of it again."""
    messages, body = [], b""
    while secret.encode() not in body and len(body) <= MAX_FORM_FIELDS:
        messages.append(await receive())
        body += messages[-1].get("body", b"")
        if not messages[-1].get("more_body"):
            break

    async def receive_again() -> dict[str, Any]:
        return messages.pop(0) if messages else await receive()

    return secret.encode() in body, receive_again


class Gate:
    """An ASGI application that passes requests on to another one, except those that the gate refuses.

    secret: what requests to AWS's services carry as their session token; None if MiniStack checks credentials itself.
    """

    def __init__(self, application: Application, secret: str | None):
        self.application = application
        self.secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        if reason := refusal(scope["headers"]):
            await refuse(scope, send, "text/plain; charset=utf-8", f"{reason}\n")
            return
        allowed = self.secret is None or is_public(scope) or has_secret(scope, self.secret)
        if self.secret and not allowed and header(scope, b"content-type").lower().startswith("multipart/form-data"):
            allowed, receive = await read_form_fields(receive, self.secret)
        if allowed:
            await self.application(scope, receive, send)
        else:
            # AWS clients show the message of an error in this format.
            error = f"<Error><Code>AccessDenied</Code><Message>{escape(NO_SECRET)}</Message></Error>"
            await refuse(scope, send, "application/xml", f"<ErrorResponse>{error}</ErrorResponse>\n")


async def refuse(scope: Scope, send: Send, content_type: str, body: str) -> None:
    """Answers with status 403."""
    if scope["type"] == "websocket":
        # Before the connection is accepted, closing it answers with status 403.
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", content_type.encode())]})
    await send({"type": "http.response.body", "body": body.encode()})


def main() -> None:
    # Imported here, because it takes a second, and the tests of the rules don't need it.
    import ministack.app

    from local.lifeline import end_with_parent

    end_with_parent()
    # With AUTH, MiniStack checks signatures and tokens, and gives each function credentials of its own.
    secret = None if ministack.app.AUTH else os.environ.get("AWS_SESSION_TOKEN", "")
    if secret == "":
        sys.exit("set AWS_SESSION_TOKEN to a secret; `make up` does")
    ministack.app.app = Gate(ministack.app.app, secret)
    ministack.app.main()


if __name__ == "__main__":
    main()
