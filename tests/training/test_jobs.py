"""Jobs are followed, stopped and compared. moto's jobs end at once, so the tests say where they are."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from conftest import BUCKET, REGION, ROLE
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sagemaker.models import sagemaker_backends
from PIL import Image
from rich.console import Console

from training.jobs import compare, metrics, prices
from training.jobs.status import LOG_GROUP, Jobs, job_of

BEGAN = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 4, 0, tzinfo=UTC)


def built_in(epoch: int, train: float, validation: float) -> list[str]:
    """What the built-in algorithm writes of an epoch, counted from 0."""
    stamp = "[01/02/2026 03:04:05 INFO 140484553713472]"
    return [
        f"{stamp} Epoch[{epoch}] Batch [20]#011Speed: 20.26 samples/sec#011accuracy=0.275298",
        f"{stamp} Epoch[{epoch}] Train-accuracy={train}",
        f"{stamp} Epoch[{epoch}] Time cost=14.863",
        f"{stamp} Epoch[{epoch}] Validation-accuracy={validation}",
        f'{stamp} Saved checkpoint to "/opt/ml/model/image-classification-{epoch + 1:04}.params"',
    ]


class Machine:
    """A training job in moto, whose log and end the test writes."""

    def __init__(self, session: boto3.Session, name: str, **hyperparameters: str):
        self.name, self.logs = name, session.client("logs")
        session.client("sagemaker").create_training_job(
            TrainingJobName=name,
            HyperParameters=hyperparameters,
            AlgorithmSpecification={"TrainingImage": "1.dkr.ecr/image-classification:1", "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/jobs"},
            ResourceConfig={"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
        )
        self.known = sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].training_jobs[name]
        self.status("InProgress")
        stream = f"{name}/algo-1-1767323045"
        self.where = {"logGroupName": LOG_GROUP, "logStreamName": stream}
        if not self.logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            self.logs.create_log_group(logGroupName=LOG_GROUP)
        self.logs.create_log_stream(**self.where)

    def status(self, status: str) -> None:
        self.known.training_job_status = status

    def write(self, lines: list[str]) -> None:
        now = int(datetime.now(UTC).timestamp() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        self.logs.put_log_events(**self.where, logEvents=events)


def test_the_built_in_algorithms_lines_and_ours_are_read_alike() -> None:
    assert metrics.read(built_in(0, 0.375, 0.771429)) == {
        1: {"train_accuracy": 0.375, "seconds": 14.863, "validation_accuracy": 0.771429}
    }
    ours = "epoch=3; train_loss=1.2; validation_loss=1.1; validation_accuracy=0.6; seconds=70.1;"
    assert metrics.read([ours, "told to stop in epoch 4"]) == {
        3: {"train_loss": 1.2, "validation_loss": 1.1, "validation_accuracy": 0.6, "seconds": 70.1}
    }


def test_a_job_that_is_followed_shows_each_epoch_when_it_has_come(session: boto3.Session) -> None:
    machine = Machine(session, "job", epochs="3")
    steps = iter(
        [(built_in(0, 0.3, 0.4), "InProgress"), (built_in(1, 0.5, 0.45) + built_in(2, 0.7, 0.44), "Completed")]
    )

    def wait(_: float) -> None:
        lines, status = next(steps)
        machine.write(lines)
        machine.status(status)

    seen = [(job.status, sorted(job.epochs)) for job in Jobs(session).follow("job", wait)]
    # The epochs of one job are one growing table, so what was seen early is told by the order of the looks.
    assert [status for status, _ in seen] == ["InProgress", "InProgress", "Completed"]
    assert [epochs for _, epochs in seen] == [[], [1], [1, 2, 3]]
    assert metrics.best(Jobs(session).job("job").epochs) == (2, 0.45)


def test_a_job_that_has_not_begun_to_write_has_no_epochs(session: boto3.Session) -> None:
    Machine(session, "job")
    assert Jobs(session).job("job").epochs == {}


def test_an_unknown_job_is_told_by_its_name(session: boto3.Session) -> None:
    with pytest.raises(ValueError, match=f"no training job nobody in {REGION}"):
        Jobs(session).job("nobody")


def description(**more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        "TrainingStartTime": BEGAN,
        **more,
    }


def test_a_running_job_costs_its_time_so_far_on_each_instance() -> None:
    job = job_of(description(), {}, 1.408, NOW)
    assert job.seconds == 3600
    assert job.cost == pytest.approx(2.816)


def test_an_ended_spot_job_costs_what_was_billed() -> None:
    job = job_of(description(TrainingTimeInSeconds=3600, BillableTimeInSeconds=900), {}, 1.408, NOW)
    assert (job.seconds, job.cost) == (3600, pytest.approx(0.704))


def test_a_job_that_waits_for_its_instances_costs_nothing() -> None:
    waiting = {name: value for name, value in description().items() if name != "TrainingStartTime"}
    assert job_of(waiting, {}, 1.408, NOW).cost == 0


def test_a_price_is_what_the_list_has_by_the_hour() -> None:
    # The form of AWS Price List Query API's answers.
    product = {
        "product": {"attributes": {"instanceName": "ml.g5.xlarge", "platoinstancetype": "Training"}},
        "terms": {
            "OnDemand": {"A.B": {"priceDimensions": {"A.B.C": {"unit": "Hrs", "pricePerUnit": {"USD": "1.408"}}}}}
        },
    }
    assert prices.on_demand(product) == 1.408
    assert prices.on_demand({"terms": {"Reserved": {}}}) is None


@pytest.fixture
def stopping(session: boto3.Session) -> list[str]:
    """The names of jobs that were told to stop. moto has no StopTrainingJob: it is answered here, once botocore has
    found the request to be right."""
    names: list[str] = []

    def stop(params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        name = json.loads(params["body"])["TrainingJobName"]
        sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].training_jobs[name].training_job_status = "Stopped"
        names.append(name)
        return AWSResponse("", 200, {}, None), {}

    session.events.register("before-call.sagemaker.StopTrainingJob", stop)
    return names


def test_a_stopped_job_keeps_its_model(session: boto3.Session, stopping: list[str]) -> None:
    machine = Machine(session, "job")
    machine.write(built_in(0, 0.3, 0.4))
    jobs = Jobs(session)
    jobs.stop("job")
    assert stopping == ["job"]
    [job] = jobs.follow("job")
    assert job.status == "Stopped"
    assert job.artifact == f"s3://{BUCKET}/jobs/job/output/model.tar.gz"


def answered(session: boto3.Session, operation: str, answer: dict[str, Any]) -> None:
    """moto can't: SageMaker's documented answer instead."""
    session.events.register(f"before-call.sagemaker.{operation}", lambda **_: (AWSResponse("", 200, {}, None), answer))


def test_the_best_of_a_tuning_job_is_what_it_varied_and_what_its_definitions_differ_in(session: boto3.Session) -> None:
    static = {"epochs": "6", "num_classes": "7"}
    described = {
        "HyperParameterTuningJobStatus": "Completed",
        "TrainingJobDefinitions": [
            {"DefinitionName": f"layers-{layers}", "StaticHyperParameters": {**static, "num_layers": layers}}
            for layers in ("50", "101", "152")
        ],
        "BestTrainingJob": {
            "TrainingJobName": "sweep-004",
            "TrainingJobDefinitionName": "layers-101",
            "TunedHyperParameters": {"learning_rate": "0.00001"},
        },
    }
    answered(session, "DescribeHyperParameterTuningJob", described)
    assert Jobs(session).best_of("sweep") == {"num_layers": "101", "learning_rate": "0.00001"}


def test_a_tuning_job_is_compared_as_its_training_jobs(session: boto3.Session) -> None:
    answered(session, "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobStatus": "InProgress"})
    summaries = [{"TrainingJobName": "sweep-001"}, {"TrainingJobName": "sweep-002"}]
    answered(session, "ListTrainingJobsForHyperParameterTuningJob", {"TrainingJobSummaries": summaries})
    assert Jobs(session).of_tuning("sweep") == ["sweep-001", "sweep-002"]


def test_jobs_side_by_side_show_what_they_differ_in_and_reached(session: boto3.Session, tmp_path: Path) -> None:
    Machine(session, "short", epochs="2", num_layers="50").write(built_in(0, 0.3, 0.4) + built_in(1, 0.6, 0.5))
    Machine(session, "long", epochs="2", num_layers="152").write(built_in(0, 0.5, 0.45))
    jobs = [Jobs(session).job(name) for name in ("short", "long")]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(compare.table(jobs))
    shown = console.export_text()
    assert "epochs 2" in shown.splitlines()[0]
    assert ["num_layers", "50", "152"] in [line.split() for line in shown.splitlines()]
    assert "0.5000 (epoch 2)" in shown
    assert "0.4500 (epoch 1)" in shown
    compare.plot(jobs, tmp_path / "accuracy.png")
    with Image.open(tmp_path / "accuracy.png") as picture:
        assert picture.size == (960, 600)


def test_help_names_all_commands() -> None:
    root = Path(__file__).parent.parent.parent
    ran = subprocess.run([sys.executable, "-m", "training", "--help"], capture_output=True, text=True, cwd=root)
    for command in ("prepare", "upload", "launch", "follow", "stop", "compare", "evaluate", "deploy"):
        assert f"\n  {command} " in ran.stdout
