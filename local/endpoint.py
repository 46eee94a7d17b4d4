"""SageMaker's runtime, as far as InvokeEndpoint goes, over the code that runs in the model's container.

The container's code is training/container/inference.py, the same as on SageMaker; this file adds the runtime's path,
its headers, and the forms of its errors.
Source: Amazon SageMaker Runtime API Reference, "InvokeEndpoint"; botocore's service model for the errors' fields.
"""

import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "training" / "container"))

import inference

MAX_BODY_BYTES = 25_000_000  # of an endpoint on instances
VARIANT = "AllTraffic"


class Runtime(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, name: str, model: inference.Model):
        super().__init__(("127.0.0.1", port), Invocation)
        self.name, self.model = name, model
        # Whoever computes beside more others than there are cores takes their time, and memory of its own.
        self.cores = threading.BoundedSemaphore(os.cpu_count() or 1)


class Invocation(BaseHTTPRequestHandler):
    server: Runtime
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; Nagle's algorithm would hold the second back for 40 ms.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = re.fullmatch("/endpoints/([^/]+)/invocations", self.path)
        if not path or path[1] != self.server.name:
            name = path[1] if path else self.path
            self.fail(400, "ValidationError", f"Endpoint {name} of account 000000000000 not found.")
        elif len(body) > MAX_BODY_BYTES:
            self.fail(400, "ValidationError", f"The body has {len(body)} bytes; the limit is {MAX_BODY_BYTES}.")
        else:
            self.answer(body)

    def answer(self, body: bytes) -> None:
        headers = self.headers
        with self.server.cores:
            answer = inference.answer(body, headers.get("Content-Type"), headers.get("Accept"), self.server.model)
        if answer.status == 200:
            self.send(200, answer.body, answer.kind, {"x-Amzn-Invoked-Production-Variant": VARIANT, **answer.headers})
        else:
            self.model_error(answer.status, answer.body.decode())

    def model_error(self, status: int, message: str) -> None:
        whose = "client" if status < 500 else "server"
        said = f'Received {whose} error ({status}) from primary with message "{message}".'
        self.fail(424, "ModelError", said, OriginalStatusCode=status, OriginalMessage=message, LogStreamArn="")

    def fail(self, status: int, kind: str, message: str, **fields: Any) -> None:
        body = json.dumps({"Message": message, **fields}).encode()
        self.send(status, body, "application/json", {"x-amzn-ErrorType": kind})

    def send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line a call would be most of the log."""


if __name__ == "__main__":
    folder, endpoint_name = sys.argv[1:]
    runtime = Runtime(0, endpoint_name, inference.model_fn(folder))
    print(runtime.server_port, flush=True)
    runtime.serve_forever()
