"""Forms with which others upload into the inbox by themselves, and nowhere else: presigned POSTs.

A form holds for keys of one folder, for one content type and up to one size, for some minutes, and for any number of
images meanwhile: the bytes go to S3 and not through a function.
Source: Amazon S3 API Reference, "Creating an HTML form (using AWS Signature Version 4)", "Creating a POST policy".
"""

import json
import re
import secrets
import time
from http import HTTPStatus
from typing import Any

from mien.logic.images import MAX_BYTES
from mien.logic.requests import IMAGES, JSON, Refused

# Seconds for which a form can be used. Whoever has more images than fit into them asks again.
EXPIRES = 900
# Of a folder's name: what the names in it add must still fit into a key of 1,024 bytes.
MAX_PREFIX_BYTES = 512
# S3 puts the name of the file in its place that the form is sent with.
FILENAME = "${filename}"
PREFIX_FORM = (
    'The body must be JSON of the form {"prefix": "a/folder/"}: names of letters, digits, spaces and any of '
    f"!'()*+,-.=@_ that each end with a slash, {MAX_PREFIX_BYTES} bytes at most. Without a prefix a new folder is made."
)

Form = dict[str, str]


def prefix_of(body: str, content_type: str) -> str:
    """A request's body → the folder below the inbox that it names, or a new one that nobody else has. Raises Refused.

    Not every key that S3 takes is one here: a form must not mean another place than it says.
    """
    if not body:
        return time.strftime("%Y-%m-%dT%H-%M-%SZ-", time.gmtime()) + secrets.token_hex(4) + "/"
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "This Content-Type is not taken. Send application/json, or no body.",
            {"Accept": JSON},
        )
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    match fields:
        case {"prefix": str(prefix)} if is_folder(prefix):
            return prefix
        case {} if fields == {}:
            return prefix_of("", content_type)
    raise Refused(HTTPStatus.BAD_REQUEST, "malformed", PREFIX_FORM)


def is_folder(prefix: str) -> bool:
    names = re.fullmatch(r"(?:[\w !'()*+,\-.=@]+/)+", prefix)
    # What is no name but a way to another folder, for some who read keys as paths.
    dots = {".", ".."} & set(prefix.split("/"))
    return bool(names) and not dots and len(prefix.encode()) <= MAX_PREFIX_BYTES


def forms(s3: Any, bucket: str, prefix: str) -> dict[str, Any]:
    """prefix: of keys, below the inbox, with the inbox. Signs, and asks nobody. Returns what the API answers:

    url: where to POST to; prefix; max_bytes: of a file; expires_in: seconds; forms: by content type, the fields that
    come before the field `file`, of which `key` may be replaced by any that begins with the prefix.
    """
    signed = {
        kind: s3.generate_presigned_post(
            bucket,
            prefix + FILENAME,
            # 201 says in its body what was stored, and is no empty answer that looks like any other.
            Fields={"Content-Type": kind, "success_action_status": "201"},
            Conditions=[
                {"Content-Type": kind},
                {"success_action_status": "201"},
                ["content-length-range", 1, MAX_BYTES],
            ],
            ExpiresIn=EXPIRES,
        )
        for kind in IMAGES
    }
    [url] = {form["url"] for form in signed.values()}
    fields: dict[str, Form] = {kind: form["fields"] for kind, form in signed.items()}
    return {"url": url, "prefix": prefix, "max_bytes": MAX_BYTES, "expires_in": EXPIRES, "forms": fields}
