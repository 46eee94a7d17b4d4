"""SageMaker's runtime as a test needs it: it answers what it was told to, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Content type and body of a request.
Asked = tuple[str, bytes]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, status: int, body: bytes, headers: dict[str, str]):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.body, self.headers = status, body, headers
        self.asked: list[Asked] = []


class Answer(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Content-Type"], body))
        self.send_response(self.server.status)
        for name, value in {"Content-Length": str(len(self.server.body)), **self.server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def runtime(status: int, body: Any, error: str | None = None) -> Iterator[tuple[str, list[Asked]]]:
    """Answers every call with a status, a body (bytes, or a value as JSON) and an error's name. Yields its address."""
    headers = {"x-amzn-ErrorType": error} if error else {"x-Amzn-Invoked-Production-Variant": "blue"}
    server = Server(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()
