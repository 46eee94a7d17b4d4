"""The policies in policies/ allow exactly what the commands call, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.fake_aws import DATA_BUCKET, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, archive_bytes
from tests.training.hosting.deployments import create_artifact
from training.__main__ import app
from training.data.writers import LARGE

# What the SDK asks too, and can do without: these are denied in the test.
OPTIONAL = {"iam:SimulatePrincipalPolicy", "s3:ListBuckets"}
# What AWS requires beside a call: tags of what is created, and the role of the scaling, which is made once per account.
WITHOUT_A_CALL = {"sagemaker:AddTags", "cloudwatch:TagResource", "iam:CreateServiceLinkedRole"}
POLICIES = Path(__file__).parents[2] / "policies"


def run(*words: str, answer: str | None = None) -> str:
    result = CliRunner().invoke(app, list(words), input=answer)
    assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
    return result.output


@contextmanager
def recording(aws: FakeAws) -> Iterator[set[str]]:
    """Yields a set that has the actions of all requests of the block when it ends."""
    used: set[str] = set()
    begin = len(aws.actions)
    yield used
    used |= set(aws.actions[begin:])


@pytest.fixture
def trained(prepared_data: Path, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the commands for data and jobs call."""
    monkeypatch.chdir(tmp_path)
    for service, operation in (("iam", "SimulatePrincipalPolicy"), ("s3", "ListBuckets")):
        denied = {"Error": {"Code": "AccessDenied", "Message": f"not authorized to perform {operation}"}}
        aws.answer(service, operation, denied, 403)
    bucket = f"s3://{DATA_BUCKET}"
    # The article's jobs read RecordIO or folders, which this data does not have.
    s3 = aws.client("s3")
    for name in ("train.lst", "validation.lst", f"{LARGE}/happy/1.png"):
        s3.put_object(Bucket=DATA_BUCKET, Key=f"data/{name}", Body=b"1")
    data = ["--data", f"{bucket}/data", "--role", ROLE]
    with recording(aws) as used:
        run("upload", str(prepared_data), f"{bucket}/data")
        run("launch", "resnet", *data)
        run("launch", "article-sweep", *data)
    job = aws.parameters("CreateTrainingJob")["TrainingJobName"]
    sweep = aws.parameters("CreateHyperParameterTuningJob")["HyperParameterTuningJobName"]
    aws.write_log(job, ["epoch=1; train_loss=1.0; validation_accuracy=0.5;"])
    aws.set_job_status(job, "Stopped")
    jobs = {"TrainingJobSummaries": [{"TrainingJobName": job}]}
    aws.answer("sagemaker", "ListTrainingJobsForHyperParameterTuningJob", jobs)
    with recording(aws) as more:
        run("follow", job)
        run("compare", job, sweep)
        run("launch", "--resume", job)
    resumed = aws.parameters("CreateTrainingJob")["TrainingJobName"]
    aws.set_job_status(resumed, "InProgress")
    with recording(aws) as most:
        run("stop", resumed, "--yes")
    return used | more | most


@pytest.fixture
def deployed(aws: FakeAws, tmp_path: Path) -> set[str]:
    """What `deploy` calls: a new endpoint, another model, instances with scaling, and the deletion."""
    create_artifact(aws, "job-1")
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(archive_bytes(*ALL_FILES, remark="local"))
    used: set[str] = set()
    for words in (
        ("job-1", "--role", ROLE),
        (str(archive), "--role", ROLE, "--bucket", "s3://models/local"),
        ("job-1", "--role", ROLE, "--instance-type", "ml.c5.large"),
        (str(archive), "--role", ROLE, "--bucket", "s3://models/local", "--instance-type", "ml.c5.large"),
        ("--delete", "--yes"),
    ):
        with recording(aws) as more:
            run("deploy", *words)
        used |= more
    return used


def allowed(policy: str) -> set[str]:
    statements = json.loads((POLICIES / policy).read_text())["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    actions = [statement["Action"] for statement in statements]
    return {name for one in actions for name in ([one] if isinstance(one, str) else one)}


def test_the_policy_for_training_allows_what_the_commands_call(trained: set[str]) -> None:
    assert allowed("training.json") == trained - OPTIONAL | {"sagemaker:AddTags"}


def test_the_policy_for_endpoints_allows_what_deploy_calls(deployed: set[str]) -> None:
    assert allowed("endpoints.json") == deployed | WITHOUT_A_CALL | {"s3:ListBucket"}


@pytest.mark.parametrize("policy", ["training.json", "endpoints.json"])
def test_no_policy_has_a_wildcard_as_an_action_or_a_role_for_any_service(policy: str) -> None:
    assert not [action for action in allowed(policy) if "*" in action]
    statements = json.loads((POLICIES / policy).read_text())["Statement"]
    [role] = [statement for statement in statements if statement["Action"] == "iam:PassRole"]
    assert role["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert role["Resource"] == "ROLE_ARN"
