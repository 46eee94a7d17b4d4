"""Serves a model over HTTP as SageMaker requires of a custom container: GET /ping and POST /invocations.

The image's command is `python serve.py serve`. It replaces itself by gunicorn with one process and many threads. One
copy of the model is enough, because ONNX Runtime computes on all cores without Python's lock. Calls that arrive
together share a run of the model.
Source: Amazon SageMaker AI Developer Guide, "Custom Inference Code with Hosting Services".
"""

import os
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gunicorn.errors import AppImportError

import inference
import served_model
from contract import ContractError
from inference import Problem, Response
from served_model import ServedModel

MAX_BODY_BYTES = 25_000_000  # the limit of InvokeEndpoint
# Threads that read requests or wait for a run of the model. Further requests wait unread, so they need no memory. There
# are enough threads that one is free to answer a ping within SageMaker's limit of 2 seconds.
THREADS = 32
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def application() -> Application:
    """Makes the WSGI application, which serves the model that SageMaker has put into SM_MODEL_DIR."""
    served = load_model()

    def handle(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = respond(environ, served)
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            **response.headers,
        }
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", list(headers.items()))
        return [response.body]

    return handle


def load_model() -> ServedModel:
    try:
        return served_model.load(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    except ContractError as error:
        # gunicorn logs the text of this error alone, and ends.
        raise AppImportError(str(error)) from None


def respond(environ: Environ, served: ServedModel) -> Response:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if (method, path) == ("GET", "/ping"):
        return Response(200, b"", "text/plain", {})
    if path not in ("/ping", "/invocations"):
        return inference.problem_response(Problem(404, f"{path} does not exist: use GET /ping or POST /invocations"))
    if (method, path) != ("POST", "/invocations"):
        return inference.problem_response(Problem(405, f"{path} does not support {method}"))
    body = read_body(environ)
    if isinstance(body, Problem):
        return inference.problem_response(body)
    headers = environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT")
    return served.respond(body, *headers, environ["gunicorn.socket"])


def read_body(environ: Environ) -> bytes | Problem:
    """The request's body. A body that is too long is rejected by its Content-Length, before it is read; a chunked body,
    which has no such header, is rejected once more than MAX_BODY_BYTES have arrived."""
    too_long = Problem(413, f"the body has over {MAX_BODY_BYTES:,} bytes")
    if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return too_long
    body: bytes = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    return too_long if len(body) > MAX_BODY_BYTES else body


def main() -> None:
    if sys.argv[1:] != ["serve"]:
        raise SystemExit("this image has only one command, which serves a model: docker run IMAGE serve")
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    options = {
        "chdir": str(Path(__file__).parent),
        "bind": f"0.0.0.0:{port}",
        "worker-class": "gthread",
        "threads": str(THREADS),
        # Seconds. SageMaker sends SIGKILL 30 seconds after SIGTERM.
        "graceful-timeout": "25",
        # Seconds. It is longer than clients keep a connection, so gunicorn never closes one just as a request arrives.
        "keep-alive": "75",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    # gunicorn replaces this process, so it receives SIGTERM itself.
    command = [sys.executable, "-m", "gunicorn", *arguments, "--no-control-socket", "serve:application()"]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
