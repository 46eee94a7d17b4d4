"""Presigned forms, with which clients upload images into one folder of the inbox.

A form is valid for one content type, one folder, files up to one size, and some minutes. It can be used for any number
of images meanwhile. The bytes go to S3, not through a function.
Source: Amazon S3 API Reference, "Creating an HTML form (using AWS Signature Version 4)", "Creating a POST policy".
"""

from typing import Any

from mien.logic.images import MAX_BYTES
from mien.logic.requests import IMAGES

# Seconds for which a form is valid. A client that needs more time requests a new form.
EXPIRES = 900
# S3 replaces this by the name of the uploaded file.
FILENAME = "${filename}"

Form = dict[str, str]


def make_forms(s3: Any, bucket: str, prefix: str) -> dict[str, Any]:
    """Returns the API's answer to `POST /uploads`. Signing sends no request.

    prefix: prefix of the object keys, including the inbox's.

    The answer's fields:
    - url: where to POST.
    - prefix: as given.
    - max_bytes: size limit of a file.
    - expires_in: seconds.
    - forms: by content type, the form fields to send before the field `file`. `key` may be replaced by any key that
      begins with the prefix.
    """
    presigned = {
        kind: s3.generate_presigned_post(
            bucket,
            prefix + FILENAME,
            # S3 describes the stored object in the body of a 201. A 204 would have no body.
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
    [url] = {form["url"] for form in presigned.values()}
    fields: dict[str, Form] = {kind: form["fields"] for kind, form in presigned.items()}
    return {"url": url, "prefix": prefix, "max_bytes": MAX_BYTES, "expires_in": EXPIRES, "forms": fields}
