"""How much memory one request takes at its worst."""

import base64
import json
import os
import subprocess
import sys

from PIL import Image

import corpus
from local import template
from local.cloud import CREDENTIALS, Cloud
from mien.images import MAX_PIXELS
from mien.requests import MAX_BODY_BYTES

SIDE = int(MAX_PIXELS**0.5)
HANDLE = """
import json, sys
from types import SimpleNamespace
from mien import api
from peak import peak
names = dict.fromkeys(("function_name", "invoked_function_arn", "aws_request_id"), "")
context = SimpleNamespace(memory_limit_in_mb=0, get_remaining_time_in_millis=lambda: 900_000, **names)
answer = api.handler(json.load(sys.stdin), context)
print(json.dumps({"answer": answer["body"], "megabytes": peak()}))
"""


def test_a_request_of_the_largest_images_takes_less_than_half_of_the_functions_memory(cloud: Cloud) -> None:
    """A few of the most pixels, which have all of its bytes: what follows a PNG's end is not read."""
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
    result = subprocess.run(
        [sys.executable, "-c", HANDLE],
        input=json.dumps(event),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(template.ROOT / folder) for folder in ("functions", "tests")),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url),
            **CREDENTIALS,
            **template.environment(cloud.references),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(result.stdout.splitlines()[-1])
    assert [entry["status"] for entry in json.loads(said["answer"])["results"]] == ["classified"] * count
    limit = template.template()["Globals"]["Function"]["MemorySize"]
    assert said["megabytes"] < limit / 2
