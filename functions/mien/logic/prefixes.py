"""The body of a request for upload forms → a folder of the inbox."""

import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mien.errors import InvalidRequest
from mien.logic.requests import JSON, media_type, parse_json, read_body

# Bytes of a folder's name. The names of the files in it must still fit into an object key of 1,024 bytes.
MAX_PREFIX_BYTES = 512


def parse_prefix(body: Any, content_type: str, encoded_by_gateway: bool = False) -> str:
    """Returns the folder below the inbox that a request names, or a new, unique folder if it names none.

    body, encoded_by_gateway: as for `parse_images`.

    Only a part of the keys that S3 accepts is accepted here, because clients must not be able to name another place.

    Raises InvalidRequest.
    """
    text = read_body(body, encoded_by_gateway).decode(errors="replace")
    if not text:
        return new_prefix()
    if media_type(content_type) != JSON:
        raise InvalidRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "This Content-Type is not supported. Send application/json, or no body.",
            {"Accept": JSON},
        )
    fields = parse_json(text)
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
