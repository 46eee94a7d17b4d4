"""What a deployment costs: per month while nothing happens, and per million images. Nothing is asked of AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deployment.prices import PriceList, load_prices
from deployment.workloads import BATCH, WORKLOADS, Workload
from training.hosting.options import Architecture, Hosting, Instances, Serverless

MILLION = 1_000_000
HOURS_PER_MONTH = 730
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
# template.yaml: the MemorySize of the functions, its alarms, and those that TrafficShift adds.
FUNCTION_MB = 1024
APPLICATION_ALARMS = 8
SHIFT_ALARMS = 4
# hosting.yaml: the alarms that roll back an update of instances.
ROLLBACK_ALARMS = 3
# Application Auto Scaling User Guide, "How target tracking scaling for Application Auto Scaling works": one alarm for
# more and one for less.
SCALING_ALARMS = 2
# The metrics that InboxFunction sends: docs/operations.md.
INBOX_METRICS = 10
# Lambda reads an idle queue with five requests at once, each of which waits for 20 seconds.
# Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"; AWS Compute Blog, "Estimating cost for Amazon SQS
# message processing using AWS Lambda".
IDLE_POLLERS = 5
POLL_SECONDS = 20
# A model and its wheels (training/hosting/wheels.py), and the functions' packages and layer (benchmarks/cold_start.md).
ARTIFACTS_GB = 0.11
# A function with this much memory has one whole processor; with less, it has a share in proportion.
# Source: AWS Lambda Developer Guide, "Configure Lambda function memory". The same is assumed of serverless endpoints.
MB_PER_PROCESSOR = 1769
# One core with the model in models/: benchmarks/served_speed.md. More than one core is not counted.
FACES_PER_SECOND = 4300
# A face is 48x48 bytes, and the answer about it is about 200 bytes of JSON.
BYTES_PER_FACE = 48 * 48 + 200
# What the numbers do not contain, for a person who decides.
LEFT_OUT = (
    "uploads ($5 per million PUT requests), storage of images and results, transfer to the Internet, disks of "
    "instances, KMS keys, retries, free tiers and taxes"
)


@dataclass(frozen=True)
class Plan:
    """What is deployed.

    hosting: None for an endpoint that exists already, whose cost is not estimated.
    architecture: of the functions.
    notifications, result_format: the template's parameters Notifications and ResultFormat.
    shifts_traffic: whether the template's parameter TrafficShift is not none.
    """

    hosting: Hosting | None
    architecture: Architecture = "arm64"
    notifications: Literal["direct", "eventbridge"] = "direct"
    shifts_traffic: bool = False
    result_format: Literal["documents", "lines"] = "documents"


@dataclass(frozen=True)
class Line:
    """One part of a sum. price: its name in prices.toml."""

    what: str
    price: str
    quantity: float
    dollars: float


@dataclass(frozen=True)
class Estimate:
    """The parts of what a deployment costs, in US dollars at the prices of `prices`.

    idle: per month, whether images come or not.
    in_use: per month in addition, if images come in every hour of it.
    per_million: per million images, by the names of the workloads.
    without_price: the instance type, if prices.toml does not have it. It is in no sum.
    """

    plan: Plan
    prices: PriceList
    idle: tuple[Line, ...]
    in_use: tuple[Line, ...]
    per_million: Mapping[str, tuple[Line, ...]]
    without_price: str = ""


def total(lines: Sequence[Line]) -> float:
    return sum(line.dollars for line in lines)


def estimate(plan: Plan, prices: PriceList | None = None, workloads: Sequence[Workload] = WORKLOADS) -> Estimate:
    """Returns what a plan costs, by parts. prices: those of prices.toml if it is None."""
    prices = prices or load_prices()
    unknown = isinstance(plan.hosting, Instances) and plan.hosting.type not in prices.prices
    return Estimate(
        plan,
        prices,
        tuple(price_lines(idle_quantities(plan), prices)),
        tuple(price_lines([("custom metrics of the inbox", "custom_metric", INBOX_METRICS)], prices)),
        {each.name: tuple(price_lines(quantities(plan, each), prices, MILLION)) for each in workloads},
        plan.hosting.type if unknown and isinstance(plan.hosting, Instances) else "",
    )


def price_lines(parts: Sequence[tuple[str, str, float]], prices: PriceList, times: int = 1) -> list[Line]:
    """Multiplies quantities with their prices.

    parts: what it is, the name of its price, and the quantity. Those without a price or of quantity 0 are left out.
    """
    return [
        Line(what, price, quantity * times, quantity * times * prices.dollars(price))
        for what, price, quantity in parts
        if quantity and price in prices.prices
    ]


def idle_quantities(plan: Plan) -> list[tuple[str, str, float]]:
    """The quantities of a month in which nothing happens."""
    polls = IDLE_POLLERS * SECONDS_PER_MONTH / POLL_SECONDS
    alarms = APPLICATION_ALARMS + (SHIFT_ALARMS if plan.shifts_traffic else 0) + endpoint_alarms(plan.hosting)
    parts = [
        ("alarms", "alarm", alarms),
        ("looking into the empty queue", "sqs_request", polls),
        ("storing model and packages", "s3_storage", ARTIFACTS_GB),
    ]
    if isinstance(plan.hosting, Instances):
        count = plan.hosting.minimum
        parts.append((f"{count} x {plan.hosting.type}", plan.hosting.type, count * HOURS_PER_MONTH))
    return parts


def endpoint_alarms(hosting: Hosting | None) -> int:
    if not isinstance(hosting, Instances):
        return 0
    return ROLLBACK_ALARMS + (SCALING_ALARMS if hosting.has_scaling else 0)


def quantities(plan: Plan, image: Workload) -> list[tuple[str, str, float]]:
    """The quantities of one image. image: with documents."""
    written, read = "S3: write documents", "S3: read images, look at them again"
    if plan.result_format == "lines":
        image, written, read = image.with_lines(), "S3: write lines", "S3: read images"
    return [
        (written, "s3_put", image.s3_writes),
        (read, "s3_get", image.s3_reads),
        ("SQS", "sqs_request", image.sqs_requests),
        ("EventBridge", "event", image.events if plan.notifications == "eventbridge" else 0),
        ("API Gateway", "api_request", image.api_requests),
        ("Lambda: invocations", "lambda_request", image.invocations),
        ("Lambda: time", f"lambda_second_{plan.architecture}", function_seconds(plan, image) * FUNCTION_MB / 1024),
        *endpoint_quantities(plan.hosting, image),
        ("CloudWatch: logs", "log", image.log_bytes / 1e9),
    ]


def endpoint_quantities(hosting: Hosting | None, image: Workload) -> list[tuple[str, str, float]]:
    """The endpoint's quantities for one image. Instances are counted at the load at which auto scaling adds one."""
    data = ("endpoint: data", "endpoint_data", image.faces * BYTES_PER_FACE / 1e9)
    if isinstance(hosting, Serverless):
        seconds = image.faces * seconds_per_face(hosting)
        return [("endpoint: time", "serverless_second", seconds * hosting.memory_mb / 1024), data]
    if isinstance(hosting, Instances):
        faces_per_hour = hosting.calls_per_minute * 60 * BATCH
        return [("endpoint: instances beyond the first", hosting.type, image.faces / faces_per_hour), data]
    return []


def seconds_per_face(hosting: Hosting | None) -> float:
    """How long the endpoint needs for one face of a full call. An endpoint that exists already is taken as a core."""
    share = min(1, hosting.memory_mb / MB_PER_PROCESSOR) if isinstance(hosting, Serverless) else 1
    return 1 / (FACES_PER_SECOND * share)


def function_seconds(plan: Plan, image: Workload) -> float:
    """The share of one image in the time of an invocation, which Lambda bills: processing, and waiting for the model.

    In a batch, waiting for S3 is not counted: eight images are read at a time, and others are processed meanwhile.
    """
    processing = image.processor_ms / 1000 * MB_PER_PROCESSOR / FUNCTION_MB
    return processing + image.waiting_ms / 1000 + image.faces * seconds_per_face(plan.hosting)
