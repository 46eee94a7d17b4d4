"""Query parameters of `GET /results` → a typed query, and the path of `GET /results/{key}` → the name of an image."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from mien.errors import InvalidRequest
from mien.logic.labels import LABELS
from mien.logic.results import MAX_KEY_BYTES

STATUSES = ("classified", "rejected")
# Characters that a URL can't have, and percent signs that encode nothing: a text with one of them was decoded.
NOT_IN_URL = re.compile(r"[^!-~]|[\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})")
# S3 lists keys in XML 1.0, which has no form for these characters.
NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True)
class Query:
    """Selects documents.

    prefix: beginning of the images' names, below the inbox.
    after: key of a document, below its own prefix; the `next` of the previous page.
    label: None selects every label.
    status: one of STATUSES.
    """

    prefix: str = ""
    after: str = ""
    label: str | None = None
    status: str = "classified"


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Raises InvalidRequest."""
    names = ("prefix", "after", "label", "status")
    query = Query(**{name: parameters[name] for name in names if name in parameters})
    if query.status not in STATUSES:
        raise malformed(f"Unknown status. Use {' or '.join(STATUSES)}.")
    if query.label is not None and query.label not in LABELS:
        raise malformed(f"Unknown label. Use one of {', '.join(LABELS)}.")
    if query.label is not None and query.status == "rejected":
        raise malformed("A rejected image has no label. Leave out label, or ask for status=classified.")
    for name in ("prefix", "after"):
        if not is_valid_key(getattr(query, name)):
            raise malformed(
                f"The value of {name} can't be part of an object key: "
                f"a key has at most {MAX_KEY_BYTES:,} bytes and no control characters."
            )
    return query


def parse_name(event: Mapping[str, Any]) -> str | None:
    """Returns the name of the image, below the inbox, that a request for one document names. None if it is not a name.

    REST APIs hand path parameters over as the URL has them. HTTP APIs decode them, and only their events of format 1.0
    have a `version`; MiniStack does both. If the parameter was decoded twice, `a%20b.png` would be read as `a b.png`,
    which is another image.
    Source: Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".

    event: of an API Gateway proxy integration.
    """
    name = (event.get("pathParameters") or {}).get("key")
    if not isinstance(name, str) or not name:
        return None
    is_decoded = "version" in event or NOT_IN_URL.search(name) is not None
    try:
        name = name if is_decoded else unquote(name, errors="strict")
    except UnicodeDecodeError:
        return None
    return name if is_valid_key(name) else None


def is_valid_key(text: str) -> bool:
    """Returns whether the text can be an object key, or the beginning of one."""
    try:
        return len(text.encode()) <= MAX_KEY_BYTES and not NOT_IN_XML.search(text)
    except UnicodeEncodeError:
        return False


def malformed(detail: str) -> InvalidRequest:
    return InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", detail)
