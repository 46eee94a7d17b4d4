"""Training jobs on SageMaker are looked up, followed and stopped.

moto's jobs end at once, so the tests set their status.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.training.fake_aws import DATA_BUCKET, REGION, FakeAws
from tests.training.log_lines import built_in_lines
from training.jobs.metrics import EpochProgress, best_epoch
from training.jobs.status import TrainingJobs, parse_description

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 2, 4, 0, tzinfo=UTC)
PRICE = 1.408


def description(**more: Any) -> dict[str, Any]:
    """Returns an answer of DescribeTrainingJob."""
    return {
        "TrainingJobName": "job",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        "TrainingStartTime": START,
        **more,
    }


def test_following_a_job_shows_each_epoch_when_its_lines_have_arrived(aws: FakeAws) -> None:
    aws.create_training_job("job", status="InProgress", hyperparameters={"epochs": "3"})
    steps = iter(
        [
            (built_in_lines(0, 0.3, 0.4), "InProgress"),
            (built_in_lines(1, 0.5, 0.45) + built_in_lines(2, 0.7, 0.44), "Completed"),
        ]
    )

    def wait(_: float) -> None:
        lines, status = next(steps)
        aws.write_log("job", lines)
        aws.set_job_status("job", status)

    # The epochs are copied at each look, because all looks share one dictionary.
    looks = [(job.status, sorted(job.epochs)) for job in TrainingJobs(aws.session).follow("job", wait)]
    assert looks == [("InProgress", []), ("InProgress", [1]), ("Completed", [1, 2, 3])]
    assert best_epoch(TrainingJobs(aws.session).describe("job").epochs) == (2, 0.45)


def test_a_running_job_says_how_far_its_epoch_is(aws: FakeAws) -> None:
    aws.create_training_job("job", status="InProgress")
    aws.write_log("job", ["progress epoch=1/3 batch=5/9 loss=1.5 seconds_left=60;"])
    assert TrainingJobs(aws.session).describe("job").progress == EpochProgress(1, 3, 5, 9, 1.5, 60)


def test_a_job_without_a_log_has_no_epochs(aws: FakeAws) -> None:
    aws.create_training_job("job", status="InProgress")
    assert TrainingJobs(aws.session).describe("job").epochs == {}


def test_an_unknown_job_raises_an_error_with_its_name_and_region(aws: FakeAws) -> None:
    with pytest.raises(ValueError, match=f"no training job nobody in {REGION}"):
        TrainingJobs(aws.session).describe("nobody")


def test_a_running_job_costs_its_time_so_far_on_every_instance() -> None:
    job = parse_description(description(), {}, PRICE, NOW)
    assert job.seconds == 3600
    assert job.cost == pytest.approx(2.816)


def test_an_ended_spot_job_costs_its_billed_time() -> None:
    job = parse_description(description(TrainingTimeInSeconds=3600, BillableTimeInSeconds=900), {}, PRICE, NOW)
    assert (job.seconds, job.cost) == pytest.approx((3600, 0.704))


def test_a_job_that_waits_for_its_instances_costs_nothing() -> None:
    waiting = {name: value for name, value in description().items() if name != "TrainingStartTime"}
    assert parse_description(waiting, {}, PRICE, NOW).cost == 0


def test_a_stopped_job_keeps_its_model(aws: FakeAws) -> None:
    aws.create_training_job("job", status="InProgress")
    aws.write_log("job", built_in_lines(0, 0.3, 0.4))
    jobs = TrainingJobs(aws.session)
    jobs.stop("job")
    assert aws.parameters("StopTrainingJob") == {"TrainingJobName": "job"}
    [job] = jobs.follow("job")
    assert job.status == "Stopped"
    assert job.artifact == f"s3://{DATA_BUCKET}/jobs/job/output/model.tar.gz"


def test_the_best_hyperparameters_of_a_tuning_job_are_those_in_which_its_jobs_differ(aws: FakeAws) -> None:
    static = {"epochs": "6", "num_classes": "7"}
    answer = {
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
    aws.answer("sagemaker", "DescribeHyperParameterTuningJob", answer)
    assert TrainingJobs(aws.session).best_hyperparameters("sweep") == {
        "num_layers": "101",
        "learning_rate": "0.00001",
    }


def test_a_tuning_job_is_listed_as_its_training_jobs(aws: FakeAws) -> None:
    aws.answer("sagemaker", "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobStatus": "InProgress"})
    summaries = [{"TrainingJobName": "sweep-001"}, {"TrainingJobName": "sweep-002"}]
    aws.answer("sagemaker", "ListTrainingJobsForHyperParameterTuningJob", {"TrainingJobSummaries": summaries})
    assert TrainingJobs(aws.session).list_tuning_job("sweep") == ["sweep-001", "sweep-002"]
