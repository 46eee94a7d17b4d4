"""A local SageMaker runtime: only InvokeEndpoint, with the code that also runs in the model's container on SageMaker.

    python -m local.endpoint FOLDER NAME

Serves the model in FOLDER as endpoint NAME on a free port of this machine, and prints the port.

training/container/inference.py answers the requests. This file adds the runtime's path, headers and error formats.
Source: Amazon SageMaker Runtime API Reference, "InvokeEndpoint"; botocore's service model for the fields of errors.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "training" / "container"))

import served_model
from contract import ContractError
from local.lifeline import end_with_parent
from served_model import ServedModel

# SageMaker's limit for the body of a request to a real-time endpoint on instances.
MAX_BODY_BYTES = 25_000_000
# The name that SageMaker gives to a variant by default.
VARIANT = "AllTraffic"


class EndpointServer(ThreadingHTTPServer):
    """Serves one model on 127.0.0.1. port: 0 for a free one, which is then in `server_port`."""

    daemon_threads = True

    def __init__(self, port: int, name: str, served: ServedModel):
        super().__init__(("127.0.0.1", port), InvocationHandler)
        self.name = name
        self.served = served


class InvocationHandler(BaseHTTPRequestHandler):
    """Handles one connection to the endpoint."""

    server: EndpointServer
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes. Nagle's algorithm would delay the second one by 40 ms.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = re.fullmatch("/endpoints/([^/]+)/invocations", self.path)
        if not path or path[1] != self.server.name:
            name = path[1] if path else self.path
            self.send_error_response(400, "ValidationError", f"Endpoint {name} of account 000000000000 not found.")
        elif len(body) > MAX_BODY_BYTES:
            message = f"The body has {len(body)} bytes; the limit is {MAX_BODY_BYTES}."
            self.send_error_response(400, "ValidationError", message)
        else:
            self.invoke_model(body)

    def invoke_model(self, body: bytes) -> None:
        headers = self.headers
        requested = headers.get("Content-Type"), headers.get("Accept")
        response = self.server.served.respond(body, *requested, self.connection)
        if response.status == 200:
            variant = {"x-Amzn-Invoked-Production-Variant": VARIANT}
            self.send_body(200, response.body, response.content_type, {**variant, **response.headers})
        else:
            self.send_model_error(response.status, response.body.decode())

    def send_model_error(self, status: int, message: str) -> None:
        """SageMaker reports an error status of the container as ModelError with HTTP status 424."""
        side = "client" if status < 500 else "server"
        text = f'Received {side} error ({status}) from primary with message "{message}".'
        fields = {"OriginalStatusCode": status, "OriginalMessage": message, "LogStreamArn": ""}
        self.send_error_response(424, "ModelError", text, **fields)

    def send_error_response(self, status: int, error_type: str, message: str, **fields: Any) -> None:
        body = json.dumps({"Message": message, **fields}).encode()
        self.send_body(status, body, "application/json", {"x-amzn-ErrorType": error_type})

    def send_body(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: one line per call would fill most of the log."""


if __name__ == "__main__":
    folder, endpoint_name = sys.argv[1:]
    end_with_parent()
    try:
        model = served_model.load(folder)
    except ContractError as error:
        sys.exit(str(error))
    except Exception as error:
        # The last line of the log becomes the error of the command that started this process.
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
    server = EndpointServer(0, endpoint_name, model)
    print(server.server_port, flush=True)
    server.serve_forever()
