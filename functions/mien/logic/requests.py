"""HTTP request bodies → the image files, or the folder name, that they contain."""

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mien.errors import InvalidRequest

# Bytes. Lambda accepts requests of 6 MB. Base64 leaves three quarters of that, and the event has other fields too.
MAX_BODY_BYTES = 4_500_000
# Images per request. Besides one endpoint call, the function's timeout leaves a tenth of a second to decode each.
MAX_IMAGES = 100
# Images per request if each one is an endpoint call: one request must not become a flood of calls.
MAX_CALLS = 10
# Bytes of a folder's name. The names of the files in it must still fit into an object key of 1,024 bytes.
MAX_PREFIX_BYTES = 512

JSON = "application/json"
# template.yaml declares the same types as binary. API Gateway decodes all other bodies as text, which damages a file.
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff")
RAW = (*IMAGES, "application/octet-stream")
# Bodies of these types are base64. curl sends the last one by default.
ENCODED = ("", "text/plain", "application/base64", "application/x-www-form-urlencoded")
# The Accept header of a response that refuses a content type.
ACCEPTED = ", ".join((*RAW, JSON, "text/plain"))
# Bytes. An image file has other characters than base64's within this many bytes of its beginning.
SIGNATURE_BYTES = 64


def parse_images(
    body: str,
    encoded_by_gateway: bool,
    content_type: str,
    content_encoding: str = "",
    limit: int = MAX_IMAGES,
) -> bytes | list[str]:
    """Returns one image file, or the base64 texts of several.

    One image comes in one of three forms:
    - Base64: the body is the image in base64. The article that Mien began with sends this form.
    - JSON: {"image": "<base64>"}. Several images are {"images": ["<base64>", ...]}.
    - Raw: the body is the file. API Gateway passes it on in base64, because the API declares its type as binary.

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
    if not body:
        raise InvalidRequest(HTTPStatus.BAD_REQUEST, "empty", "The body is empty. It must contain an image.")
    if kind == JSON:
        text = base64.b64decode(body).decode(errors="replace") if encoded_by_gateway else body
        sent = parse_image_fields(text)
        return decode_base64(sent) if isinstance(sent, str) else check_images(sent, limit)
    if kind in RAW:
        data = decode_base64(body)
        if encoded_by_gateway and looks_like_base64(data):
            # Clients of the article send base64 under any content type.
            return decode_base64(data.decode("ascii", errors="replace"))
        return data
    if kind in ENCODED:
        return decode_base64(base64.b64decode(body).decode("ascii", errors="replace") if encoded_by_gateway else body)
    raise InvalidRequest(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_type",
        "This Content-Type is not supported. Send an image type with the file as the body, application/json with "
        '{"image": "<base64>"}, or text/plain with the file in base64.',
        {"Accept": ACCEPTED},
    )


def media_type(content_type: str) -> str:
    """Returns the type of a Content-Type header, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def parse_image_fields(text: str) -> str | list[str]:
    """Returns the base64 text of the image, or of each image, in a JSON body. Raises InvalidRequest."""
    match parse_json(text):
        case {"image": _, "images": _}:
            raise InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", "The body must have image or images, not both.")
        case {"image": str(image)}:
            return image
        case {"images": [_, *_] as images} if all(isinstance(image, str) for image in images):
            return images
    raise InvalidRequest(
        HTTPStatus.BAD_REQUEST,
        "malformed",
        'The body must be JSON of the form {"image": "<base64>"} or {"images": ["<base64>", ...]}.',
    )


def parse_json(text: str) -> Any:
    """Returns the value, or None if the text is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def check_images(images: list[str], limit: int) -> list[str]:
    """Returns the images. Raises InvalidRequest if there are too many, or if they are too large together."""
    if len(images) > limit:
        raise InvalidRequest(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_many_images",
            f"The body has {len(images):,} images; the limit is {limit:,}.",
        )
    check_size(sum(map(len, images)))
    return images


def looks_like_base64(data: bytes) -> bool:
    start = data[:SIGNATURE_BYTES]
    return start.isascii() and start.replace(b"+", b"").replace(b"/", b"").rstrip(b"=\r\n").isalnum()


def decode_base64(text: str) -> bytes:
    """Decodes base64 in one line or several, with or without the `data:` prefix that browsers add.

    Raises InvalidRequest.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    check_size(len(text))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
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


def parse_prefix(body: str, content_type: str) -> str:
    """Returns the folder below the inbox that a request names, or a new, unique folder if it names none.

    Only a part of the keys that S3 accepts is accepted here, because clients must not be able to name another place.

    Raises InvalidRequest.
    """
    if not body:
        return new_prefix()
    if media_type(content_type) != JSON:
        raise InvalidRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "This Content-Type is not supported. Send application/json, or no body.",
            {"Accept": JSON},
        )
    fields = parse_json(body)
    match fields:
        case {"prefix": str(prefix)} if is_folder(prefix):
            return prefix
        case Mapping() if not fields:
            return new_prefix()
    raise InvalidRequest(
        HTTPStatus.BAD_REQUEST,
        "malformed",
        'The body must be JSON of the form {"prefix": "a/folder/"}. Each name in it ends with a slash and has only '
        f"letters, digits, spaces and any of !'()*+,-.=@_. The limit is {MAX_PREFIX_BYTES} bytes. Without a prefix, a "
        "new folder is created.",
    )


def new_prefix() -> str:
    return time.strftime("%Y-%m-%dT%H-%M-%SZ-", time.gmtime()) + secrets.token_hex(4) + "/"


def is_folder(prefix: str) -> bool:
    has_valid_names = re.fullmatch(r"(?:[\w !'()*+,\-.=@]+/)+", prefix) is not None
    # `.` and `..` are refused, because some clients treat keys as paths.
    has_dots = bool({".", ".."} & set(prefix.split("/")))
    return has_valid_names and not has_dots and len(prefix.encode()) <= MAX_PREFIX_BYTES
