"""The ways in which images can be classified that docs/cost.md compares, each with its costs for a million images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.cost.machines import CORES, FULL_SPEED_GPU, GPU, RESNET_101_PER_SECOND
from benchmarks.latencies import GET_MS, HEAD_MS, INVOKE_MS, PUT_MS
from deployment.estimate import BYTES_PER_FACE, FACES_PER_SECOND, MILLION, Line, Plan, price_lines, quantities, total
from deployment.prices import load_prices
from deployment.workloads import INVOCATION_LOG_BYTES, LOG_BYTES, Workload
from training.hosting.options import DEFAULT_CONCURRENCY, DEFAULT_MEMORY_MB, Serverless

# The mean of the sample faces, enlarged to 224x224 RGB, as PNG files.
BUILT_IN_FACE_BYTES = 31_800
# Requests to SQS for a message that is received and deleted alone.
SQS_REQUESTS_ALONE = 3

DEFAULT_HOSTING = Serverless(DEFAULT_MEMORY_MB, DEFAULT_CONCURRENCY)
MEMORY_SIZES_MB = (1024, 2048, 3072, 4096, 6144)
USES = (0.1, 0.5, 0.9)
INSTANCE_TYPES = ("ml.c6i.large", "ml.c7i.large", "ml.c7g.large")


@dataclass(frozen=True)
class Way:
    """lines: the parts of its cost. basis: what the numbers come from, if not only from measurements."""

    name: str
    lines: tuple[Line, ...]
    basis: str = ""

    @property
    def total(self) -> float:
        return total(self.lines)


def serverless(image: Workload, memory_mb: int = DEFAULT_MEMORY_MB) -> Way:
    hosting = Serverless(memory_mb, DEFAULT_CONCURRENCY)
    return Way(f"serverless endpoint, {memory_mb // 1024} GB", priced(quantities(Plan(hosting), image)))


def on_instances(image: Workload, instance_type: str, use: float) -> Way:
    """An endpoint on instances that classify for this share of the hours in which they are paid for."""
    rate = CORES[instance_type] * FACES_PER_SECOND
    parts = [*quantities(Plan(None), image), *endpoint_parts(image, instance_type, rate * use, BYTES_PER_FACE)]
    basis = "speed of a Graviton core assumed" if "g." in instance_type else ""
    return Way(f"{instance_type}, {use:.0%} in use", priced(parts), basis)


def built_in(image: Workload, instance_type: str, use: float) -> Way:
    """SageMaker's built-in image classification with a ResNet-101, which gets one face per call."""
    if instance_type == GPU:
        rate, basis = FULL_SPEED_GPU, "a lower limit: the GPU computes at its peak all the time"
    else:
        rate, basis = CORES[instance_type] * RESNET_101_PER_SECOND, "speed from a measured ResNet-50, halved"
    # The function waits for this endpoint instead of ours.
    waiting = image.faces * (1 / rate - 1 / FACES_PER_SECOND) * 1000
    slow = replace(image, waiting_ms=waiting)
    parts = [*quantities(Plan(None), slow), *endpoint_parts(image, instance_type, rate * use, BUILT_IN_FACE_BYTES)]
    return Way(f"built-in ResNet-101, {instance_type}, {use:.0%} in use", priced(parts), basis)


def endpoint_parts(
    image: Workload, instance_type: str, faces_per_second: float, face_bytes: int
) -> list[tuple[str, str, float]]:
    return [
        ("endpoint: instances", instance_type, image.faces / faces_per_second / 3600),
        ("endpoint: data", "endpoint_data", image.faces * face_bytes / 1e9),
    ]


def one_by_one(image: Workload) -> Way:
    """Mien with batches of one image, as with few images at a time: nothing hides the waiting for S3."""
    waiting = GET_MS + HEAD_MS + PUT_MS + INVOKE_MS
    return Way(
        "one invocation and one call an image, through the queue", of_single_images(image, waiting), "waiting assumed"
    )


def without_queue(image: Workload) -> Way:
    """The usual example: S3 invokes the function for each image, which calls the endpoint and writes the answer."""
    image = replace(image, s3_reads=1)
    return Way(
        "one invocation and one call an image, without a queue and look-ups",
        of_single_images(image, GET_MS + PUT_MS + INVOKE_MS, sqs_requests=0),
        "waiting assumed; without Mien's guarantees",
    )


def of_single_images(image: Workload, waiting_ms: float, sqs_requests: float = SQS_REQUESTS_ALONE) -> tuple[Line, ...]:
    single = replace(
        image,
        invocations=1,
        sqs_requests=sqs_requests,
        log_bytes=LOG_BYTES + INVOCATION_LOG_BYTES,
        waiting_ms=waiting_ms,
    )
    return priced(quantities(Plan(DEFAULT_HOSTING), single))


def with_lines(image: Workload) -> Way:
    """One object of JSON Lines for each batch, and a serverless endpoint with the default memory."""
    plan = Plan(DEFAULT_HOSTING, result_format="lines")
    name = f"serverless endpoint, {DEFAULT_MEMORY_MB // 1024} GB, `ResultFormat=lines`"
    return Way(name, priced(quantities(plan, image)))


def vision_api(large: bool = False) -> Way:
    name = "vision_api_large" if large else "vision_api"
    tier = "later tier" if large else "first million a month"
    return Way(f"Amazon Rekognition DetectFaces, {tier}", priced([("API", name, 1)]), "its answers are not stored")


def priced(parts: Sequence[tuple[str, str, float]]) -> tuple[Line, ...]:
    return tuple(price_lines(parts, load_prices(), MILLION))


def all_ways(image: Workload) -> list[Way]:
    """All ways, in the order of the page's table."""
    return [
        *(serverless(image, memory) for memory in MEMORY_SIZES_MB),
        *(on_instances(image, instance_type, use) for instance_type in INSTANCE_TYPES for use in USES),
        with_lines(image),
        one_by_one(image),
        without_queue(image),
        *(built_in(image, instance_type, 0.5) for instance_type in ("ml.c6i.large", GPU)),
        vision_api(),
        vision_api(large=True),
    ]
