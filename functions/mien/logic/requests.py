"""A request's body → the image files that it holds."""

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mien.errors import Rejected

# Lambda takes 6 MB a request, of which base64 leaves three quarters, and the event's other fields something less.
MAX_BODY_BYTES = 4_500_000
# Of one request. Beside a call of the endpoint, the function's timeout leaves a tenth of a second to read each.
MAX_IMAGES = 100
# Where an image is a call: one request must not become a flood of them.
MAX_CALLS = 10
JSON = "application/json"
# The template declares the same as binary; API Gateway reads whatever else is sent as text, which breaks a file.
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff")
RAW = (*IMAGES, "application/octet-stream")
# curl sends the last of these when it is told nothing.
ENCODED = ("", "text/plain", "application/base64", "application/x-www-form-urlencoded")
# What a client that sent something else is told to send.
TAKEN = ", ".join((*RAW, JSON, "text/plain"))
FORM = 'The body must be JSON of the form {"image": "<base64>"} or {"images": ["<base64>", ...]}.'


class Refused(Rejected):
    """A request that can't be answered with a result. headers: more of the answer's."""

    def __init__(self, status: HTTPStatus, reason: str, detail: str, headers: Mapping[str, str] | None = None):
        super().__init__(reason, detail)
        self.status, self.headers = status, dict(headers or {})


def images_of(
    body: str, encoded_by_gateway: bool, content_type: str, content_coding: str = "", most: int = MAX_IMAGES
) -> bytes | list[str]:
    """An image file, or the base64 of each of several, at most so many. Raises Refused.

    One image comes in any of three forms. The article's: the body is the image in base64. JSON: {"image": "<base64>"}.
    Raw: the file itself, of a type that the API declares as binary, which API Gateway hands over in base64.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if content_coding.strip().lower() not in ("", "identity"):
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_coding",
            "A compressed body is not taken. Send it without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )
    if not body:
        raise Refused(HTTPStatus.BAD_REQUEST, "empty", "The body is empty; it must hold an image.")
    if kind == JSON:
        text = base64.b64decode(body).decode(errors="replace") if encoded_by_gateway else body
        sent = image_fields(text)
        return decoded(sent) if isinstance(sent, str) else within_limits(sent, most)
    if kind in RAW:
        data = decoded(body)
        # The article's clients send base64 whatever they declare it to be; no image file begins like that.
        return decoded(data.decode("ascii", errors="replace")) if encoded_by_gateway and looks_encoded(data) else data
    if kind in ENCODED:
        return decoded(base64.b64decode(body).decode("ascii", errors="replace") if encoded_by_gateway else body)
    raise Refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_type",
        "This Content-Type is not taken. Send an image type with the file as the body, application/json with "
        '{"image": "<base64>"}, or text/plain with the file in base64.',
        {"Accept": TAKEN},
    )


def image_fields(text: str) -> str | list[str]:
    """JSON → its image or its images, in base64."""
    try:
        fields: Any = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    match fields:
        case {"image": _, "images": _}:
            raise Refused(HTTPStatus.BAD_REQUEST, "malformed", "The body must have an image or images, and not both.")
        case {"image": str(image)}:
            return image
        case {"images": [_, *_] as images} if all(isinstance(image, str) for image in images):
            return images
    raise Refused(HTTPStatus.BAD_REQUEST, "malformed", FORM)


def within_limits(images: list[str], most: int) -> list[str]:
    if len(images) > most:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_many_images",
            f"The body has {len(images):,} images; the limit is {most:,}.",
        )
    check_size(sum(map(len, images)))
    return images


def looks_encoded(data: bytes) -> bool:
    return data[:64].isascii() and data[:64].replace(b"+", b"").replace(b"/", b"").rstrip(b"=\r\n").isalnum()


def decoded(text: str) -> bytes:
    """Base64, in one line or several, with or without the `data:` prefix that browsers put before it."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    check_size(len(text))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(HTTPStatus.BAD_REQUEST, "not_base64", "The image is not valid base64.") from None


def check_size(characters: int) -> None:
    """characters: of base64, before it is decoded."""
    if characters * 3 // 4 > MAX_BODY_BYTES:
        detail = f"The body has more than {MAX_BODY_BYTES:,} bytes of images, base64 not counted."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def wants_text(accept: str | None) -> bool:
    """Whether text/plain is asked for by name and before JSON."""
    kinds = [kind.partition(";")[0].strip() for kind in (accept or "").lower().split(",")]
    return "text/plain" in kinds and JSON not in kinds[: kinds.index("text/plain")]
