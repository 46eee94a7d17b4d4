"""A proxy between the functions and S3 or the endpoint. It forwards every request until a test intervenes.

with proxy() as server:
    server.upstream = "http://127.0.0.1:4566"
    server.intervene = lambda exchange, forward: Reply(503)

With a certificate, clients connect over TLS, and the proxy says so to the other side in X-Forwarded-Proto.
"""

import contextlib
import http.client
import ssl
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
NOT_FORWARDED = {"connection", "expect", "transfer-encoding", "x-forwarded-proto"}


@dataclass(frozen=True)
class Reply:
    """cut: half of the body is sent, and then the connection is closed."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    def cut_off(self) -> "Reply":
        return replace(self, cut=True)


@dataclass(frozen=True)
class Caller:
    """The two ports of a connection from this machine.

    One port alone does not name a process: the system gives the same port to connections to different servers.
    """

    port: int
    server_port: int


@dataclass(frozen=True)
class Exchange:
    """A request.

    operation: `invoke` for the endpoint; `read`, `look` (HEAD), `write`, `delete` or `other` for S3.
    key: the object's key.
    ordinal: the number of earlier requests with this operation and key.
    caller: the end of the connection from which the request came.
    path: with its query.
    headers: as they were sent; their names are not case-sensitive.
    """

    operation: str
    key: str
    ordinal: int
    caller: Caller
    method: str
    path: str
    headers: Message
    body: bytes


Forward = Callable[[], Reply]
# Returns the reply. None closes the connection without a reply.
Intervene = Callable[[Exchange, Forward], Reply | None]

OPERATIONS = {"GET": "read", "HEAD": "look", "PUT": "write", "DELETE": "delete"}


class Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is made by the thread of each connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.upstream = ""
        self.intervene: Intervene = lambda exchange, forward: forward()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def exchange(self, method: str, path: str, headers: Message, body: bytes, caller: Caller) -> Exchange:
        place = urllib.parse.urlsplit(path)
        if place.path.endswith("/invocations"):
            operation, key = "invoke", ""
        else:
            # The path is /bucket/key. Without a key, the request is a listing.
            key = urllib.parse.unquote(place.path.lstrip("/").partition("/")[2])
            operation = OPERATIONS.get(method, "other") if key else "other"
        with self.lock:
            ordinal = self.seen[operation, key]
            self.seen[operation, key] += 1
        return Exchange(operation, key, ordinal, caller, method, path, headers, body)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores connections that break, because the tests kill functions on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: http.client.HTTPConnection | None = None

    def caller(self) -> Caller:
        return Caller(self.client_address[1], self.server.server_port)

    def answer(self) -> None:
        body = self.read_body()
        exchange = self.server.exchange(self.command, self.path, self.headers, body, self.caller())
        reply = self.server.intervene(exchange, lambda: self.forward(body))
        if reply is None:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        # The answer to a HEAD has the length of a body that is not sent.
        length = {name.lower(): value for name, value in reply.headers.items()}.get("content-length")
        if length is None:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        self.close_connection = self.close_connection or reply.cut

    do_GET = answer
    do_HEAD = answer
    do_PUT = answer
    do_POST = answer
    do_DELETE = answer
    do_PATCH = answer

    def read_body(self) -> bytes:
        """Over TLS, boto3 sends files in chunks. Source: RFC 9112, section 7.1."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def forward(self, body: bytes) -> Reply:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED}
        if self.server.scheme == "https":
            headers["X-Forwarded-Proto"] = "https"
        for attempt in range(2):
            if self.upstream is None:
                self.upstream = http.client.HTTPConnection(self.server.upstream.removeprefix("http://"), timeout=60)
            try:
                self.upstream.request(self.command, self.path, body or None, headers)
                answer = self.upstream.getresponse()
                content = answer.read()
                break
            except (http.client.HTTPException, OSError):
                # The other side may have closed an idle connection. A new connection is not idle, so it must work.
                self.upstream.close()
                self.upstream = None
                if attempt:
                    raise
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        if self.command == "HEAD":
            kept["Content-Length"] = answer.getheader("Content-Length", "0")
        return Reply(answer.status, content, kept)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        if self.upstream:
            self.upstream.close()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def proxy(certificate: Path | None = None) -> Iterator[Proxy]:
    """certificate: a PEM file with a private key and its certificate; None for no TLS."""
    with Proxy(certificate) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
