"""Measures what the simulation is checked against: single batches, and a full queue that a few functions empty.

template.yaml is deployed into MiniStack, and the real functions and the real model work. The queue is filled while
Lambda does not read it, so that uploads cost the functions nothing. Single batches are measured right before each run,
because other work on the machine changes how fast they are.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.cost.runs import BATCH_SIZE, SHARES, Run, Runs
from benchmarks.simulation.work import Work
from benchmarks.uploads import upload
from local.cloud import Cloud
from local.demo import list_keys
from local.paths import SAMPLES
from local.stack import start_application
from tests.support.proxy import Exchange, Forward, Proxy, Reply, proxy

# MaximumConcurrency, at least 2, and seconds that are added to each call of the endpoint. With a pause, functions
# compete less for the machine's cores. These runs take long, and have a third of the images.
CASES = ((2, 0.0), (2, 1.0), (4, 1.0))
ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"
REPEATS = 12
POLL_SECONDS = 0.25
# Seconds without a new document, after which a run has failed.
PATIENCE = 60


class Timer:
    """Adds a pause to each call of the endpoint, and adds up how long the calls themselves take, in seconds."""

    def __init__(self) -> None:
        self.pause = self.waited = 0.0

    def __call__(self, exchange: Exchange, forward: Forward) -> Reply:
        time.sleep(self.pause)
        began = time.perf_counter()
        reply = forward()
        self.waited += time.perf_counter() - began
        return reply


def measure_runs(images: int) -> Runs:
    faces = [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.png"))]
    files = (faces * (images // len(faces) + 1))[:images]
    with proxy() as endpoint, start_application(variables={ENDPOINT_VARIABLE: endpoint.url}) as cloud:
        endpoint.upstream = str(cloud.endpoint_url)
        runs = [
            empty_queue(cloud, endpoint, files[: images // 3] if pause else files, concurrency, pause)
            for concurrency, pause in CASES
        ]
    return Runs(f"an {platform.machine()} machine with {os.cpu_count()} cores", runs)


def empty_queue(cloud: Cloud, endpoint: Proxy, files: list[bytes], concurrency: int, pause: float) -> Run:
    """Fills the queue, lets functions empty it, and returns how long that took."""
    functions = cloud.client("lambda")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    name = f"{concurrency}-{pause:.0f}/"
    endpoint.intervene = timer = Timer()

    def change(**settings: Any) -> None:
        functions.update_event_source_mapping(UUID=mapping["UUID"], **settings)

    # Starts the processes and asks the model for its labels: only later batches are measured.
    scaling = {"MaximumConcurrency": concurrency}
    change(ScalingConfig=scaling, MaximumBatchingWindowInSeconds=0, Enabled=True)
    timer.pause = 1
    upload(cloud, files[: 4 * BATCH_SIZE], f"{name}warm-", ".png")
    list(follow(cloud, f"{name}warm-", 4 * BATCH_SIZE))
    timer.pause = 0
    change(Enabled=False)
    time.sleep(2)
    upload(cloud, files, f"{name}full-", ".png")
    work = measure_work(cloud, timer, mapping["FunctionArn"], files, name)
    timer.pause = pause
    began = time.monotonic()
    change(Enabled=True)
    times = {count: now - began for now, count in follow(cloud, f"{name}full-", len(files))}
    first = [min(t for count, t in times.items() if count >= round(len(files) * share)) for share in SHARES]
    return Run(len(files), concurrency, pause, tuple(round(seconds, 1) for seconds in first), work)


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


def measure_work(cloud: Cloud, timer: Timer, function: str, files: list[bytes], folder: str) -> Work:
    """The times of a function that works alone: batches of one and of ten images give the parts per batch and image.

    folder: of the images, below the inbox and with its slash; another one for each call.
    """
    own_one, model_one = batch_seconds(cloud, timer, function, files[:1], f"{folder}one-")
    own_ten, model_ten = batch_seconds(cloud, timer, function, files[:BATCH_SIZE], f"{folder}ten-")
    image = max(0.0, (own_ten - own_one) / (BATCH_SIZE - 1))
    face = max(0.0, (model_ten - model_one) / (BATCH_SIZE - 1))
    return Work(
        start=0,
        before=round(max(0.0, own_ten - BATCH_SIZE * image), 4),
        after=0,
        image=round(image, 4),
        call=round(max(0.0, model_ten - BATCH_SIZE * face), 4),
        face=round(face, 4),
    )


def batch_seconds(cloud: Cloud, timer: Timer, function: str, files: list[bytes], prefix: str) -> tuple[float, float]:
    """Median seconds of an invocation with a batch: of the function itself, and of its waiting for the model.

    The messages are not in the queue, so nobody deletes them. prefix: of new images, which the run does not follow.
    """
    functions, own, model = cloud.client("lambda"), [], []
    for number in range(REPEATS):
        event = json.dumps({"Records": upload(cloud, files, f"{prefix}{number}-", ".png")})
        timer.waited = 0.0
        began = time.perf_counter()
        functions.invoke(FunctionName=function, Payload=event)
        own.append(time.perf_counter() - began - timer.waited)
        model.append(timer.waited)
    return median(own), median(model)
