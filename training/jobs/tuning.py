"""Makes the request of a tuning job from the requests of training jobs.

The SDK's tuner sends a single training job definition. The sweep needs one for each depth, because the built-in
algorithm does not let a tuning job vary `num_layers`.
Source: Amazon SageMaker API Reference, CreateHyperParameterTuningJob.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from training.jobs.recipe import Recipe, Tuning
from training.jobs.trainer import NAME_PREFIX

NAME_LENGTH = 32
# The parts of a training job's request that its definition in a tuning job has too.
SHARED_PARTS = (
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableManagedSpotTraining",
)


def split_definitions(recipe: Recipe) -> list[Recipe]:
    """Returns one recipe for each combination of the hyperparameters that a tuning job cannot vary.

    Each combination becomes part of the recipe's name. A recipe without tuning is returned as it is.
    """
    if not recipe.tuning:
        return [recipe]
    names = list(recipe.tuning.definitions)
    recipes = []
    for values in itertools.product(*recipe.tuning.definitions.values()):
        combination = dict(zip(names, values, strict=True))
        suffixes = [f"{name}-{value}".replace("_", "-") for name, value in combination.items()]
        recipes.append(
            dataclasses.replace(
                recipe,
                name="-".join([recipe.name, *suffixes]),
                hyperparameters={**recipe.hyperparameters, **combination},
            )
        )
    return recipes


def tuning_request(recipe: Recipe, training_requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the parameters of CreateHyperParameterTuningJob.

    training_requests: the parameters of CreateTrainingJob, one for each recipe of `split_definitions(recipe)`.
    Raises ValueError if the recipe has no tuning.
    """
    tuning = recipe.tuning
    if not tuning:
        raise ValueError(f"recipe {recipe.name} has no [tuning]")
    combinations = math.prod(len(values) for values in tuning.values.values())
    # A name has 32 characters at most. It ends with the SDK's time, from which the century is cut.
    time = training_requests[0]["TrainingJobName"].rpartition("-")[2][2:]
    start = f"{NAME_PREFIX}-{recipe.name}"[: NAME_LENGTH - 1 - len(time)]
    return {
        "HyperParameterTuningJobName": f"{start}-{time}",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": len(training_requests) * combinations,
                "MaxParallelTrainingJobs": tuning.parallel_jobs,
            },
            "TrainingJobEarlyStoppingType": "Off",
        },
        "TrainingJobDefinitions": [
            training_job_definition(part.name, request, tuning)
            for part, request in zip(split_definitions(recipe), training_requests, strict=True)
        ],
    }


def training_job_definition(name: str, request: Mapping[str, Any], tuning: Tuning) -> dict[str, Any]:
    """Returns a training job definition of a tuning job.

    request: the parameters of CreateTrainingJob from which it is made. Its checkpoints are left out, because all
    training jobs of the definition would write theirs to the same place.
    """
    specification = request["AlgorithmSpecification"]
    static = {key: value for key, value in request["HyperParameters"].items() if key not in tuning.values}
    return {
        "DefinitionName": name,
        "TuningObjective": {"Type": "Maximize", "MetricName": tuning.objective},
        "HyperParameterRanges": {
            "CategoricalParameterRanges": [
                {"Name": key, "Values": [str(value) for value in values]} for key, values in tuning.values.items()
            ]
        },
        "StaticHyperParameters": static,
        "AlgorithmSpecification": {key: specification[key] for key in ("TrainingImage", "TrainingInputMode")},
        **{key: request[key] for key in SHARED_PARTS if key in request},
    }
