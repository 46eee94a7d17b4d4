"""The command line: its help, its errors, and what it imports. Each test runs `python -m training` as a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.fake_aws import REGION, ROLE
from training.jobs.recipe_file import recipe_names

ROOT = Path(__file__).parents[2]
DRY_RUN = ("launch", "article-1", "--data", "s3://faces/fer2013", "--region", REGION, "--dry-run")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with these variables only."""
    command = [sys.executable, "-m", "training", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)


def test_help_names_all_commands() -> None:
    result = run("--help")
    for command in ("prepare", "upload", "launch", "follow", "stop", "compare", "evaluate", "deploy"):
        assert f"\n  {command} " in result.stdout


def test_a_dry_run_needs_no_account() -> None:
    result = run(*DRY_RUN, PATH="", HOME="/nowhere")
    assert result.returncode == 0, result.stderr
    request = "\n".join(line for line in result.stdout.splitlines() if not line.startswith("#"))
    assert json.loads(request)["HyperParameters"]["num_layers"] == "101"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["article-1", "--data", "s3://faces/x", "--region", REGION], "--role is missing"),
        (["article-1", "--region", REGION], "--data is missing: send the data with"),
        (["article-1", "--data", "build/x", "--region", REGION], "build/x is a path on this machine"),
        (["article-1", "--data", "s3://faces/x"], "no AWS region is set"),
        (
            ["article-1", "--data", "s3://faces/x", "--region", REGION, "--role", ROLE],
            "no AWS credentials were found: run `aws configure`, or set AWS_PROFILE",
        ),
        (
            ["article-1", "--data", "s3://faces/x", "--region", REGION, "--role", "me", "--dry-run"],
            "--role 'me' is not a role's ARN",
        ),
        (["resnet", "--set", "epochs"], "'epochs' is not of the form NAME=VALUE"),
        (["article-1", "--local"], "built-in algorithm, which runs only on SageMaker"),
        (["--local", "--resume", "nobody"], "build/jobs/nobody has no checkpoints"),
        (["resnet", "--local", "--resume", "nobody"], "RECIPE: a job resumes with its own recipe, options and data"),
        (["--resume", "job", "--best-of", "sweep"], "--best-of: a job resumes with its own recipe, options and data"),
        (["resnet", "--local", "--spot"], "--spot: only for jobs on SageMaker: leave them out, or leave out --local"),
        (["resnet", "--seeds", "3"], "--seeds: only for jobs on this machine: add --local"),
        (["resnet", "--jobs", "elsewhere"], "--jobs: only for jobs on this machine: add --local"),
        (["--local"], "RECIPE is missing: give one of article-1"),
        (["resnet", "--local", "--data", "nowhere"], "nowhere/train is missing, which channel train reads"),
    ],
)
def test_a_launch_that_cannot_work_is_refused_with_a_reason(arguments: list[str], reason: str) -> None:
    result = run("launch", *arguments, PATH="", HOME="/nowhere", AWS_EC2_METADATA_DISABLED="true")
    assert result.returncode == 1
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", recipe_names())
def test_a_dry_run_of_each_recipe_needs_nothing_but_its_name(name: str) -> None:
    result = run("launch", name, "--dry-run", PATH="", HOME="/nowhere", AWS_EC2_METADATA_DISABLED="true")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("# Create")
    assert "# data: python -m training prepare " in result.stdout


def test_a_dry_run_on_this_machine_shows_the_command_and_starts_nothing(tmp_path: Path) -> None:
    result = run("launch", "resnet", "--local", "--dry-run", "--jobs", str(tmp_path / "jobs"), PATH="", HOME="/nowhere")
    assert result.returncode == 0, result.stderr
    assert "train.py --epochs 50" in " ".join(result.stdout.split())
    assert not (tmp_path / "jobs").exists()


def test_the_region_of_aws_region_is_used() -> None:
    arguments = [word for word in DRY_RUN if word not in ("--region", REGION)]
    result = run(*arguments, PATH="", HOME="/nowhere", AWS_REGION="eu-west-1", AWS_DEFAULT_REGION=REGION)
    assert result.stdout.startswith("# CreateTrainingJob, in eu-west-1")


def test_without_the_sdk_a_launch_names_the_command_that_installs_it() -> None:
    code = (
        "import sys; sys.modules['sagemaker'] = None; sys.argv[0] = 'training'; import training.__main__ as m; m.main()"
    )
    result = run_python(code, *DRY_RUN)
    assert result.returncode == 1
    assert "make install-sagemaker" in result.stderr


def test_starting_the_command_line_imports_no_large_package() -> None:
    code = (
        "import sys, training.__main__; print(sorted({'sagemaker', 'boto3', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert run_python(code).stdout.strip() == "[]"


def test_a_job_that_cannot_be_logged_is_not_started(prepared_data: Path, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    arguments = ["resnet", "--local", "--data", str(prepared_data), "--jobs", str(jobs), "--mlflow", "gopher://x"]
    result = run("launch", *arguments, PATH="", HOME="/nowhere")
    assert result.returncode == 1
    assert "MLflow at gopher://x can't be used" in result.stderr
    assert list(jobs.iterdir()) == []
