"""What a model runs on, a serverless endpoint or instances, and the values that SageMaker accepts for each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Whose container serves the model: SageMaker's for PyTorch, ours, or SageMaker's for image classification.
ContainerKind = Literal["stock", "slim", "built-in"]
# The processors for which a container and its packages are built.
Architecture = Literal["x86_64", "arm64"]
# As template.yaml's EndpointName: IAM policies compare it with SageMaker's ARNs, which are in lower case.
ENDPOINT_NAME = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}")
# Amazon SageMaker API Reference, "CreateModel", ExecutionRoleArn.
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/?[A-Za-z0-9_+=,.@/-]+")
# Amazon SageMaker API Reference, "ProductionVariantServerlessConfig".
MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)
MAX_CONCURRENCY = 200
DEFAULT_MEMORY_MB = 2048
# All serverless endpoints of a region share a quota, which is 10 in new accounts. Half of it leaves room for a second
# endpoint, and for an update.
DEFAULT_CONCURRENCY = 5
# The words with which SageMaker and AWS Service Quotas name this quota.
CONCURRENCY_QUOTA = "Maximum total concurrency that can be allocated across all serverless endpoints"
# template.yaml's MaximumConcurrency: its default, and the least that Lambda accepts.
FUNCTIONS_CONCURRENCY = 5
MIN_FUNCTIONS_CONCURRENCY = 2
# template.yaml's default of Labels, which SageMaker's built-in algorithm needs.
DEFAULT_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
# What a dry run prints instead of a region, a role and a bucket that were not given.
ANY_REGION = "us-east-1"
ANY_ROLE = "arn:aws:iam::123456789012:role/ROLE"
ANY_BUCKET = "s3://BUCKET"
SUGGESTED_INSTANCE_TYPE = "ml.c7i.large"
DEFAULT_MAX_INSTANCES = 4
# A call carries the faces of up to 32 images (the template's BatchSize), such as 224 of photos with seven faces each.
# With the model in models/, the container needs about 0.3 ms of a core for a face (benchmarks/served_calls.md): 15 such
# calls per second. AWS advises to begin with half of that as the target, which leaves time to start further instances.
# 60 times that is 446 calls per minute. Face crops could be seven times as many; too small a target only costs more.
# Source: Amazon SageMaker AI Developer Guide, "Load testing your auto scaling configuration".
DEFAULT_CALLS_PER_MINUTE = 450


@dataclass(frozen=True)
class Serverless:
    """A serverless endpoint.

    memory_mb: one of MEMORY_SIZES_MB. More memory brings more processor time.
    concurrency: how many calls run at the same time. Further calls are throttled, and the functions retry them.
    """

    memory_mb: int
    concurrency: int

    @property
    def functions_concurrency(self) -> int | None:
        """The functions' MaximumConcurrency that fits the endpoint; None if the template's default fits."""
        if self.concurrency >= FUNCTIONS_CONCURRENCY:
            return None
        return max(self.concurrency, MIN_FUNCTIONS_CONCURRENCY)


@dataclass(frozen=True)
class Instances:
    """An endpoint on instances.

    type: the instance type, such as ml.c7i.large.
    minimum, maximum: the limits of auto scaling. There is no auto scaling if they are the same.
    calls_per_minute: the target of auto scaling, for one instance.
    kms_key: encrypts the instances' disks; empty uses SageMaker's own key.
    """

    type: str
    minimum: int
    maximum: int
    calls_per_minute: int = DEFAULT_CALLS_PER_MINUTE
    kms_key: str = ""

    @property
    def has_scaling(self) -> bool:
        return self.minimum < self.maximum


Hosting = Serverless | Instances


def is_graviton(instance_type: str) -> bool:
    """Returns whether the instances have Arm processors.

    The names of their families have a g after the generation, as in c7g and m6gd.
    """
    return re.match(r"ml\.[a-z]+\d+g[a-z]*\.", instance_type) is not None


def architecture_of(hosting: Hosting) -> Architecture:
    """Returns the processors of the machines. Serverless endpoints have no Arm."""
    return "arm64" if isinstance(hosting, Instances) and is_graviton(hosting.type) else "x86_64"


def parse_hosting(serverless: Mapping[str, Any], instances: Mapping[str, Any]) -> Hosting:
    """Returns what the options of the command line ask for: a serverless endpoint if none of `instances` is given.

    serverless, instances: the options of each kind, by their names, with None for those that were not given.
    Raises ValueError if options of both kinds are given, or if --instance-type is missing.
    """
    for_serverless = {name: value for name, value in serverless.items() if value is not None}
    for_instances = {name: value for name, value in instances.items() if value is not None}
    if for_instances and for_serverless:
        raise ValueError(
            f"{' and '.join(for_instances)} are for instances, and {' and '.join(for_serverless)} for a serverless "
            "endpoint: give options of one kind only"
        )
    if not for_instances:
        return Serverless(
            for_serverless.get("--memory-mb", DEFAULT_MEMORY_MB),
            for_serverless.get("--max-concurrency", DEFAULT_CONCURRENCY),
        )
    minimum = for_instances.get("--min-instances", 1)
    # --min-instances 0 gets an error of its own later, which names --serverless.
    if "--instance-type" not in for_instances and minimum != 0:
        raise ValueError(
            f"{' and '.join(for_instances)} are for instances, and --instance-type is missing: add --instance-type "
            f"{SUGGESTED_INSTANCE_TYPE}, for instance"
        )
    return Instances(
        for_instances.get("--instance-type", SUGGESTED_INSTANCE_TYPE),
        minimum,
        for_instances.get("--max-instances", max(minimum, DEFAULT_MAX_INSTANCES)),
        for_instances.get("--calls-per-minute", DEFAULT_CALLS_PER_MINUTE),
        for_instances.get("--kms-key", ""),
    )


def validate_endpoint_name(name: str) -> None:
    """Raises ValueError if the functions could not call an endpoint of this name."""
    if not ENDPOINT_NAME.fullmatch(name):
        raise ValueError(
            f"--endpoint {name!r} is not a valid name: use up to 63 lower-case letters, digits and hyphens, without a "
            "hyphen at the start or end (the functions' template accepts no other)"
        )


def validate_role(arn: str) -> None:
    """Raises ValueError if the text is not the ARN of a role."""
    if not ROLE_ARN.fullmatch(arn):
        raise ValueError(f"--role {arn!r} is not a role's ARN, such as arn:aws:iam::123456789012:role/NAME")


def validate_hosting(hosting: Hosting, instance_types: Sequence[str]) -> None:
    """Raises ValueError if SageMaker would not accept a value.

    instance_types: all types that can host models.
    """
    if isinstance(hosting, Serverless):
        validate_serverless(hosting)
    else:
        validate_instances(hosting, instance_types)


def validate_serverless(serverless: Serverless) -> None:
    if serverless.memory_mb not in MEMORY_SIZES_MB:
        sizes = ", ".join(str(size) for size in MEMORY_SIZES_MB)
        raise ValueError(f"--memory-mb {serverless.memory_mb} is not one of {sizes}")
    if not 1 <= serverless.concurrency <= MAX_CONCURRENCY:
        raise ValueError(f"--max-concurrency {serverless.concurrency} is not from 1 to {MAX_CONCURRENCY}")


def validate_instances(instances: Instances, instance_types: Sequence[str]) -> None:
    if instances.type not in instance_types:
        family = instances.type.rpartition(".")[0]
        similar = [name for name in instance_types if name.startswith(f"{family}.")]
        suggestions = similar or [SUGGESTED_INSTANCE_TYPE, "ml.c7i.xlarge"]
        raise ValueError(
            f"--instance-type {instances.type!r} cannot host models: use, for instance, {', '.join(suggestions)}"
        )
    if instances.minimum == 0:
        raise ValueError(
            "--min-instances 0: only inference components scale to zero instances, and the functions do not name one "
            "when they invoke an endpoint; use --serverless, which costs nothing while nothing is classified"
        )
    if not 1 <= instances.minimum <= instances.maximum:
        raise ValueError(
            f"--min-instances {instances.minimum} to --max-instances {instances.maximum} is not a range that begins "
            "at 1 or more"
        )
    if instances.calls_per_minute < 1:
        raise ValueError(f"--calls-per-minute {instances.calls_per_minute} is not 1 or more")
