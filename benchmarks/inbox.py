"""Measures the processor time of InboxFunction for one image, and what it sends to S3, the endpoint and its log.

    .venv/bin/python benchmarks/inbox.py [--batches N]

Needs the environment of `make install`, and about three minutes.

template.yaml is deployed into MiniStack, and the real model answers. The handler runs in this process instead of
Lambda's, with the variables of the deployed function, and is called with full batches. So the processor time is that of
the function alone. Writes inbox.md.
"""

import argparse
import contextlib
import io
import os
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.photos import SIZES, enlarge
from benchmarks.report import write_page
from local import template
from local.cloud import Cloud
from local.paths import DETECTOR, SAMPLES
from local.stack import start_application
from tests.support.lambda_context import Context
from tests.support.messages import message

# The template's BatchSize.
BATCH = int(template.default_parameters()["BatchSize"])
MEGAPIXELS = 12
Event = dict[str, Any]
Handler = Callable[[Event, Context], Any]


@dataclass(frozen=True)
class Times:
    """What one kind of image needs, for one image.

    processor: milliseconds of the function's processor time, median of the batches.
    model: milliseconds that the function waits for the endpoint.
    requests: requests to S3 and calls of the endpoint, by the names of their operations.
    log: bytes.
    """

    kind: str
    processor: float
    model: float
    requests: dict[str, float]
    log: float


def load_handler(cloud: Cloud, requests: "Requests") -> Handler:
    """The handler, in this process, as the deployed function would have it. The queue stops calling that function.

    requests: counts what it sends.
    """
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
    [name] = [f["FunctionName"] for f in functions.list_functions()["Functions"] if "Inbox" in f["FunctionName"]]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    os.environ.update(variables, **cloud.credentials, AWS_ENDPOINT_URL=cloud.url)
    os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = str(cloud.endpoint_url)
    sys.path.insert(0, str(DETECTOR.parent))
    from mien.handlers import inbox

    requests.count_attempts(inbox.pipeline.changes.storage.s3)
    return inbox.handler


class Requests:
    """Counts the requests of boto3's default session, and measures how long each call of the endpoint takes.

    Requests that the function sends without boto3 are counted too.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.waited = 0.0
        boto3.setup_default_session()
        events = boto3.DEFAULT_SESSION.events
        events.register("before-call", self.begin)
        events.register("after-call.sagemaker-runtime.InvokeEndpoint", self.end)

    def count_attempts(self, objects: Any) -> None:
        """objects: mien.aws.objects.Objects."""
        attempt, names = objects.attempt, objects.meta.method_to_api_mapping

        def count(operation: str, parameters: Any) -> Any:
            self.counts[names[operation]] += 1
            return attempt(operation, parameters)

        objects.attempt = count

    def begin(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        self.counts[model.name] += 1
        context["began"] = time.perf_counter()

    def end(self, context: dict[str, Any], **_: Any) -> None:
        self.waited += time.perf_counter() - context["began"]

    def clear(self) -> None:
        self.counts.clear()
        self.waited = 0.0


def upload_batch(cloud: Cloud, files: list[bytes], suffix: str, number: int) -> Event:
    """Stores a batch of images, and returns the event about them."""
    s3, records = cloud.client("s3"), []
    for index, content in enumerate(files):
        key = f"{cloud.prefix('Inbox')}{number}-{index}{suffix}"
        stored = s3.put_object(Bucket=cloud.bucket, Key=key, Body=content)
        fields = {"versionId": stored["VersionId"], "eTag": stored["ETag"].strip('"')}
        records.append(message(cloud.bucket, key, f"{number:016X}", f"{index}", **fields))
    return {"Records": records}


def measure(
    cloud: Cloud, handler: Handler, requests: Requests, kind: str, files: list[bytes], suffix: str, batches: int
) -> Times:
    events = [upload_batch(cloud, files, suffix, number) for number in track(range(batches + 1), description=kind)]
    # The first invocation asks the endpoint for its labels.
    run(handler, events[0])
    requests.clear()
    log, times = 0, []
    for event in events[1:]:
        began = time.process_time()
        log += run(handler, event)
        times.append((time.process_time() - began) * 1000 / len(files))
    images = batches * len(files)
    each = {name: count / images for name, count in sorted(requests.counts.items())}
    return Times(kind, statistics.median(times), requests.waited * 1000 / images, each, log / images)


def run(handler: Handler, event: Event) -> int:
    """Calls the handler, and returns how many bytes it logged."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        answer = handler(event, Context())
    if answer["batchItemFailures"]:
        sys.exit(f"{len(answer['batchItemFailures'])} images failed: {log.getvalue()}")
    return len(log.getvalue().encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=20, help="measured batches of each kind (default: 20)")
    batches = parser.parse_args().batches
    faces = [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.png"))]
    faces = (faces * BATCH)[:BATCH]
    photos = [enlarge(SIZES[MEGAPIXELS], number) for number in range(4)] * (BATCH // 4)
    requests = Requests()
    with start_application() as cloud:
        handler = load_handler(cloud, requests)
        rows = [
            measure(cloud, handler, requests, "face, 48x48", faces, ".png", batches),
            measure(
                cloud,
                handler,
                requests,
                f"photo, {MEGAPIXELS} megapixels, 7 faces",
                photos,
                ".jpg",
                max(batches // 4, 3),
            ),
        ]
    write_page(__file__, "Inbox", table(rows), notes(batches), ".venv/bin/python benchmarks/inbox.py")


def table(rows: list[Times]) -> list[str]:
    operations = sorted({name for row in rows for name in row.requests})
    return [
        f"| image | processor, ms | waiting for the model, ms | {' | '.join(operations)} | log, bytes |",
        "| --- |" + " ---: |" * (len(operations) + 3),
        *(
            f"| {row.kind} | {row.processor:.1f} | {row.model:.1f} | "
            f"{' | '.join(f'{row.requests.get(name, 0):.3g}' for name in operations)} | {row.log:.0f} |"
            for row in rows
        ),
    ]


def notes(batches: int) -> str:
    return f"""
    For one image, in batches of {BATCH}, {batches} of faces and fewer of photos. Processor time is that of the function
    alone, in milliseconds of one processor. A function with 1,024 MB has about half a processor, so its times are
    longer. The operations are requests of S3 and calls of the endpoint. The log is what the handler itself writes;
    Lambda adds three lines per invocation.

    The model runs on the same machine, so the time of waiting for it is not that of an endpoint on AWS.

    Measured with Python {platform.python_version()} on an {platform.machine()} machine that also did other work.
    """


if __name__ == "__main__":
    main()
