"""SageMaker's runtime as a test needs it: it answers what it was told to, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Content type and body of a request.
Asked = tuple[str, bytes]
# Status, body and an error's name of an answer.
Said = tuple[int, bytes, str | None]
# What is said to a request's body; None: nothing, ever.
Judge = Callable[[bytes], Said | None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, judge: Judge):
        super().__init__(("127.0.0.1", 0), Answer)
        self.judge, self.asked = judge, list[Asked]()
        self.over = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Content-Type"], body))
        answer = self.server.judge(body)
        if answer is None:
            self.server.over.wait()
            self.close_connection = True
            return
        status, content, error = answer
        named = {"x-amzn-ErrorType": error} if error else {"x-Amzn-Invoked-Production-Variant": "blue"}
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(judge: Judge) -> Iterator[tuple[str, list[Asked]]]:
    """Answers every call as the judge says. Yields its address, and what it was asked."""
    server = Server(judge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


@contextmanager
def runtime(status: int, body: Any, error: str | None = None, then: Any = None) -> Iterator[tuple[str, list[Asked]]]:
    """Answers every call with a status, a body (bytes, or a value as JSON) and an error's name.

    then: (status, body) of all answers but the first; or "silence", which never answers.
    """
    answers: list[Said | None] = [(status, content(body), error)]
    if then == "silence":
        answers.append(None)
    elif then:
        answers.append((then[0], content(then[1]), None))
    with serving(lambda body: answers.pop(0) if len(answers) > 1 else answers[0]) as served:
        yield served


def content(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
