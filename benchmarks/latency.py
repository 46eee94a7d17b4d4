"""Measures how long POST /classify takes on this machine, and which part of the application needs how much of it.

    .venv/bin/python benchmarks/latency.py [--calls N]

Needs the environment of `make install`, and about five minutes for 1,000 calls of each kind, one after the other.

template.yaml is deployed into MiniStack, and the real functions and the real model answer. The client measures the
whole call. The answer's Server-Timing header has the time of the function, and the model's part of it. For comparison,
boto3 sends the same face to the endpoint directly, as a client with an AWS account could. Writes latency.md.
"""

import argparse
import io
import json
import os
import platform
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
from PIL import Image, ImageDraw
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local.cloud import CREDENTIALS, ENDPOINT_NAME, REGION, Cloud
from local.paths import SAMPLES
from local.stack import start_application
from mien.aws.listing import PAGE

# Calls of each kind before the measured ones. The first one waits for a cold start.
WARM_UP_CALLS = 20
# Calls per second at most. The template's usage plan allows an API key 50.
CALLS_PER_SECOND = 40
# Pixels: a photo of 12 megapixels, as phones take them.
PHOTO_SIZE = (4000, 3000)


@dataclass(frozen=True)
class Call:
    """The times of one call, in milliseconds.

    total: what the client waited.
    function: what the function needed, including the model; None if the answer does not say so.
    model: what the call of the endpoint needed, including the network; None if the answer does not say so.
    """

    total: float
    function: float | None = None
    model: float | None = None


def draw_photo() -> bytes:
    """A JPEG of a drawn face. Noise over it gives it the size in bytes of a real photo."""
    drawing = Image.new("RGB", PHOTO_SIZE, (120, 140, 160))
    draw = ImageDraw.Draw(drawing)
    draw.ellipse((1100, 500, 2900, 2600), fill=(224, 186, 160))
    for x in (1650, 2350):
        draw.ellipse((x - 130, 1200, x + 130, 1380), fill=(60, 50, 45))
    draw.arc((1500, 1500, 2500, 2200), 20, 160, fill=(130, 50, 50), width=60)
    noise = Image.effect_noise(PHOTO_SIZE, 24).convert("RGB")
    file = io.BytesIO()
    Image.blend(drawing, noise, 0.1).save(file, "JPEG", quality=85)
    return file.getvalue()


def post_image(url: str, key: str, image: bytes, content_type: str) -> tuple[bytes, str]:
    """Returns the body of the answer, and its Server-Timing header."""
    headers = {"x-api-key": key, "Content-Type": content_type}
    with urllib.request.urlopen(urllib.request.Request(url, image, headers), timeout=60) as answer:
        return answer.read(), answer.headers["Server-Timing"]


def classify_call(cloud: Cloud, image: bytes, content_type: str) -> Callable[[], Call]:
    """Returns a function that measures one POST /classify."""
    key = cloud.api_key

    def call() -> Call:
        began = time.perf_counter()
        _, server_timing = post_image(cloud.classify_url, key, image, content_type)
        total = milliseconds_since(began)
        timing = dict(part.split(";dur=") for part in server_timing.split(", "))
        return Call(total, float(timing["function"]), float(timing["model"]))

    return call


def results_call(cloud: Cloud, face: bytes) -> Callable[[], Call]:
    """Uploads as many images as fit on a page. Returns a function that measures one GET /results."""
    s3, key = cloud.client("s3"), cloud.api_key
    for number in range(PAGE):
        s3.put_object(Bucket=cloud.bucket, Key=f"inbox/{number}.png", Body=face)
    for number in range(PAGE):
        waiter = s3.get_waiter("object_exists")
        waiter.wait(Bucket=cloud.bucket, Key=f"results/{number}.png.json", WaiterConfig={"Delay": 1})

    def call() -> Call:
        began = time.perf_counter()
        request = urllib.request.Request(cloud.page_url + "results", headers={"x-api-key": key})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert sum("url" in document["image"] for document in json.load(answer)["results"]) == PAGE
        return Call(milliseconds_since(began))

    return call


def invoke_call(cloud: Cloud, image: bytes) -> Callable[[], Call]:
    """Returns a function that measures one InvokeEndpoint with boto3."""
    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )

    def call() -> Call:
        began = time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=ENDPOINT_NAME, ContentType="application/x-image", Body=image)
        answer["Body"].read()
        return Call(milliseconds_since(began))

    return call


def milliseconds_since(began: float) -> float:
    """began: a value of time.perf_counter()."""
    return (time.perf_counter() - began) * 1000


def repeat(call: Callable[[], Call], turns: Iterable[int]) -> Iterator[Call]:
    """Makes one call per turn, but not more than CALLS_PER_SECOND."""
    for _ in turns:
        began = time.perf_counter()
        yield call()
        time.sleep(max(0, began + 1 / CALLS_PER_SECOND - time.perf_counter()))


def row(name: str, calls: Sequence[Call]) -> str:
    own = [c.function - c.model for c in calls if c.function is not None and c.model is not None]
    model = [c.model for c in calls if c.model is not None]
    gateway = [c.total - c.function for c in calls if c.function is not None]
    cells = [percentiles([c.total for c in calls]), percentiles(own), percentiles(model), percentiles(gateway)]
    return f"| {name} | {len(calls):,} | {' | '.join(cells)} |"


def percentiles(values: Sequence[float]) -> str:
    """The 50th and the 99th percentile, or nothing if there are no values."""
    if not values:
        return ""
    hundredths = statistics.quantiles(values, n=100, method="inclusive")
    return f"{hundredths[49]:.1f} / {hundredths[98]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000, help="number of measured calls of each kind (%(default)s)")
    calls: int = parser.parse_args().calls
    face = (SAMPLES / "happy" / "1.png").read_bytes()
    photo = draw_photo()
    with start_application() as cloud:
        kinds = {
            "`POST /classify`, a 48x48 PNG": classify_call(cloud, face, "image/png"),
            f"`POST /classify`, a JPEG of 12 megapixels, {len(photo) / 1e6:.1f} MB": classify_call(
                cloud, photo, "image/jpeg"
            ),
            "the 48x48 PNG directly to the endpoint, boto3": invoke_call(cloud, face),
            f"`GET /results`, {PAGE} documents": results_call(cloud, face),
        }
        table = [
            "| | calls | total | function | model | API Gateway and Lambda |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name, call in kinds.items():
            list(repeat(call, range(WARM_UP_CALLS)))
            turns = track(range(calls), name.replace("`", ""))
            table.append(row(name, list(repeat(call, turns))))
    notes = f"""
        Milliseconds, p50 / p99. The calls were made one after the other, warm, at most {CALLS_PER_SECOND} per second.
        Everything ran on one {platform.machine()} machine with {os.cpu_count()} cores, with Python
        {platform.python_version()}.

        Total is what the client waited, with a new connection for each call. Function is the time to decode, check and
        answer, without the model. Model is the call of the endpoint, including the network. API Gateway and Lambda are
        MiniStack here; on AWS they need a different time.
    """
    write_page(__file__, "Latency", table, notes, ".venv/bin/python benchmarks/latency.py")


if __name__ == "__main__":
    main()
