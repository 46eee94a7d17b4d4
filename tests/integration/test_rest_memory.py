"""The most memory that one request of the API uses."""

import base64
import json

from PIL import Image

from local import template
from local.cloud import CREDENTIALS, Cloud
from mien.logic.images import MAX_PIXELS
from mien.logic.requests import MAX_BODY_BYTES
from tests import corpus
from tests.support.peak import run_handler

SIDE = int(MAX_PIXELS**0.5)


def test_a_request_with_the_largest_images_uses_less_than_half_of_the_functions_memory(cloud: Cloud) -> None:
    """A few images with the most pixels. Bytes after the end of each PNG fill the request to its limit."""
    count = 4
    image = corpus.encoded(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 9)), "PNG", compress_level=9)
    image += bytes(MAX_BODY_BYTES // count // 3 * 3 - len(image))
    event = {
        "httpMethod": "POST",
        "path": "/classify",
        "headers": {"content-type": "application/json"},
        "requestContext": {"stage": "v1", "path": "/v1/classify"},
        "body": json.dumps({"images": [base64.b64encode(image).decode()] * count}),
        "isBase64Encoded": False,
    }
    environment = {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url), **CREDENTIALS}
    answer, megabytes = run_handler(
        "mien.handlers.api", event, environment | template.function_environment(cloud.references)
    )
    assert [entry["status"] for entry in json.loads(answer["body"])["results"]] == ["no_face"] * count
    limit = template.load_template()["Globals"]["Function"]["MemorySize"]
    assert megabytes < limit / 2
