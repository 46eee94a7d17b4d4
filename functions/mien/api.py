"""REST → one result: the function behind `POST /classify`."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien.deadline import Deadline
from mien.endpoint import Endpoint
from mien.errors import Rejected, TryAgain
from mien.results import classified
from mien.settings import settings

# Lambda takes 6 MB a request, of which base64 leaves three quarters, and the event's other fields something less.
MAX_BODY_BYTES = 4_500_000
RAW = ("image/", "application/octet-stream")
# curl sends the last of these when it is told nothing.
ENCODED = ("", "text/plain", "application/base64", "application/x-www-form-urlencoded")
RETRY_AFTER = 5  # seconds

logger = Logger(service="api")
metrics = Metrics(service="api")
app = APIGatewayRestResolver()

SETTINGS = settings()
# Two attempts fit into the 29 s that API Gateway waits.
endpoint = Endpoint(SETTINGS, read_timeout=10, connections=1)


class Refused(Exception):
    """A request that can't be answered with a result: the status says whose fault it is, the detail what to do."""

    def __init__(self, status: HTTPStatus, detail: str):
        super().__init__(detail)
        self.status, self.detail = status, detail


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)


@app.post("/classify")
def classify() -> Response[str]:
    event = app.current_event
    face = endpoint.face(image_of(event.body or "", bool(event.is_base64_encoded), content_type(event.headers)))
    [answer] = endpoint.classify([face], Deadline.of(app.lambda_context))
    if isinstance(answer, Exception):
        raise answer
    probabilities, model = answer
    result = classified(probabilities, {"width": face.width, "height": face.height}, model)
    metrics.add_metric("ImagesClassified", MetricUnit.Count, 1)
    if wants_text(event.headers.get("accept")):
        return Response(HTTPStatus.OK, "text/plain; charset=utf-8", result["label"] + "\n")
    return Response(HTTPStatus.OK, "application/json", json.dumps(result, sort_keys=True, ensure_ascii=False) + "\n")


def content_type(headers: Any) -> str:
    return (headers.get("content-type") or "").partition(";")[0].strip().lower()


def image_of(body: str, encoded_by_gateway: bool, kind: str) -> bytes:
    """A request's body → the bytes of the image file that it holds, in any of three forms. Raises Refused.

    The article's: the body is the image in base64. JSON: {"image": "<base64>"}. Raw: the file itself, of a type that
    the API declares as binary, which API Gateway hands over in base64.
    """
    if not body:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is empty; it must hold an image.")
    if kind == "application/json":
        text = base64.b64decode(body).decode(errors="replace") if encoded_by_gateway else body
        return decoded(image_field(text))
    if kind.startswith(RAW):
        data = decoded(body)
        # The article's clients send base64 whatever they declare it to be; no image file begins like that.
        return decoded(data.decode("ascii")) if encoded_by_gateway and looks_encoded(data) else data
    if kind in ENCODED:
        return decoded(base64.b64decode(body).decode("ascii", errors="replace") if encoded_by_gateway else body)
    raise Refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"Content-Type {kind!r} is not taken. Send an image type with the file as the body, "
        'application/json with {"image": "<base64>"}, or text/plain with the file in base64.',
    )


def image_field(text: str) -> str:
    try:
        image = json.loads(text)["image"]
    except (ValueError, KeyError, TypeError, RecursionError):
        image = None
    if not isinstance(image, str):
        raise Refused(HTTPStatus.BAD_REQUEST, 'The body must be JSON of the form {"image": "<base64>"}.')
    return image


def looks_encoded(data: bytes) -> bool:
    return data[:64].isascii() and data[:64].replace(b"+", b"").replace(b"/", b"").rstrip(b"=\r\n").isalnum()


def decoded(text: str) -> bytes:
    """Base64, in one line or several, with or without the `data:` prefix that browsers put before it."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if len(text) * 3 // 4 > MAX_BODY_BYTES:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The image has more than {MAX_BODY_BYTES:,} bytes.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(HTTPStatus.BAD_REQUEST, "The image is not valid base64.") from None


def wants_text(accept: str | None) -> bool:
    """Whether text/plain is asked for by name and before JSON."""
    kinds = [kind.partition(";")[0].strip() for kind in (accept or "").lower().split(",")]
    return "text/plain" in kinds and "application/json" not in kinds[: kinds.index("text/plain")]


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> Response[str]:
    """Source of the form: RFC 9457, "Problem Details for HTTP APIs"."""
    metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
    body = {"title": status.phrase, "status": int(status), "detail": detail}
    return Response(status, "application/problem+json", json.dumps(body) + "\n", headers=headers)


@app.exception_handler(Refused)
def refused(error: Refused) -> Response[str]:
    return problem(error.status, error.detail)


@app.exception_handler(Rejected)
def rejected(error: Rejected) -> Response[str]:
    too_large = error.reason in ("too_large", "too_many_pixels")
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST, error.detail)


@app.exception_handler(TryAgain)
def try_again(error: TryAgain) -> Response[str]:
    logger.warning(str(error))
    detail = f"The model does not answer at present. Try again in {RETRY_AFTER} seconds."
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_AFTER)})


@app.exception_handler(Exception)
def bug(error: Exception) -> Response[str]:
    logger.exception("a bug")
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something is wrong here, not with the request.")
