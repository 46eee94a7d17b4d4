"""HTTP request bodies → the image files that they contain."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from mien.errors import InvalidRequest
from mien.logic.multipart import parse_form
from mien.logic.queries import is_valid_key

# Bytes. Lambda accepts requests of 6 MB. Base64 leaves three quarters of that, and the event has other fields too.
MAX_BODY_BYTES = 4_500_000
# Images per request. Besides one endpoint call, the function's timeout leaves a tenth of a second to decode each.
MAX_IMAGES = 100
# Images per request if each one is an endpoint call: one request must not become a flood of calls.
MAX_CALLS = 10

JSON = "application/json"
FORM = "multipart/form-data"
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff")
# Other names of the same types, which browsers, operating systems and older clients send.
ALIASES = (
    "image/jpg",
    "image/pjpeg",
    "image/x-png",
    "image/x-bmp",
    "image/x-ms-bmp",
    "image/tif",
    "image/x-tiff",
    "binary/octet-stream",
)
RAW = (*IMAGES, *ALIASES, "application/octet-stream")
# curl sends this type by default. Its body is base64 or the file itself.
CURL_DEFAULT = "application/x-www-form-urlencoded"
# Bodies of these types are base64 or JSON, unless they arrive as bytes and are a file.
ENCODED = ("", "text/plain", "application/base64", CURL_DEFAULT)
# template.yaml declares the same types as binary. API Gateway decodes all other bodies as text, which damages a file.
BINARY = (*RAW, FORM, CURL_DEFAULT)
# The Accept header of a response that refuses a content type.
ACCEPTED = ", ".join((*IMAGES, "application/octet-stream", FORM, JSON, "text/plain"))
# Bytes. An image file has other characters than base64's within this many bytes of its beginning.
SIGNATURE_BYTES = 64
BYTE_ORDER_MARK = "\ufeff"
# Field of a form that is an image although it is not a file.
IMAGE_FIELD = "image"
WHAT_TO_SEND = (
    "Send the file as the body, with an image type such as image/png or with application/octet-stream; or "
    'application/json with {"image": "<base64>"}; or text/plain with the file in base64.'
)


@dataclass(frozen=True)
class StoredName:
    """Name of a stored image, below the inbox."""

    name: str


# One image file, several, or a stored one. Text is base64.
Images = bytes | Sequence[bytes | str] | StoredName


def parse_images(
    body: Any,
    encoded_by_gateway: bool,
    content_type: str,
    content_encoding: str = "",
    limit: int = MAX_IMAGES,
) -> Images:
    """Returns one image file, or several, each as bytes or in base64, or the name of a stored image.

    One image comes in one of four forms:
    - Base64: the body is the image in base64. The article that Mien began with sends this form.
    - JSON: {"image": "<base64>"}. Several images are {"images": ["<base64>", ...]}, and {"name": "a/b.png"} names a
      stored one.
    - Raw: the body is the file. API Gateway passes it on in base64, because the API declares its type as binary.
    - HTML form: each file of the form is an image.
    Clients often send a Content-Type that does not fit. The content decides where it is unambiguous.

    body: of the event. It is a text, except in events that were made by hand.
    encoded_by_gateway: the event's `isBase64Encoded`.
    limit: number of images that a request may have.

    Raises InvalidRequest.
    """
    kind = media_type(content_type)
    if content_encoding.strip().lower() not in ("", "identity"):
        raise InvalidRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_coding",
            "Compressed bodies are not supported. Send the body without Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )
    data = read_body(body, encoded_by_gateway)
    if not data:
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "empty", "The body is empty. It must contain an image.")
    if kind == JSON:
        return parse_json_images(data.decode(errors="replace"), limit)
    if kind == FORM:
        return parse_form_images(data, content_type, limit)
    if kind in RAW and encoded_by_gateway and not looks_like_base64(data):
        return check_file(data)
    if kind in ENCODED and encoded_by_gateway and not is_text(data):
        return check_file(data)
    if kind in RAW or kind in ENCODED:
        return parse_text(data.decode(errors="replace"), limit)
    raise InvalidRequest(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_type",
        f"This Content-Type is not supported. {WHAT_TO_SEND}",
        {"Accept": ACCEPTED},
    )


def read_body(body: Any, encoded_by_gateway: bool) -> bytes:
    """Returns the bytes that the client sent. Raises InvalidRequest if the event's body is not what the event says."""
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", "The body of the event must be a text.")
    if not encoded_by_gateway:
        return body.encode(errors="replace")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        detail = "The event says that its body is base64 (isBase64Encoded), but it is not."
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", detail) from None


