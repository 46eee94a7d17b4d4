"""Starts a recipe as a job on SageMaker, or shows the request that would start it.

Training jobs are started by the SageMaker SDK, tuning jobs by boto3 (see tuning.py). The SDK can be stopped just before
it sends its request. A dry run shows that request, and a tuning job's definitions are made of it.
Source: SageMaker Python SDK 3, ModelTrainer; Amazon SageMaker API Reference, CreateTrainingJob.
"""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from training.jobs.recipe import Recipe
from training.jobs.remote_record import write_recipe
from training.jobs.trainer import AccountSettings, make_trainer
from training.jobs.tuning import split_definitions, tuning_request


class RequestCaptured(Exception):
    """Stops the SDK before it sends CreateTrainingJob. It carries the request and does not report an error."""

    def __init__(self, request: dict[str, Any]):
        self.request = request


def start_job(recipe: Recipe, settings: AccountSettings, session: boto3.Session) -> str:
    """Uploads the code and starts the job. Returns the name of the training job, or of the tuning job.

    Raises ValueError if the SageMaker SDK is not installed, and botocore's ClientError if SageMaker refuses the job.
    """
    if recipe.tuning:
        request = tuning_request(recipe, capture_training_requests(recipe, settings, session.region_name))
        session.client("sagemaker").create_hyper_parameter_tuning_job(**request)
        return str(request["HyperParameterTuningJobName"])
    trainer = make_trainer(recipe, settings, session)
    trainer.train(wait=False, logs=False)
    name = str(trainer._latest_training_job.training_job_name)
    if not settings.checkpoints:
        write_recipe(recipe, settings, name, session)
    return name


def plan_job(recipe: Recipe, settings: AccountSettings, region: str) -> tuple[str, dict[str, Any]]:
    """Returns the API operation that `start_job` would call, and its parameters. Nothing is sent.

    Only the time in the job's name differs from what `start_job` sends later.
    """
    training_requests = capture_training_requests(recipe, settings, region)
    if recipe.tuning:
        return "CreateHyperParameterTuningJob", tuning_request(recipe, training_requests)
    return "CreateTrainingJob", training_requests[0]


def capture_training_requests(recipe: Recipe, settings: AccountSettings, region: str) -> list[dict[str, Any]]:
    """Returns the CreateTrainingJob requests that the SDK makes, one for each training job definition of the recipe.

    Nothing is sent or uploaded, and no account is needed.
    """
    # botocore requires credentials, but no request is signed with them.
    offline = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name=region)
    offline.events.register("before-call", answer_offline)
    return [capture_training_request(part, settings, offline) for part in split_definitions(recipe)]


def capture_training_request(recipe: Recipe, settings: AccountSettings, offline: boto3.Session) -> dict[str, Any]:
    """Returns the CreateTrainingJob request of one recipe. offline: a session whose requests are not sent."""
    try:
        make_trainer(recipe, settings, offline).train(wait=False, logs=False)
    except RequestCaptured as captured:
        return captured.request
    raise RuntimeError("the SageMaker SDK sent no CreateTrainingJob")


def answer_offline(model: Any, params: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """Answers the SDK's requests without a network: uploads succeed, and all other reads are denied.

    Raises RequestCaptured with the request that would start the job.
    """
    if model.name == "CreateTrainingJob":
        raise RequestCaptured(json.loads(params["body"]))
    if model.service_model.service_name == "s3" and model.name != "ListBuckets":
        return AWSResponse("", 200, {}, None), {}
    denied = {"Code": "AccessDenied", "Message": "a dry run sends no request"}
    return AWSResponse("", 403, {}, None), {"Error": denied}
