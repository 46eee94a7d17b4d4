"""Makes the SageMaker SDK's ModelTrainer of a recipe.

Source: SageMaker Python SDK 3, ModelTrainer.
"""

from dataclasses import dataclass
from typing import Any

import boto3

from training.jobs.metrics import METRIC_DEFINITIONS
from training.jobs.recipe import BUILT_IN, CONTAINER, Recipe

# SageMaker's PyTorch training image: the newest of the SDK's list with which train.py was tried.
PYTORCH_VERSION = "2.10.0"
PYTHON_VERSION = "py313"
SDK_CONFIG = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}
# Names of training jobs begin with this and the recipe's name. SageMaker cuts them at 63 characters, which include the
# time that the SDK appends.
NAME_PREFIX = "mien"
# What runs the SDK's command in our containers. The SDK's channel `code` has the files of training/container.
ENTRY_POINT = ["python3", "/opt/ml/input/data/code/entry_point.py"]
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class AccountSettings:
    """The part of a job that depends on the AWS account.

    data: where the channels are, s3://BUCKET/PREFIX.
    output: where models and checkpoints are written, s3://BUCKET/PREFIX.
    role: the ARN of the role that SageMaker assumes.
    kms_key: encrypts volumes and models; None uses the keys of the instances and of S3.
    checkpoints: the S3 URI of an earlier job's checkpoints, from which this job resumes.
    """

    data: str
    output: str
    role: str
    kms_key: str | None = None
    checkpoints: str | None = None


def make_trainer(recipe: Recipe, settings: AccountSettings, session: boto3.Session) -> Any:
    """Returns a sagemaker.train.ModelTrainer. Its `train` method uploads the code and starts the job.

    Raises ValueError if the SageMaker SDK is not installed.
    """
    try:
        from sagemaker.core.helper.session_helper import Session
        from sagemaker.core.training.configs import (
            CheckpointConfig,
            Compute,
            InputData,
            MetricDefinition,
            OutputDataConfig,
            StoppingCondition,
        )
        from sagemaker.train import ModelTrainer
        from sagemaker.train.distributed import Torchrun
    except ImportError as error:
        raise ValueError(
            f"{error.name} is missing: jobs are launched through the SageMaker SDK; `make install-sagemaker` installs "
            "it (about 1 GB)"
        ) from None
    session.events.register(
        "provide-client-params.sagemaker.CreateTrainingJob", add_entry_point, unique_id="mien-entry-point"
    )
    bucket, _, prefix = settings.output.removeprefix("s3://").partition("/")
    compute = recipe.compute
    image, source_code = image_and_code(recipe, session.region_name)
    output_key = {"kms_key_id": settings.kms_key} if settings.kms_key else {}
    volume_key = {"volume_kms_key_id": settings.kms_key} if settings.kms_key else {}
    wait_limit = {"max_wait_time_in_seconds": to_seconds(compute.wait_hours)} if compute.spot else {}
    # Without an S3 URI, the SDK writes checkpoints below the output, under the job's name.
    checkpoints = {"s3_uri": settings.checkpoints} if settings.checkpoints else {}
    trainer = ModelTrainer(
        sagemaker_session=Session(
            boto_session=session,
            default_bucket=bucket,
            default_bucket_prefix=prefix or None,
            sagemaker_config=SDK_CONFIG,
        ),
        role=settings.role,
        base_job_name=f"{NAME_PREFIX}-{recipe.name}",
        training_image=image,
        source_code=source_code,
        distributed=Torchrun() if compute.data_parallel else None,
        hyperparameters=dict(recipe.hyperparameters),
        input_data_config=[
            InputData(
                channel_name=channel,
                data_source=f"{settings.data.rstrip('/')}/{path}",
                **content_type(recipe, path),
            )
            for channel, path in recipe.channels.items()
        ],
        compute=Compute(
            instance_type=compute.instance_type,
            instance_count=compute.instance_count,
            volume_size_in_gb=compute.volume_gb,
            enable_managed_spot_training=compute.spot,
            **volume_key,
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=to_seconds(compute.max_hours), **wait_limit),
        output_data_config=OutputDataConfig(s3_output_path=settings.output, **output_key),
        checkpoint_config=CheckpointConfig(local_path="/opt/ml/checkpoints", **checkpoints),
    )
    if recipe.script:
        trainer.with_metric_definitions(
            [MetricDefinition(name=name, regex=pattern) for name, pattern in METRIC_DEFINITIONS.items()]
        )
    return trainer


def image_and_code(recipe: Recipe, region: str) -> tuple[str, Any]:
    """Returns the URI of the training image, and the SDK's SourceCode, which is None for the built-in algorithm."""
    from sagemaker.core import image_uris
    from sagemaker.core.training.configs import SourceCode

    if recipe.algorithm == BUILT_IN:
        return image_uris.retrieve(BUILT_IN, region), None
    image = image_uris.retrieve(
        "pytorch",
        region,
        version=PYTORCH_VERSION,
        py_version=PYTHON_VERSION,
        instance_type=recipe.compute.instance_type,
        image_scope="training",
    )
    code = SourceCode(source_dir=str(CONTAINER), entry_script=recipe.script, requirements="requirements-training.txt")
    return image, code


def add_entry_point(params: dict[str, Any], **_: Any) -> None:
    """Makes entry_point.py the first process of a container that runs a script, and the SDK's command its arguments.

    The SDK has no option for this. botocore calls this function with the parameters of CreateTrainingJob.
    """
    specification = params["AlgorithmSpecification"]
    command = specification.get("ContainerEntrypoint")
    if command:
        specification["ContainerEntrypoint"] = [*ENTRY_POINT, *command]


def content_type(recipe: Recipe, path: str) -> dict[str, str]:
    """Returns the content type of a channel, which only the built-in algorithm needs."""
    if recipe.algorithm != BUILT_IN:
        return {}
    return {"content_type": "application/x-recordio" if path.endswith(".rec") else "application/x-image"}


def to_seconds(hours: float) -> int:
    return round(hours * SECONDS_PER_HOUR)