def check_file(data: bytes) -> bytes:
    check_size(len(data) * 4 // 3)
    return data


def parse_text(text: str, limit: int) -> Images:
    """Returns the images of a body that is base64, or JSON. Raises InvalidRequest."""
    if text.lstrip(BYTE_ORDER_MARK + " \t\r\n").startswith("{"):
        return parse_json_images(text, limit)
    try:
        return decode_base64(text)
    except InvalidRequest as error:
        if error.reason != "not_base64":
            raise
        detail = f"The body was read as text, and it is not valid base64. {WHAT_TO_SEND}"
        raise InvalidRequest(error.status, error.reason, detail) from None


def parse_json_images(text: str, limit: int) -> Images:
    sent = parse_image_fields(text)
    if isinstance(sent, StoredName):
        return sent
    return decode_base64(sent) if isinstance(sent, str) else check_images(sent, limit)


def parse_form_images(data: bytes, content_type: str, limit: int) -> Images:
    """Returns the files of an HTML form. In a form without files, the field `image` may be base64."""
    try:
        parts = parse_form(data, content_type)
    except ValueError as error:
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", f"{error} {WHAT_TO_SEND}") from None
    texts = [part for part in parts if part.filename is None and part.name == IMAGE_FIELD]
    chosen = [part for part in parts if part.filename] or (texts if len(texts) == 1 else [])
    if not chosen:
        detail = f"The form has no file. {WHAT_TO_SEND}"
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", detail)
    check_number(len(chosen), limit)
    check_size(sum(len(part.content) for part in chosen) * 4 // 3)
    images = [
        part.content.decode(errors="replace") if looks_like_base64(part.content) else part.content for part in chosen
    ]
    if len(images) > 1:
        return images
    [image] = images
    return decode_base64(image) if isinstance(image, str) else image


def media_type(content_type: str) -> str:
    """Returns the type of a Content-Type header, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def parse_image_fields(text: str) -> str | list[str] | StoredName:
    """Returns the base64 text of the image, or of each image, or the name in a JSON body. Raises InvalidRequest."""
    match parse_json(text):
        case {"image": _, "images": _} | {"image": _, "name": _} | {"images": _, "name": _}:
            raise InvalidRequest(
                HTTPStatus.BAD_REQUEST, "malformed", "The body must have one of image, images and name, not more."
            )
        case {"name": str(name)}:
            return check_name(name)
        case {"image": str(image)}:
            return image
        case {"images": [_, *_] as images} if all(isinstance(image, str) for image in images):
            return images
    raise InvalidRequest(
        HTTPStatus.BAD_REQUEST,
        "malformed",
        'The body must be JSON: {"image": "<base64>"}, {"images": ["<base64>", ...]} or {"name": "a/b.png"}.',
    )


def check_name(name: str) -> StoredName:
    """Raises InvalidRequest if no image can have this name.

    `.` and `..` are refused, because some programs between here and S3 treat keys as paths, and the name must not lead
    out of the inbox.
    """
    if not name or not is_valid_key(name) or {".", ".."} & set(name.split("/")):
        raise InvalidRequest(
            HTTPStatus.BAD_REQUEST,
            "malformed",
            "The name must be that of an image below the inbox, such as a/b.png. It has no control characters, and no "
            "part between slashes that is only one or two dots.",
        )
    return StoredName(name)


def parse_json(text: str) -> Any:
    """Returns the value, or None if the text is not JSON."""
    try:
        return json.loads(text.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        return None


def check_images(images: list[str], limit: int) -> list[str]:
    """Returns the images. Raises InvalidRequest if there are too many, or if they are too large together."""
    check_number(len(images), limit)
    check_size(sum(map(len, images)))
    return images


def check_number(images: int, limit: int) -> None:
    if images > limit:
        raise InvalidRequest(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_many_images",
            f"The body has {images:,} images; the limit is {limit:,}.",
        )


def looks_like_base64(data: bytes) -> bool:
    """Returns whether a body begins like base64, or like a data URL."""
    start = b"".join(data[:SIGNATURE_BYTES].split())
    if start[:5].lower() == b"data:":
        return True
    return start.isascii() and start.translate(None, b"+/-_").rstrip(b"=").isalnum()


def is_text(data: bytes) -> bool:
    """Returns whether a body begins like a text in ASCII. Image files have other bytes in their headers."""
    start = data.removeprefix(BYTE_ORDER_MARK.encode())[:SIGNATURE_BYTES]
    return all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)


def decode_base64(text: str) -> bytes:
    """Decodes base64 or base64url in one line or several, with or without padding and the prefix of a data URL.

    Raises InvalidRequest.
    """
    text = text.strip(BYTE_ORDER_MARK + " \t\r\n")
    if text[:5].lower() == "data:":
        text = unquote(text.partition(",")[2])
    check_size(len(text))
    compact = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "not_base64", "The image is not valid base64.") from None


def check_size(characters: int) -> None:
    """Raises InvalidRequest if this many characters of base64 are more than MAX_BODY_BYTES once decoded."""
    if characters * 3 // 4 > MAX_BODY_BYTES:
        detail = f"The images of the body have more than {MAX_BODY_BYTES:,} bytes, counted without base64."
        raise InvalidRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def wants_text(accept: str | None) -> bool:
    """Returns whether an Accept header names text/plain, and does not name JSON before it."""
    kinds = [media_type(kind) for kind in (accept or "").split(",")]
    return "text/plain" in kinds and JSON not in kinds[: kinds.index("text/plain")]
