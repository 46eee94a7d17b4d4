"""Checks before a job is created that the account's quota allows its instances.

SageMaker refuses such a training job only when it is created, after the code has been uploaded, and a tuning job starts
and fails later. Other jobs that use a part of the quota are not counted.
"""

from collections.abc import Callable
from typing import Any

from training.jobs.recipe import Compute, Recipe
from training.quotas import WHERE_TO_REQUEST, read_quota


def validate_training_quota(recipe: Recipe, service_quotas: Any, warn: Callable[[str], None]) -> None:
    """Raises ValueError if a job, or the jobs that a sweep runs at the same time, need more instances than the quota.

    service_quotas: boto3's client.
    warn: is called with one line if the quota can't be read.
    """
    compute, jobs = recipe.compute, recipe.tuning.parallel_jobs if recipe.tuning else 1
    name = training_quota(compute)
    quota = read_quota(name, service_quotas, warn)
    if quota is not None and quota < compute.instance_count * jobs:
        raise ValueError(
            f"{needed(compute, jobs)} more than the quota {name!r} of this region, which is {quota}: "
            f"{smaller(recipe, quota)}, or request a higher {name!r} {WHERE_TO_REQUEST}"
        )


def training_quota(compute: Compute) -> str:
    """The name of the quota for the instances of all training jobs of a region."""
    return f"{compute.instance_type} for {'spot ' if compute.spot else ''}training job usage"


def needed(compute: Compute, jobs: int) -> str:
    """The begin of a sentence, such as: 1 instance is."""
    instances = f"{compute.instance_count} instance" + ("s" if compute.instance_count > 1 else "")
    if jobs == 1:
        return f"{instances} {'are' if compute.instance_count > 1 else 'is'}"
    return f"{jobs} parallel jobs of {instances} are"


def smaller(recipe: Recipe, quota: int) -> str:
    """What a person can do who does not want to wait for a higher quota."""
    compute = recipe.compute
    if recipe.tuning and quota >= compute.instance_count:
        return f"set parallel_jobs = {quota // compute.instance_count} in a copy of the recipe"
    if quota:
        return f"give --instance-count {quota}"
    return "give another --instance-type" + ("" if recipe.tuning or not recipe.script else ", train here with --local")
