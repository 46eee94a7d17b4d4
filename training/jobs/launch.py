"""A recipe → a job on SageMaker, through its SDK; boto3 where that falls short.

What the SDK would send can be read before anything is sent, which is what a dry run shows, and what the definitions
of a tuning job are made of: the SDK's tuner sends one definition only, and the sweep has one for each depth.
Source: SageMaker Python SDK 3, ModelTrainer; Amazon SageMaker API Reference, CreateTrainingJob and
CreateHyperParameterTuningJob.
"""

import dataclasses
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from training.jobs import metrics
from training.jobs.recipe import BUILT_IN, Recipe, Value

CONTAINER = Path(__file__).parent.parent / "container"
# SageMaker's image of PyTorch for training; the newest of the SDK's list that train.py was tried with.
PYTORCH, PYTHON = "2.10.0", "py313"
NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}
# A training job's name is cut from it, and has 63 characters at most with the SDK's time behind it.
PREFIX = "mien"


@dataclass(frozen=True)
class Place:
    """Where a job finds its data and leaves its results, both s3://BUCKET/PREFIX; as whom; and with which key, or S3's
    and the instances' own. checkpoints: those of an earlier job, which is to go on."""

    data: str
    output: str
    role: str
    kms_key: str | None = None
    checkpoints: str | None = None


class Planned(Exception):
    """Not an error: the SDK is about to send this, and goes no further."""

    def __init__(self, request: dict[str, Any]):
        self.request = request


def start(recipe: Recipe, place: Place, session: boto3.Session) -> str:
    """Uploads what the job runs, and starts it; → the job's name, a tuning job's if the recipe has a tuning."""
    if recipe.tuning:
        request = tuning_request(recipe, [plan(one, place, session) for one in definitions(recipe)])
        session.client("sagemaker").create_hyper_parameter_tuning_job(**request)
        return str(request["HyperParameterTuningJobName"])
    trainer = model_trainer(recipe, place, session)
    trainer.train(wait=False, logs=False)
    return str(trainer._latest_training_job.training_job_name)


def requests(recipe: Recipe, place: Place, session: boto3.Session) -> tuple[str, dict[str, Any]]:
    """The API's operation that `start` would call, and the request, to the letter but for the time in its name."""
    plans = [plan(one, place, session) for one in definitions(recipe)]
    if recipe.tuning:
        return "CreateHyperParameterTuningJob", tuning_request(recipe, plans)
    return "CreateTrainingJob", plans[0]


def definitions(recipe: Recipe) -> list[Recipe]:
    """The recipe once for each combination of what a tuning job can't vary; once, if it is no tuning job."""
    if not recipe.tuning:
        return [recipe]
    names = list(recipe.tuning.definitions)
    return [
        dataclasses.replace(
            recipe,
            name="-".join([recipe.name, *(f"{name}-{value}".replace("_", "-") for name, value in chosen)]),
            hyperparameters={**recipe.hyperparameters, **dict(chosen)},
        )
        for values in itertools.product(*recipe.tuning.definitions.values())
        for chosen in [list(zip(names, values, strict=True))]
    ]


def plan(recipe: Recipe, place: Place, session: boto3.Session) -> dict[str, Any]:
    """CreateTrainingJob's request as the SDK makes it. Nothing is sent: neither that, nor the code, nor anything."""
    offline = boto3.Session(
        # Whoever looks at a request needs no account for it; nothing is signed.
        aws_access_key_id="none",
        aws_secret_access_key="none",
        region_name=session.region_name,
    )
    offline.events.register("before-call", answer)
    try:
        model_trainer(recipe, place, offline).train(wait=False, logs=False)
    except Planned as planned:
        return planned.request
    raise RuntimeError("the SageMaker SDK sent no CreateTrainingJob")


