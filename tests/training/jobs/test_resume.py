"""A job on SageMaker goes on with its own recipe, options and data. moto imitates SageMaker."""

import json
from typing import Any

import pytest

from tests.training.fake_aws import DATA_BUCKET, FakeAws
from training.jobs.launch import LaunchOptions, resume_on_sagemaker
from training.jobs.recipe_file import load_recipe, override_recipe
from training.jobs.sagemaker_job import start_job
from training.jobs.trainer import AccountSettings

# Parts of the request that a resumed job has in common with the first one.
SHARED = ("RoleArn", "OutputDataConfig", "CheckpointConfig", "ResourceConfig", "StoppingCondition", "HyperParameters")


@pytest.fixture
def stopped_job(settings: AccountSettings, aws: FakeAws) -> str:
    """A job of the recipe `resnet` with other options than the recipe's. It was stopped."""
    for channel in ("train", "validation"):
        aws.client("s3").put_object(Bucket=DATA_BUCKET, Key=f"fer2013/{channel}/faces.npz", Body=b"faces")
    recipe = override_recipe(
        load_recipe("resnet-spot"), {"depth": 10, "augment": "mirror,shift"}, instance_type="ml.g6.xlarge"
    )
    name = start_job(recipe, settings, aws.session)
    aws.set_job_status(name, "Stopped")
    return name


def resume(job: str, settings: dict[str, Any] | None = None, **compute: Any) -> None:
    resume_on_sagemaker(job, settings or {}, LaunchOptions(compute=compute))


def test_a_resumed_job_has_recipe_options_and_data_of_the_first(stopped_job: str, aws: FakeAws) -> None:
    first = aws.parameters("CreateTrainingJob")
    resume(stopped_job)
    second = aws.parameters("CreateTrainingJob")
    assert {part: second[part] for part in SHARED} == {part: first[part] for part in SHARED}
    assert second["EnableManagedSpotTraining"] is True
    assert second["CheckpointConfig"]["S3Uri"].endswith(f"/{stopped_job}/checkpoints")
    channels = [
        {
            channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
            for channel in request["InputDataConfig"]
            if channel["ChannelName"] in ("train", "validation")
        }
        for request in (first, second)
    ]
    assert channels[0] == channels[1]
    assert set(channels[0]) == {"train", "validation"}


def test_a_resumed_job_can_use_other_instances(stopped_job: str, aws: FakeAws) -> None:
    resume(stopped_job, instance_type="ml.g5.xlarge", spot=False, max_hours=30.0)
    request = aws.parameters("CreateTrainingJob")
    assert request["ResourceConfig"]["InstanceType"] == "ml.g5.xlarge"
    assert not request.get("EnableManagedSpotTraining")
    assert request["StoppingCondition"]["MaxRuntimeInSeconds"] == 30 * 3600


def test_a_completed_job_continues_for_more_epochs_and_that_job_resumes_with_them(
    stopped_job: str, aws: FakeAws
) -> None:
    aws.set_job_status(stopped_job, "Completed")
    resume(stopped_job, {"epochs": 80})
    request = aws.parameters("CreateTrainingJob")
    assert request["HyperParameters"]["epochs"] == "80"
    aws.set_job_status(request["TrainingJobName"], "Stopped")
    resume(request["TrainingJobName"])
    assert aws.parameters("CreateTrainingJob")["HyperParameters"]["epochs"] == "80"


@pytest.mark.parametrize(
    ("status", "given", "reason"),
    [
        ("InProgress", {}, "is running already: wait until it has ended"),
        ("Completed", {}, "has completed: continue it for more than its 50 epochs with --set epochs="),
        ("Completed", {"epochs": 50}, "was begun for 50 epochs, so give more"),
        ("Completed", {"epochs": "x"}, "epochs: 'x' is not a whole number"),
        ("Stopped", {"epochs": 80}, "has not completed its 50 epochs yet: resume it without --set first"),
        ("Stopped", {"width": 64}, "--set width: a job resumes with its own recipe, options and data"),
    ],
)
def test_a_resume_that_makes_no_sense_is_refused_and_changes_nothing(
    status: str, given: dict[str, Any], reason: str, stopped_job: str, aws: FakeAws
) -> None:
    aws.set_job_status(stopped_job, status)
    aws.requests.clear()
    with pytest.raises(ValueError, match=reason):
        resume(stopped_job, given)
    assert aws.changes == []


def test_a_job_that_launch_did_not_start_is_refused_with_what_is_missing(aws: FakeAws) -> None:
    aws.create_training_job("other", status="Stopped")
    with pytest.raises(ValueError, match="other has no checkpoints"):
        resume("other")
    aws.create_training_job(
        "older", status="Stopped", CheckpointConfig={"S3Uri": f"s3://{DATA_BUCKET}/jobs/older/checkpoints"}
    )
    with pytest.raises(ValueError, match=f"s3://{DATA_BUCKET}/jobs/older/recipe.json is missing"):
        resume("older")
    record = {"recipe": {"name": "x", "compute": {}, "tuning": None}, "data": "s3://x"}
    aws.client("s3").put_object(Bucket=DATA_BUCKET, Key="jobs/older/recipe.json", Body=json.dumps(record).encode())
    with pytest.raises(ValueError, match=r"recipe.json was not written by this version of Mien"):
        resume("older")
