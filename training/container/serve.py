"""Serves a model over HTTP as SageMaker wants it of a container of one's own: GET /ping and POST /invocations.

`python serve.py serve` is the image's command. It becomes gunicorn, with one process of many threads: ONNX Runtime
computes outside Python's lock, on all cores, and so one copy of the model is enough.
Source: Amazon SageMaker AI Developer Guide, "Custom Inference Code with Hosting Services".
"""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import inference
from inference import Answer, Refusal

MAX_BODY_BYTES = 25_000_000  # what InvokeEndpoint takes
# Requests that are read, or wait for their turn: so many that one is left for a ping, which has 2 seconds.
THREADS = 32
# Requests that are computed, in the order in which they came: more at once are no faster, and take memory.
COMPUTING = ThreadPoolExecutor(os.cpu_count())
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def application(model: inference.Model | None = None) -> Application:
    """The WSGI application. model: None loads the one that SageMaker has put into the container."""
    loaded = model or inference.model_fn(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))

    def respond(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, body, kind, headers = answer(environ, loaded)
        fields = {"Content-Type": kind, "Content-Length": str(len(body)), **headers}
        start_response(f"{status} {HTTPStatus(status).phrase}", list(fields.items()))
        return [body]

    return respond


def answer(environ: Environ, model: inference.Model) -> Answer:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if (method, path) == ("GET", "/ping"):
        return Answer(200, b"", "text/plain", {})
    if path not in ("/ping", "/invocations"):
        return inference.refused(Refusal(404, f"there is no {path}: GET /ping, or POST to /invocations"))
    if (method, path) != ("POST", "/invocations"):
        return inference.refused(Refusal(405, f"{path} does not take {method}"))
    body = body_of(environ)
    if isinstance(body, Refusal):
        return inference.refused(body)
    kind, accept = environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT")
    return COMPUTING.submit(inference.answer, body, kind, accept, model).result()


def body_of(environ: Environ) -> bytes | Refusal:
    """A body that says its length is refused before it is read, and one in chunks once too much of it came."""
    too_long = Refusal(413, f"the body has over {MAX_BODY_BYTES:,} bytes")
    if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return too_long
    body: bytes = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    return too_long if len(body) > MAX_BODY_BYTES else body


def main() -> None:
    if sys.argv[1:] != ["serve"]:
        raise SystemExit("this image serves a model and does nothing else: docker run IMAGE serve")
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    options = {
        "chdir": str(Path(__file__).parent),
        "bind": f"0.0.0.0:{port}",
        "worker-class": "gthread",
        "threads": str(THREADS),
        # Seconds. SageMaker sends SIGKILL 30 after SIGTERM.
        "graceful-timeout": "25",
        # Longer than a caller keeps a connection, so that none is closed under a request that is on its way.
        "keep-alive": "75",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    # In the place of this process, so that SIGTERM reaches it.
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *words, "--no-control-socket", "serve:application()"])


if __name__ == "__main__":
    main()
