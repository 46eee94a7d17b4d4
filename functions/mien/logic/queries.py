"""Query parameters → typed queries, and the path of one document or review → the name of an image."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import unquote

from mien.errors import InvalidRequest
from mien.logic.documents import faces_of
from mien.logic.labels import RULE, is_label
from mien.logic.results import MAX_KEY_BYTES, Result, is_rejected
from mien.logic.times import is_time

STATUSES = ("classified", "no_face", "too_small", "rejected")
# A `next` begins with this character, and the rest is base64url. The keys of documents end with `.json`, and base64url
# has no dot, so a key is never read as a `next`.
NEXT_MARK = "~"
# Characters that a URL can't have, and percent signs that encode nothing: a text with one of them was decoded.
NOT_IN_URL = re.compile(r"[^!-~]|[\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})")
# S3 lists keys in XML 1.0, which has no form for these characters.
NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True)
class Query:
    """Selects documents.

    prefix: beginning of the images' names, below the inbox.
    after: key of a document, below its own prefix. Only documents behind it are listed.
    label: only images in which a face has this label; None selects every image.
    status: one of STATUSES; None selects every image that was not rejected.
    since: a time (times.py); only documents that were written then or later. None selects documents of all times.
    """

    prefix: str = ""
    after: str = ""
    label: str | None = None
    status: str | None = None
    since: str | None = None

    @property
    def is_selective(self) -> bool:
        """Whether documents must be read to know which ones are selected: S3 lists keys alone."""
        return self.label is not None or self.status not in (None, "rejected")

    def selects(self, document: Result) -> bool:
        """Returns whether a document has the label and the status."""
        if is_rejected(document) != (self.status == "rejected") or self.status not in (None, document["status"]):
            return False
        return self.label is None or any(face.get("label") == self.label for face in faces_of(document))


@dataclass(frozen=True)
class FolderQuery:
    """Selects the folders within one folder.

    prefix: name of the folder below the inbox, with a slash at its end; empty for the inbox itself.
    after: name of a folder, below the inbox. Only folders behind it are listed.
    """

    prefix: str = ""
    after: str = ""


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Raises InvalidRequest."""
    names = ("prefix", "after", "label", "status", "since")
    query = Query(**{name: parameters[name] for name in names if name in parameters})
    query = replace(query, after=parse_next(query.after) or query.after)
    if query.status not in (None, *STATUSES):
        raise malformed(f"Unknown status. Use one of {', '.join(STATUSES)}.")
    if query.label is not None and not is_label(query.label):
        raise malformed(f"The value of label can't be a label: {RULE}.")
    if query.label is not None and query.status not in (None, "classified"):
        raise malformed("Only classified images have a label. Leave out label, or ask for status=classified.")
    if query.since is not None and not is_time(query.since):
        raise malformed("The value of since must be a time in UTC, in whole seconds, such as 2026-11-26T20:00:00Z.")
    require_key_parts(query.prefix, query.after)
    return query


def parse_folder_query(parameters: Mapping[str, str]) -> FolderQuery:
    """Raises InvalidRequest."""
    after = parameters.get("after", "")
    query = FolderQuery(parameters.get("prefix", ""), parse_next(after) or after)
    require_key_parts(query.prefix, query.after)
    if query.prefix and not query.prefix.endswith("/"):
        raise malformed("The value of prefix must be a folder, and so it must end with a slash.")
    return query


def parse_review_query(parameters: Mapping[str, str]) -> Query:
    """Returns a query with nothing but `prefix` and `after`. Raises InvalidRequest."""
    after = parameters.get("after", "")
    query = Query(prefix=parameters.get("prefix", ""), after=parse_next(after) or after)
    require_key_parts(query.prefix, query.after)
    return query


def parse_faces(parameters: Mapping[str, str]) -> Literal["find", "whole"] | None:
    """Returns what `POST /classify` takes as faces, or None if the request does not say it. Raises InvalidRequest."""
    match parameters.get("faces"):
        case None:
            return None
        case "find" | "whole" as faces:
            return faces
    raise malformed("Unknown value of faces. Use find or whole.")


def require_key_parts(prefix: str, after: str) -> None:
    """Raises InvalidRequest if S3 can't list keys with this prefix, or behind `after`."""
    if not is_valid_key(prefix):
        raise malformed(
            f"The value of prefix can't be part of an object key: a key has at most {MAX_KEY_BYTES:,} bytes and no "
            "control characters."
        )
    if not fits_into_key(after):
        raise malformed(
            f"The value of after is neither the next of a page nor an object key of at most {MAX_KEY_BYTES:,} bytes."
        )


def format_next(key: str) -> str:
    """Returns the `next` of a page whose last document has this key, below its prefix.

    It has only letters, digits and `-_~`, so it passes through every client and gateway.
    """
    return NEXT_MARK + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def parse_next(text: str) -> str | None:
    """Returns the key in a `next`, or None if the text is not a `next`."""
    encoded = text.removeprefix(NEXT_MARK)
    if encoded == text or not re.fullmatch(r"[A-Za-z0-9_-]+", encoded):
        return None
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def parse_name(event: Mapping[str, Any]) -> str | None:
    """Returns the name of the image, below the inbox, in the path of a request. None if it is not a name.

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
    return fits_into_key(text) and not NOT_IN_XML.search(text)


def fits_into_key(text: str) -> bool:
    try:
        return len(text.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def malformed(detail: str) -> InvalidRequest:
    return InvalidRequest(HTTPStatus.BAD_REQUEST, "malformed", detail)
