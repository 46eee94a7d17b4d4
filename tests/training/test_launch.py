"""A recipe becomes the request that SageMaker gets, and a dry run shows that request and sends nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import BUCKET, REGION, ROLE, Sent, keys

from training.jobs import launch, recipe
from training.jobs.launch import Place

ROOT = Path(__file__).parent.parent.parent
LOOKED_UP: list[str] = []
sys.addaudithook(lambda event, of: LOOKED_UP.append(str(of[0])) if event == "socket.getaddrinfo" else None)


def timeless(request: dict[str, Any]) -> dict[str, Any]:
    timeless: dict[str, Any] = json.loads(re.sub(r"\d{12,14}", "TIME", json.dumps(request)))
    return timeless


@pytest.mark.parametrize("name", recipe.names())
def test_what_a_dry_run_shows_is_what_is_sent(name: str, place: Place, session: boto3.Session, sent: Sent) -> None:
    operation, shown = launch.requests(recipe.read(name), place, session)
    assert not sent
    assert not keys(session)
    launch.start(recipe.read(name), place, session)
    assert timeless(sent.body(operation)) == timeless(shown)


def test_the_articles_first_job_is_the_algorithms_own_image_over_lists_of_images(
    place: Place, session: boto3.Session, sent: Sent
) -> None:
    name = launch.start(recipe.read("article-1"), place, session)
    job = session.client("sagemaker").describe_training_job(TrainingJobName=name)
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
    faces = f"s3://{BUCKET}/fer2013/FacialExpressions_224by224_3channel/"
    assert channels == {
        "train": (faces, "application/x-image"),
        "validation": (faces, "application/x-image"),
        "train_lst": (f"s3://{BUCKET}/fer2013/train.lst", "application/x-image"),
        "validation_lst": (f"s3://{BUCKET}/fer2013/validation.lst", "application/x-image"),
    }
    body = sent.body("CreateTrainingJob")
    assert body["ResourceConfig"]["InstanceType"] == "ml.g4dn.xlarge"
    assert body["OutputDataConfig"]["S3OutputPath"] == f"s3://{BUCKET}/jobs"
    # Checkpoints are what a stopped job's model is made of.
    assert body["CheckpointConfig"]["S3Uri"].startswith(f"s3://{BUCKET}/jobs/mien-article-1/")


def test_the_sweep_is_one_tuning_job_of_six_training_jobs(place: Place, session: boto3.Session, sent: Sent) -> None:
    name = launch.start(recipe.read("article-sweep"), place, session)
    assert sent.operations() == ["CreateHyperParameterTuningJob"]
    body = sent.body("CreateHyperParameterTuningJob")
    assert body["HyperParameterTuningJobName"] == name
    assert len(name) <= 32
    assert body["HyperParameterTuningJobConfig"]["Strategy"] == "Grid"
    assert body["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 6
    definitions = body["TrainingJobDefinitions"]
    assert [part["StaticHyperParameters"]["num_layers"] for part in definitions] == ["50", "101", "152"]
    for part in definitions:
        [varied] = part["HyperParameterRanges"]["CategoricalParameterRanges"]
        assert varied == {"Name": "learning_rate", "Values": ["0.0001", "0.00001"]}
        assert "learning_rate" not in part["StaticHyperParameters"]
        assert part["TuningObjective"] == {"Type": "Maximize", "MetricName": "validation:accuracy"}
    described = session.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert len(described["TrainingJobDefinitions"]) == 3


def test_our_job_runs_train_py_in_sagemakers_pytorch_image(place: Place, session: boto3.Session, sent: Sent) -> None:
    name = launch.start(recipe.read("resnet"), place, session)
    body = sent.body("CreateTrainingJob")
    assert "/pytorch-training:" in body["AlgorithmSpecification"]["TrainingImage"]
    assert "-gpu-" in body["AlgorithmSpecification"]["TrainingImage"]
    metrics = {one["Name"] for one in body["AlgorithmSpecification"]["MetricDefinitions"]}
    assert metrics == {"train:loss", "validation:loss", "validation:accuracy"}
    inputs = f"jobs/mien-resnet/{name}/input"
    code = {key.removeprefix(f"{inputs}/code/") for key in keys(session) if key.startswith(f"{inputs}/code/")}
    assert {"train.py", "resnet.py", "faces.py", "artifact.py", "inference.py", "requirements-training.txt"} <= code
    s3 = session.client("s3")
    source = json.load(s3.get_object(Bucket=BUCKET, Key=f"{inputs}/sm_drivers/sourcecode.json")["Body"])
    assert source["entry_script"] == "train.py"
    assert source["requirements"] == "requirements-training.txt"


def test_several_gpus_train_through_torchrun(place: Place, session: boto3.Session) -> None:
    name = launch.start(recipe.read("resnet-deep"), place, session)
    drivers = f"jobs/mien-resnet-deep/{name}/input/sm_drivers"
    script = session.client("s3").get_object(Bucket=BUCKET, Key=f"{drivers}/sm_train.sh")["Body"].read().decode()
    assert "torchrun_driver.py" in script


def test_a_spot_job_has_checkpoints_and_a_limit_to_its_waiting(
    place: Place, session: boto3.Session, sent: Sent
) -> None:
    launch.start(recipe.read("resnet-spot"), place, session)
    body = sent.body("CreateTrainingJob")
    assert body["EnableManagedSpotTraining"] is True
    assert body["StoppingCondition"] == {"MaxRuntimeInSeconds": 6 * 3600, "MaxWaitTimeInSeconds": 24 * 3600}
    assert body["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"


def test_a_job_that_goes_on_has_the_checkpoints_of_the_one_before(session: boto3.Session, sent: Sent) -> None:
    earlier = "s3://faces/jobs/mien-resnet/mien-resnet-1/checkpoints"
    launch.start(recipe.read("resnet"), Place("s3://faces/x", "s3://faces/jobs", ROLE, checkpoints=earlier), session)
    assert sent.body("CreateTrainingJob")["CheckpointConfig"]["S3Uri"] == earlier


def test_a_key_encrypts_volume_and_model(session: boto3.Session, sent: Sent) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    launch.start(recipe.read("article-1"), Place("s3://faces/x", "s3://faces/jobs", ROLE, kms_key=key), session)
    body = sent.body("CreateTrainingJob")
    assert body["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert body["OutputDataConfig"]["KmsKeyId"] == key


def test_nobody_is_told_that_a_job_was_launched(place: Place, session: boto3.Session) -> None:
    """Neither a host is looked up, which moto needs none of, nor anything said of telemetry."""
    LOOKED_UP.clear()
    launch.start(recipe.read("article-1"), place, session)
    assert not LOOKED_UP


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", "launch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


def test_a_dry_run_needs_no_account() -> None:
    ran = run("article-1", "--data", "s3://faces/fer2013", "--region", REGION, "--dry-run", PATH="", HOME="/nowhere")
    assert ran.returncode == 0, ran.stderr
    shown = "\n".join(line for line in ran.stdout.splitlines() if not line.startswith("#"))
    assert json.loads(shown)["HyperParameters"]["num_layers"] == "101"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["article-1", "--data", "s3://faces/x", "--region", REGION], "--role is missing"),
        (["article-1", "--region", REGION], "build/fer2013 lies on this machine"),
        (["article-1", "--data", "s3://faces/x"], "no region is set"),
        (["article-1", "--data", "s3://faces/x", "--region", REGION, "--role", ROLE], "Unable to locate credentials"),
        (["resnet", "--set", "epochs"], "'epochs' is no NAME=VALUE"),
        (["article-1", "--local"], "SageMaker's own algorithm, which only SageMaker has"),
        (["resnet", "--local", "--resume", "nobody"], "build/jobs/nobody is no job that ran here"),
        (["resnet", "--local", "--data", "nowhere"], "nowhere/train, the channel train, is missing"),
    ],
)
def test_what_cannot_be_launched_is_told_in_a_sentence(arguments: list[str], why: str) -> None:
    ran = run(*arguments, PATH="", HOME="/nowhere", AWS_EC2_METADATA_DISABLED="true")
    assert ran.returncode == 1
    assert why in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_the_sdk_the_way_to_it_is_named() -> None:
    without = (
        "import sys; sys.modules['sagemaker'] = None; sys.argv[0] = 'training'; import training.__main__ as m; m.main()"
    )
    arguments = ["launch", "article-1", "--data", "s3://faces/x", "--region", REGION, "--dry-run"]
    ran = subprocess.run([sys.executable, "-c", without, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 1
    assert "make .venv-training/sagemaker" in ran.stderr


def test_the_sdk_is_not_imported_before_a_job_is_launched() -> None:
    looked = (
        "import sys, training.__main__; print(sorted({'sagemaker', 'boto3', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ran.stdout.strip() == "[]"
