"""A fake of SageMaker's runtime: an HTTP server that answers as a test decides, and keeps the requests.

with serving(always(200, answer_of([EVEN]))) as (url, requests):
    ...  # point AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME at url
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from mien.logic.contract import DESCRIBE
from tests.support.labels import LABELS

EVEN = [1 / 7] * 7
# A model of faces, as our container describes it.
DESCRIPTION = {"version": "1", "labels": LABELS, "faces": "find", "input": {"size": 48, "color": "gray"}}


class Request(NamedTuple):
    content_type: str
    body: bytes


class Reply(NamedTuple):
    """error: the exception's name in the header x-amzn-ErrorType; None for a success."""

    status: int
    body: bytes
    error: str | None


# The reply to a request's body. None means that the request is never answered.
Respond = Callable[[bytes], Reply | None]
SILENCE = None


def reply(status: int, body: Any = b"", error: str | None = None) -> Reply:
    """body: bytes, or a value that is sent as JSON."""
    return Reply(status, body if isinstance(body, bytes) else json.dumps(body).encode(), error)


def model_error(status: int, message: str = "no") -> Reply:
    """The runtime's answer when the model's container answered with this status."""
    return reply(424, {"Message": message, "OriginalStatusCode": status, "OriginalMessage": message}, "ModelError")


def always(status: int, body: Any = b"", error: str | None = None) -> Respond:
    """Gives every request the same reply."""
    return in_turn(reply(status, body, error))


def in_turn(*replies: Reply | None) -> Respond:
    """Gives one reply after the other; the last one repeats."""
    left = list(replies)
    return lambda body: left.pop(0) if len(left) > 1 else left[0]


def answer_of(rows: Any, labels: Sequence[str] = LABELS) -> dict[str, Any]:
    """What our container answers about faces. rows: one list of probabilities per face."""
    return {"labels": labels, "faces": [{"probabilities": row} for row in rows]}


def even_rows(body: bytes) -> Reply:
    """Answers as our container does: one row of probabilities per face of the npy body."""
    count = int(body.partition(b"'shape': (")[2].partition(b",")[0])
    return reply(200, answer_of([EVEN] * count))


@contextmanager
def serving(respond: Respond, description: Any = DESCRIPTION) -> Iterator[tuple[str, list[Request]]]:
    """Yields the server's address and the list of requests, which grows.

    description: of the model. A request for it is answered with it, and is not in the list. None to leave these
        requests to `respond` too.
    """
    server = Server(respond, description)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.requests
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, respond: Respond, description: Any):
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond = respond
        self.description = description
        self.requests: list[Request] = []
        self.closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == DESCRIBE and self.server.description is not None:
            answer: Reply | None = reply(200, self.server.description)
        else:
            self.server.requests.append(Request(self.headers["Content-Type"], body))
            answer = self.server.respond(body)
        if answer is SILENCE:
            self.server.closing.wait()
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.error:
            self.send_header("x-amzn-ErrorType", answer.error)
        else:
            self.send_header("x-Amzn-Invoked-Production-Variant", "blue")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the requests out of the tests' output."""
