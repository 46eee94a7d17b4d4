"""Measures what the simulation is checked against: single batches, and a full queue that one and two functions empty.

template.yaml is deployed into MiniStack, and the real functions and the real model work. The queue is filled while
Lambda does not read it, so that uploads cost the functions nothing.
"""

import contextlib
import io
import os
import platform
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.cost.runs import BATCH_SIZE, SHARES, Run, Runs
from benchmarks.inbox import Requests, load_handler, upload_batch
from benchmarks.simulation.work import Work
from local.cloud import Cloud
from local.demo import list_keys
from local.paths import SAMPLES
from local.stack import start_application
from tests.support.lambda_context import Context

CONCURRENCIES = (1, 2)
REPEATS = 30
POLL_SECONDS = 0.25
# Seconds without a new document, after which a run has failed.
PATIENCE = 60


def measure_runs(images: int) -> Runs:
    faces = [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.png"))]
    files = (faces * (images // len(faces) + 1))[:images]
    requests = Requests()
    with start_application() as cloud:
        runs = [empty_queue(cloud, files, concurrency) for concurrency in CONCURRENCIES]
        # It takes the queue away from the deployed functions, so it comes last.
        work = measure_work(cloud, requests, files)
    machine = f"an {platform.machine()} machine with {os.cpu_count()} cores that also did other work"
    return Runs(machine, work, runs)


def empty_queue(cloud: Cloud, files: list[bytes], concurrency: int) -> Run:
    """Fills the queue, lets functions empty it, and returns how long that took.

    MaximumConcurrency is at least 2, so the function's own concurrency is what is set.
    """
    functions, s3 = cloud.client("lambda"), cloud.client("s3")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    folder = f"{cloud.prefix('Inbox')}{concurrency}/"

    def change(**settings: Any) -> None:
        functions.update_event_source_mapping(UUID=mapping["UUID"], **settings)

    # Starts the processes and asks the model for its labels: only later batches are measured.
    name = mapping["FunctionArn"].partition(":function:")[2].partition(":")[0]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
    change(MaximumBatchingWindowInSeconds=0)
    upload(s3, cloud.bucket, f"{folder}warm-", files[: 4 * BATCH_SIZE])
    list(follow(cloud, f"{concurrency}/warm-", 4 * BATCH_SIZE))
    change(Enabled=False)
    time.sleep(2)
    upload(s3, cloud.bucket, f"{folder}full-", files)
    change(Enabled=True)
    began = time.monotonic()
    times = {count: now - began for now, count in follow(cloud, f"{concurrency}/full-", len(files))}
    first = [min(t for count, t in times.items() if count >= round(len(files) * share)) for share in SHARES]
    return Run(len(files), concurrency, tuple(round(seconds, 1) for seconds in first))


def upload(s3: Any, bucket: str, prefix: str, files: list[bytes]) -> None:
    for number, content in enumerate(files):
        s3.put_object(Bucket=bucket, Key=f"{prefix}{number:05}.png", Body=content)


def follow(cloud: Cloud, folder: str, images: int) -> Iterator[tuple[float, int]]:
    """Yields the time and the number of documents whenever there are more, until each image has one."""
    s3, prefix = cloud.client("s3"), cloud.prefix("Results") + folder
    count, changed = 0, time.monotonic()
    while count < images:
        time.sleep(POLL_SECONDS)
        cloud.require_running()
        now, found = time.monotonic(), sum(1 for _ in list_keys(s3, cloud.bucket, prefix))
        if found > count:
            count, changed = found, now
            yield now, count
        if now - changed > PATIENCE:
            raise TimeoutError(f"{images - count} of {images} images have no document after {PATIENCE} s")


def measure_work(cloud: Cloud, requests: Requests, files: list[bytes]) -> Work:
    """The times of a function that works alone: batches of one and of ten images give the parts per batch and image."""
    handler = load_handler(cloud)
    one, one_waited = batch_seconds(cloud, handler, requests, files[:1], 1)
    ten, ten_waited = batch_seconds(cloud, handler, requests, files[:BATCH_SIZE], 2)
    face = max(0.0, (ten_waited - one_waited) / (BATCH_SIZE - 1))
    image = max(0.0, (ten - ten_waited - one + one_waited) / (BATCH_SIZE - 1))
    return Work(
        start=0,
        before=round(max(0.0, one - one_waited - image), 4),
        after=0,
        image=round(image, 4),
        call=round(max(0.0, one_waited - face), 4),
        face=round(face, 4),
    )


def batch_seconds(
    cloud: Cloud, handler: Callable[..., Any], requests: Requests, files: list[bytes], number: int
) -> tuple[float, float]:
    """Median seconds of a batch, and of its waiting for the endpoint."""
    times = []
    for repeat in range(REPEATS + 2):
        event = upload_batch(cloud, files, ".png", number * 1000 + repeat)
        requests.clear()
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            handler(event, Context())
        times.append((time.perf_counter() - began, requests.waited))
    # The first batches connect, and ask the model for its labels.
    times = sorted(times[2:])
    return times[len(times) // 2]
