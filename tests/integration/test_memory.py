"""How much memory one invocation takes at its worst."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

import corpus
from events import message
from local import template
from local.cloud import CREDENTIALS, Cloud
from mien.images import MAX_BYTES

SIDE = 7071  # 50 million pixels, the most that pass
HANDLE = """
import json, resource, sys
from types import SimpleNamespace
from mien import inbox
names = dict.fromkeys(("function_name", "invoked_function_arn", "aws_request_id"), "")
context = SimpleNamespace(memory_limit_in_mb=0, get_remaining_time_in_millis=lambda: 900_000, **names)
failed = inbox.handler(json.load(sys.stdin), context)["batchItemFailures"]
print(json.dumps({"failed": failed, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""


def test_a_batch_of_the_largest_images_takes_less_than_half_of_the_functions_memory(
    cloud: Cloud, bucket: Any, tmp_path: Path
) -> None:
    image = corpus.encoded(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 9)), "PNG", compress_level=1)
    # As many bytes as may come: what follows a PNG's end is not read.
    file = image + bytes(MAX_BYTES - len(image))
    names = [f"largest/{n}.png" for n in range(10)]
    for name in names:
        bucket.s3.put_object(Bucket=bucket.name, Key=f"elsewhere/{name}", Body=file)
    # Under a prefix of its own, which no notification watches.
    environment = template.environment({**cloud.references, "InboxPrefix": "elsewhere/"})
    event = {"Records": [message(bucket.name, f"elsewhere/{name}", "0A", name) for name in names]}
    result = subprocess.run(
        [sys.executable, "-c", HANDLE],
        input=json.dumps(event),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(template.ROOT / "functions"),
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url),
            **CREDENTIALS,
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(result.stdout.splitlines()[-1])
    assert answer["failed"] == []
    assert [bucket.documents(name)[0]["status"] for name in names] == ["classified"] * len(names)
    limit = template.template()["Globals"]["Function"]["MemorySize"]
    assert answer["megabytes"] < limit / 2