def answer(model: Any, params: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """In AWS's stead: uploads succeed, questions may not be asked, and the call that starts a job is handed over."""
    if model.name == "CreateTrainingJob":
        raise Planned(json.loads(params["body"]))
    if model.service_model.service_name == "s3" and model.name != "ListBuckets":
        return AWSResponse("", 200, {}, None), {}
    refusal = {"Code": "AccessDenied", "Message": "nothing is asked in a dry run"}
    return AWSResponse("", 403, {}, None), {"Error": refusal}


def model_trainer(recipe: Recipe, place: Place, session: boto3.Session) -> Any:
    try:
        from sagemaker.core import image_uris
        from sagemaker.core.helper.session_helper import Session
        from sagemaker.core.training.configs import (
            CheckpointConfig,
            Compute,
            InputData,
            MetricDefinition,
            OutputDataConfig,
            SourceCode,
            StoppingCondition,
        )
        from sagemaker.train import ModelTrainer
        from sagemaker.train.distributed import Torchrun
    except ImportError as error:
        raise ValueError(
            f"{error.name} is missing: jobs are launched through SageMaker's SDK; `make .venv-training/sagemaker` "
            "installs it (about 1 GB)"
        ) from None
    bucket, _, prefix = place.output.removeprefix("s3://").partition("/")
    compute, region = recipe.compute, session.region_name
    if recipe.algorithm == BUILT_IN:
        image, source = image_uris.retrieve(BUILT_IN, region), None
    else:
        image = image_uris.retrieve(
            "pytorch",
            region,
            version=PYTORCH,
            py_version=PYTHON,
            instance_type=compute.instance_type,
            image_scope="training",
        )
        source = SourceCode(
            source_dir=str(CONTAINER), entry_script=recipe.script, requirements="requirements-training.txt"
        )
    kms_key = {"kms_key_id": place.kms_key} if place.kms_key else {}
    waits = {"max_wait_time_in_seconds": hours(compute.wait_hours)} if compute.spot else {}
    trainer = ModelTrainer(
        sagemaker_session=Session(
            boto_session=session,
            default_bucket=bucket,
            default_bucket_prefix=prefix or None,
            sagemaker_config=NO_TELEMETRY,
        ),
        role=place.role,
        base_job_name=f"{PREFIX}-{recipe.name}",
        training_image=image,
        source_code=source,
        distributed=Torchrun() if compute.data_parallel else None,
        hyperparameters=dict(recipe.hyperparameters),
        input_data_config=[
            InputData(
                channel_name=channel,
                data_source=f"{place.data.rstrip('/')}/{path}",
                **content_type(recipe, path),
            )
            for channel, path in recipe.channels.items()
        ],
        compute=Compute(
            instance_type=compute.instance_type,
            instance_count=compute.instance_count,
            volume_size_in_gb=compute.volume_gb,
            enable_managed_spot_training=compute.spot,
            **({"volume_kms_key_id": place.kms_key} if place.kms_key else {}),
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=hours(compute.max_hours), **waits),
        output_data_config=OutputDataConfig(s3_output_path=place.output, **kms_key),
        # Without a place of its own, the SDK makes one of the job's name, below the output.
        checkpoint_config=CheckpointConfig(
            local_path="/opt/ml/checkpoints", **({"s3_uri": place.checkpoints} if place.checkpoints else {})
        ),
    )
    if recipe.script:
        trainer.with_metric_definitions(
            [MetricDefinition(name=name, regex=pattern) for name, pattern in metrics.DEFINITIONS.items()]
        )
    return trainer


def content_type(recipe: Recipe, path: str) -> dict[str, str]:
    """What the built-in algorithm wants to be told of a channel; our script looks for itself."""
    if recipe.algorithm != BUILT_IN:
        return {}
    return {"content_type": "application/x-recordio" if path.endswith(".rec") else "application/x-image"}


def hours(count: float) -> int:
    """→ seconds."""
    return round(count * 3600)


def tuning_request(recipe: Recipe, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """CreateHyperParameterTuningJob's request, from the request of a training job for each of its definitions."""
    tuning = recipe.tuning
    assert tuning
    combinations = len(jobs) * len(list(itertools.product(*tuning.values.values())))
    # A tuning job's name has 32 characters at most: the century has to go.
    time = jobs[0]["TrainingJobName"].rpartition("-")[2][2:]
    return {
        "HyperParameterTuningJobName": f"{PREFIX}-{recipe.name}"[: 31 - len(time)] + f"-{time}",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": combinations,
                "MaxParallelTrainingJobs": tuning.parallel_jobs,
            },
            "TrainingJobEarlyStoppingType": "Off",
        },
        "TrainingJobDefinitions": [
            definition(one.name, job, tuning.objective, tuning.values)
            for one, job in zip(definitions(recipe), jobs, strict=True)
        ],
    }


def definition(name: str, job: Mapping[str, Any], objective: str, values: Mapping[str, list[Value]]) -> dict[str, Any]:
    """A training job's request as one definition of a tuning job, which gives each of its jobs its own values.

    Checkpoints are left out: the definition's jobs would all write theirs to the one place.
    """
    kept = (
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "EnableManagedSpotTraining",
    )
    specification = job["AlgorithmSpecification"]
    return {
        "DefinitionName": name,
        "TuningObjective": {"Type": "Maximize", "MetricName": objective},
        "HyperParameterRanges": {
            "CategoricalParameterRanges": [
                {"Name": key, "Values": [str(value) for value in several]} for key, several in values.items()
            ]
        },
        "StaticHyperParameters": {key: value for key, value in job["HyperParameters"].items() if key not in values},
        "AlgorithmSpecification": {key: specification[key] for key in ("TrainingImage", "TrainingInputMode")},
        **{key: job[key] for key in kept if key in job},
    }
