"""What a model runs on: a serverless endpoint, or instances; and what SageMaker takes of either."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Whose container reads the model: SageMaker's for PyTorch, our own, or that of SageMaker's image classification.
Kind = Literal["stock", "slim", "built-in"]
# As template.yaml's EndpointName: IAM policies compare it with SageMaker's ARNs, which are in lower case.
ENDPOINT = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}")
# Amazon SageMaker API Reference, "CreateModel", ExecutionRoleArn.
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/?[A-Za-z0-9_+=,.@/-]+")
# Amazon SageMaker API Reference, "ProductionVariantServerlessConfig".
MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)
MAX_CONCURRENCY = 200
# The template lets the functions make 10 calls at once, and the API makes some besides.
MEMORY_MB, CONCURRENCY = 2048, 20
INSTANCE_TYPE, MAXIMUM = "ml.c7i.large", 4
# A call carries up to 32 faces (the template's BatchSize), and a core does about 145 of them a second with the model
# that is served here (benchmarks/served_speed.md): 4.5 calls a second, of which half is the target that AWS advises to
# begin with, so that there is time to start further instances. x 60, rounded down from 136.
# Source: Amazon SageMaker AI Developer Guide, "Load testing your auto scaling configuration".
CALLS_PER_MINUTE = 130


@dataclass(frozen=True)
class Serverless:
    """concurrency: calls at once; further ones are throttled, and the functions try those again."""

    memory_mb: int
    concurrency: int


@dataclass(frozen=True)
class Instances:
    """calls_per_minute: of one instance, which scaling keeps it at. No scaling if minimum and maximum are the same.
    kms_key: what the disk is encrypted with; empty takes SageMaker's own key."""

    type: str
    minimum: int
    maximum: int
    calls_per_minute: int = CALLS_PER_MINUTE
    kms_key: str = ""

    @property
    def scaled(self) -> bool:
        return self.minimum < self.maximum


Hosting = Serverless | Instances


def arm(instance_type: str) -> bool:
    """Whether it has Graviton processors: their families have a g after the generation, as in c7g and m6gd."""
    return re.match(r"ml\.[a-z]+\d+g[a-z]*\.", instance_type) is not None


def hosting_of(on_serverless: Mapping[str, Any], on_instances: Mapping[str, Any]) -> Hosting:
    """Options by their names, None where they were not given → what they ask for. Raises ValueError for a mixture."""
    these, those = (
        [name for name, value in given.items() if value is not None] for given in (on_instances, on_serverless)
    )
    if these and those:
        raise ValueError(f"{' and '.join(these)}: for instances; {' and '.join(those)}: for a serverless endpoint")
    chosen = {name: value for name, value in {**on_serverless, **on_instances}.items() if value is not None}
    if not these:
        return Serverless(chosen.get("--memory-mb", MEMORY_MB), chosen.get("--max-concurrency", CONCURRENCY))
    minimum = chosen.get("--min-instances", 1)
    # That none is no number of instances is said first: for who asks for none wants no instances.
    if "--instance-type" not in chosen and minimum != 0:
        raise ValueError(f"{' and '.join(these)}: for instances, so name these too: --instance-type {INSTANCE_TYPE}")
    return Instances(
        chosen.get("--instance-type", INSTANCE_TYPE),
        minimum,
        chosen.get("--max-instances", max(minimum, MAXIMUM)),
        chosen.get("--calls-per-minute", CALLS_PER_MINUTE),
        chosen.get("--kms-key", ""),
    )


def check_endpoint(name: str) -> None:
    if not ENDPOINT.fullmatch(name):
        raise ValueError(
            f"--endpoint {name!r} is no endpoint's name: up to 63 lower-case letters, digits and hyphens, no hyphen "
            "first or last (the functions' template takes no other)"
        )


def check_role(arn: str) -> None:
    if not ROLE.fullmatch(arn):
        raise ValueError(f"--role {arn!r} is no role's ARN, as in arn:aws:iam::123456789012:role/NAME")


def check_hosting(wanted: Hosting, types: Sequence[str]) -> None:
    """types: of instances that host models. Raises ValueError."""
    if isinstance(wanted, Serverless):
        check_serverless(wanted)
    else:
        check_instances(wanted, types)


def check_serverless(wanted: Serverless) -> None:
    if wanted.memory_mb not in MEMORY_SIZES_MB:
        raise ValueError(f"--memory-mb {wanted.memory_mb} is none of {', '.join(map(str, MEMORY_SIZES_MB))}")
    if not 1 <= wanted.concurrency <= MAX_CONCURRENCY:
        raise ValueError(f"--max-concurrency {wanted.concurrency} is not from 1 to {MAX_CONCURRENCY}")


def check_instances(wanted: Instances, types: Sequence[str]) -> None:
    if wanted.type not in types:
        family = wanted.type.rpartition(".")[0]
        near = [name for name in types if name.startswith(f"{family}.")] or [INSTANCE_TYPE, "ml.c7i.xlarge"]
        raise ValueError(f"--instance-type {wanted.type!r} hosts no models; these do, for instance: {', '.join(near)}")
    if wanted.minimum == 0:
        raise ValueError(
            "--min-instances 0: only inference components scale to no instances, and the functions name none when "
            "they invoke; --serverless costs nothing either while nothing is classified"
        )
    if not 1 <= wanted.minimum <= wanted.maximum:
        raise ValueError(f"--min-instances {wanted.minimum} to --max-instances {wanted.maximum} is no range from 1 up")
    if wanted.calls_per_minute < 1:
        raise ValueError(f"--calls-per-minute {wanted.calls_per_minute} is not 1 or more")
