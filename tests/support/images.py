"""Images in the forms in which clients send them to the API."""

import base64
import json


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def json_body(*images: bytes) -> str:
    """The body of a request with a list of images."""
    return json.dumps({"images": [base64_of(image) for image in images]})
