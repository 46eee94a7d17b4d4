"""How long POST /classify takes, and whose share is how much: 1,000 calls, one after the other, on this machine.

    .venv/bin/python benchmarks/latency.py [--calls N]     (`make .venv/dev.done` installs it)

Writes latency.md beside itself, in about five minutes. The real functions answer, deployed from template.yaml into
MiniStack, with the real model behind them. What each call took is measured by its client; what the function took, and
of that the model, the answer says itself (Server-Timing). Beside them, in the same run: the same face sent straight to
the model with boto3, as a client with an account of its own would.
"""

import argparse
import io
import json
import os
import platform
import statistics
import sys
import textwrap
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

from local.cloud import CREDENTIALS, ENDPOINT_NAME, REGION, Cloud
from local.paths import SAMPLES
from local.stack import start_application
from mien.aws.listing import PAGE

# Of calls before those that count: the first starts a process.
WARM_UP = 20
PHOTO = (4000, 3000)
# Seconds between two calls' beginnings: an API key may call 50 times in one.
INTERVAL = 1 / 40


@dataclass(frozen=True)
class Call:
    """Milliseconds: what the client waited; the function's; of that the model's, with the way there and back."""

    whole: float
    function: float | None
    model: float | None


def percentile(values: Sequence[float], hundredths: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[hundredths - 1]


def photo() -> bytes:
    """A JPEG of 12 megapixels, as a phone takes them: a drawn face, with noise over it for the size."""
    noise = Image.effect_noise(PHOTO, 24).convert("RGB")
    drawn = Image.new("RGB", PHOTO, (120, 140, 160))
    draw = ImageDraw.Draw(drawn)
    draw.ellipse((1100, 500, 2900, 2600), fill=(224, 186, 160))
    for x in (1650, 2350):
        draw.ellipse((x - 130, 1200, x + 130, 1380), fill=(60, 50, 45))
    draw.arc((1500, 1500, 2500, 2200), 20, 160, fill=(130, 50, 50), width=60)
    file = io.BytesIO()
    Image.blend(drawn, noise, 0.1).save(file, "JPEG", quality=85)
    return file.getvalue()


def posted(url: str, key: str, body: bytes, kind: str) -> tuple[bytes, str]:
    """The answer, and what it says of its time."""
    headers = {"x-api-key": key, "Content-Type": kind}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        return answer.read(), answer.headers["Server-Timing"]


def posting(cloud: Cloud, body: bytes, kind: str) -> Callable[[], Call]:
    key = cloud.api_key

    def call() -> Call:
        began = time.perf_counter()
        _, said = posted(cloud.classify_url, key, body, kind)
        whole = (time.perf_counter() - began) * 1000
        timing = dict(part.split(";dur=") for part in said.split(", "))
        return Call(whole, float(timing["function"]), float(timing["model"]))

    return call


def listing(cloud: Cloud, face: bytes) -> Callable[[], Call]:
    """A page of as many documents as one has."""
    s3, key = cloud.client("s3"), cloud.api_key
    document = json.loads(posted(cloud.classify_url, key, face, "image/png")[0])
    for number in range(PAGE):
        image = {"bucket": "", "key": f"inbox/{number}.png", "version_id": None, "etag": "", "sequencer": f"{number:x}"}
        body = json.dumps({**document, "image": document["image"] | image}).encode()
        s3.put_object(Bucket=cloud.outputs["BucketName"], Key=f"results/{number}.png.json", Body=body)

    def call() -> Call:
        began = time.perf_counter()
        request = urllib.request.Request(cloud.page_url + "results", headers={"x-api-key": key})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert len(json.load(answer)["results"]) == PAGE
        return Call((time.perf_counter() - began) * 1000, None, None)

    return call


def invoking(cloud: Cloud, body: bytes) -> Callable[[], Call]:
    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )

    def call() -> Call:
        began = time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=ENDPOINT_NAME, ContentType="application/x-image", Body=body)
        answer["Body"].read()
        return Call((time.perf_counter() - began) * 1000, None, None)

    return call


def paced(call: Callable[[], Call], turns: Iterable[int]) -> Iterator[Call]:
    for _ in turns:
        began = time.perf_counter()
        yield call()
        time.sleep(max(0, began + INTERVAL - time.perf_counter()))


def row(name: str, calls: Sequence[Call]) -> str:
    def cell(values: Iterable[float | None]) -> str:
        known = [value for value in values if value is not None]
        return f"{percentile(known, 50):.1f} / {percentile(known, 99):.1f}" if known else ""

    own = [c.function - c.model if c.function is not None and c.model is not None else None for c in calls]
    around = [c.whole - c.function if c.function is not None else None for c in calls]
    cells = [cell(c.whole for c in calls), cell(own), cell(c.model for c in calls), cell(around)]
    return f"| {name} | {len(calls):,} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000, help="of each kind (%(default)s)")
    calls: int = parser.parse_args().calls
    face, large = (SAMPLES / "happy" / "1.png").read_bytes(), photo()
    with start_application() as cloud:
        kinds = {
            "`POST /classify`, a 48x48 PNG": posting(cloud, face, "image/png"),
            f"`POST /classify`, a JPEG of 12 megapixels, {len(large) / 1e6:.1f} MB": posting(
                cloud, large, "image/jpeg"
            ),
            "the 48x48 PNG straight to the endpoint, boto3": invoking(cloud, face),
            f"`GET /results`, {PAGE} documents": listing(cloud, face),
        }
        rows = []
        for name, call in kinds.items():
            list(paced(call, range(WARM_UP)))
            rows.append(row(name, list(paced(call, track(range(calls), name.replace("`", ""))))))
    notes = f"""
        Milliseconds, p50 / p99, one call after the other, warm, {1 / INTERVAL:.0f} a second at most. Call: what the
        client waited, with a new connection each time. Function: decoding, checking and answering, without the model.
        Model: the call of the endpoint, with the way there and back. Around: API Gateway and Lambda, which are
        MiniStack here; on AWS they take their own time. All of it shares one {platform.machine()} machine with
        {os.cpu_count()} cores, Python {platform.python_version()}. Written by
    """
    table = [
        "# Latency",
        "",
        "| | calls | call | function | model | around |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        textwrap.fill(" ".join(notes.split()), 120),
        "",
        "    .venv/bin/python benchmarks/latency.py",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(table) + "\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
