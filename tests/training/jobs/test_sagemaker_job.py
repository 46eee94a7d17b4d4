"""A recipe becomes a request to SageMaker. A dry run shows that request and sends nothing."""

import json
import re
import sys
from typing import Any

import pytest

from tests.training.fake_aws import DATA_BUCKET, REGION, ROLE, FakeAws
from training.jobs.recipe_file import load_recipe, recipe_names
from training.jobs.sagemaker_job import plan_job, start_job
from training.jobs.trainer import AccountSettings

looked_up_hosts: list[str] = []
sys.addaudithook(lambda event, args: looked_up_hosts.append(str(args[0])) if event == "socket.getaddrinfo" else None)


def without_time(request: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(re.sub(r"\d{12,14}", "TIME", json.dumps(request)))
    return result


@pytest.mark.parametrize("name", recipe_names())
def test_a_dry_run_shows_the_request_that_a_start_sends(name: str, settings: AccountSettings, aws: FakeAws) -> None:
    operation, shown = plan_job(load_recipe(name), settings, REGION)
    assert aws.requests == []
    start_job(load_recipe(name), settings, aws.session)
    assert without_time(aws.parameters(operation)) == without_time(shown)


def test_the_articles_first_job_runs_the_built_in_algorithm_on_lists_of_images(
    settings: AccountSettings, aws: FakeAws
) -> None:
    name = start_job(load_recipe("article-1"), settings, aws.session)
    job = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert job["HyperParameters"] == {
        "epochs": "30",
        "image_shape": "3,224,224",
        "learning_rate": "0.0001",
        "mini_batch_size": "32",
        "num_classes": "7",
        "num_layers": "101",
        "num_training_samples": "22739",
        "optimizer": "sgd",
        "resize": "256",
        "use_pretrained_model": "1",
    }
    assert job["AlgorithmSpecification"]["TrainingImage"].endswith(f"{REGION}.amazonaws.com/image-classification:1")
    assert job["RoleArn"] == ROLE
    channels = {
        channel["ChannelName"]: (channel["DataSource"]["S3DataSource"]["S3Uri"], channel["ContentType"])
        for channel in job["InputDataConfig"]
    }
    faces = f"s3://{DATA_BUCKET}/fer2013/FacialExpressions_224by224_3channel/"
    assert channels == {
        "train": (faces, "application/x-image"),
        "validation": (faces, "application/x-image"),
        "train_lst": (f"s3://{DATA_BUCKET}/fer2013/train.lst", "application/x-image"),
        "validation_lst": (f"s3://{DATA_BUCKET}/fer2013/validation.lst", "application/x-image"),
    }
    request = aws.parameters("CreateTrainingJob")
    assert request["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    assert request["OutputDataConfig"]["S3OutputPath"] == f"s3://{DATA_BUCKET}/jobs"
    # A stopped job's model is made from its checkpoints.
    assert request["CheckpointConfig"]["S3Uri"].startswith(f"s3://{DATA_BUCKET}/jobs/mien-article-1/")


def test_the_sweep_is_one_tuning_job_of_six_training_jobs(settings: AccountSettings, aws: FakeAws) -> None:
    name = start_job(load_recipe("article-sweep"), settings, aws.session)
    assert aws.operations == ["CreateHyperParameterTuningJob"]
    request = aws.parameters("CreateHyperParameterTuningJob")
    assert request["HyperParameterTuningJobName"] == name
    assert len(name) <= 32
    assert request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid"
    assert request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 6
    definitions = request["TrainingJobDefinitions"]
    assert [definition["StaticHyperParameters"]["num_layers"] for definition in definitions] == ["50", "101", "152"]
    for definition in definitions:
        [varied] = definition["HyperParameterRanges"]["CategoricalParameterRanges"]
        assert varied == {"Name": "learning_rate", "Values": ["0.0001", "0.00001"]}
        assert "learning_rate" not in definition["StaticHyperParameters"]
        assert definition["TuningObjective"] == {"Type": "Maximize", "MetricName": "validation:accuracy"}
    described = aws.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert len(described["TrainingJobDefinitions"]) == 3


def test_our_job_runs_train_py_in_sagemakers_pytorch_image(settings: AccountSettings, aws: FakeAws) -> None:
    name = start_job(load_recipe("resnet"), settings, aws.session)
    specification = aws.parameters("CreateTrainingJob")["AlgorithmSpecification"]
    assert "/pytorch-training:" in specification["TrainingImage"]
    assert "-gpu-" in specification["TrainingImage"]
    metrics = {definition["Name"] for definition in specification["MetricDefinitions"]}
    assert metrics >= {"train:loss", "train:accuracy", "validation:loss", "validation:accuracy"}
    inputs = f"jobs/mien-resnet/{name}/input"
    code = {key.removeprefix(f"{inputs}/code/") for key in aws.stored_keys() if key.startswith(f"{inputs}/code/")}
    assert {"train.py", "resnet.py", "faces.py", "artifact.py", "inference.py", "requirements-training.txt"} <= code
    source = json.loads(aws.read(f"{inputs}/sm_drivers/sourcecode.json"))
    assert source["entry_script"] == "train.py"
    assert source["requirements"] == "requirements-training.txt"


def test_several_gpus_train_through_torchrun(settings: AccountSettings, aws: FakeAws) -> None:
    name = start_job(load_recipe("resnet-deep"), settings, aws.session)
    script = aws.read(f"jobs/mien-resnet-deep/{name}/input/sm_drivers/sm_train.sh").decode()
    assert "torchrun_driver.py" in script


def test_a_spot_job_has_checkpoints_and_a_limit_to_its_waiting(settings: AccountSettings, aws: FakeAws) -> None:
    start_job(load_recipe("resnet-spot"), settings, aws.session)
    request = aws.parameters("CreateTrainingJob")
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 6 * 3600, "MaxWaitTimeInSeconds": 24 * 3600}
    assert request["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"


def test_a_resumed_job_uses_the_checkpoints_of_the_earlier_one(aws: FakeAws) -> None:
    checkpoints = f"s3://{DATA_BUCKET}/jobs/mien-resnet/mien-resnet-1/checkpoints"
    settings = AccountSettings("s3://faces/x", "s3://faces/jobs", ROLE, checkpoints=checkpoints)
    start_job(load_recipe("resnet"), settings, aws.session)
    assert aws.parameters("CreateTrainingJob")["CheckpointConfig"]["S3Uri"] == checkpoints


def test_a_key_encrypts_volume_and_model(aws: FakeAws) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    settings = AccountSettings("s3://faces/x", "s3://faces/jobs", ROLE, kms_key=key)
    start_job(load_recipe("article-1"), settings, aws.session)
    request = aws.parameters("CreateTrainingJob")
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert request["OutputDataConfig"]["KmsKeyId"] == key


def test_a_start_sends_no_telemetry(settings: AccountSettings, aws: FakeAws) -> None:
    # moto answers AWS's requests without a lookup, so every host that is looked up would be a telemetry host.
    looked_up_hosts.clear()
    start_job(load_recipe("article-1"), settings, aws.session)
    assert looked_up_hosts == []
