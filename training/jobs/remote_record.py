"""What `launch` stores in S3 beside the checkpoints of a job on SageMaker, and how a job resumes from it.

DescribeTrainingJob knows hyperparameters, role, output, instances and checkpoints. It does not know which recipe they
belong to, which options `prepare` had, and whether the script runs once per GPU: recipe.json does.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from training.jobs.recipe import Recipe, recipe_from_record
from training.jobs.recipe_file import parse_value
from training.jobs.trainer import SECONDS_PER_HOUR, AccountSettings
from training.s3_uri import parse_s3_uri

RECORD = "recipe.json"


def write_recipe(recipe: Recipe, settings: AccountSettings, job: str, session: boto3.Session) -> None:
    """Stores the recipe of a job that was just started. A job that has resumed uses the record of the first one."""
    description = session.client("sagemaker").describe_training_job(TrainingJobName=job)
    bucket, key = record_of(description["CheckpointConfig"]["S3Uri"])
    content = {"recipe": dataclasses.asdict(recipe), "data": settings.data}
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(content, indent=2).encode())


def read_recipe(description: Mapping[str, Any], session: boto3.Session) -> tuple[Recipe, AccountSettings]:
    """Returns the recipe with which a job was started, with the job's own instances, and its part of the account.

    description: the answer of DescribeTrainingJob.
    Raises ValueError if the job has no checkpoints, or if nothing is stored beside them.
    """
    name = description["TrainingJobName"]
    checkpoints = description.get("CheckpointConfig", {}).get("S3Uri")
    if not checkpoints:
        raise ValueError(f"{name} has no checkpoints, so it can't be resumed: jobs of a tuning job have none")
    bucket, key = record_of(checkpoints)
    try:
        stored = json.loads(session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        fields, data = stored["recipe"], str(stored["data"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        raise ValueError(
            f"s3://{bucket}/{key} is missing, which says how {name} was started: only a job of `launch` can be resumed"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"s3://{bucket}/{key} can't be read: it was not written by `launch`") from None
    recipe = recipe_from_record(fields, f"s3://{bucket}/{key}")
    output = description["OutputDataConfig"]
    settings = AccountSettings(
        data=data,
        output=output["S3OutputPath"],
        role=description["RoleArn"],
        kms_key=output.get("KmsKeyId") or None,
        checkpoints=checkpoints,
    )
    return as_described(recipe, description), settings


def as_described(recipe: Recipe, description: Mapping[str, Any]) -> Recipe:
    """Returns the recipe with the epochs and the instances of a job. A resumed job can have others than the first."""
    resources, stopping = description["ResourceConfig"], description["StoppingCondition"]
    wait = stopping.get("MaxWaitTimeInSeconds")
    compute = dataclasses.replace(
        recipe.compute,
        instance_type=resources["InstanceType"],
        instance_count=resources["InstanceCount"],
        volume_gb=resources["VolumeSizeInGB"],
        max_hours=stopping["MaxRuntimeInSeconds"] / SECONDS_PER_HOUR,
        spot=bool(description.get("EnableManagedSpotTraining")),
        max_wait_hours=wait / SECONDS_PER_HOUR if wait else None,
    )
    epochs = {name: parse_value(value) for name, value in description["HyperParameters"].items() if name == "epochs"}
    return dataclasses.replace(recipe, hyperparameters={**recipe.hyperparameters, **epochs}, compute=compute)


def record_of(checkpoints: str) -> tuple[str, str]:
    """Returns bucket and key of the record beside a folder of checkpoints. checkpoints: s3://BUCKET/PREFIX/checkpoints."""
    bucket, prefix = parse_s3_uri(checkpoints)
    folder = prefix.rstrip("/").rpartition("/")[0]
    return bucket, f"{folder}/{RECORD}".lstrip("/")
