"""Before `deploy` makes anything, it reads the account's quotas and says what the deployment costs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.paths import ROOT
from tests.support.account import Account, start_account
from training.hosting.options import CONCURRENCY_QUOTA

INSTANCES_QUOTA = "ml.c7i.large for endpoint usage"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with start_account() as running:
        yield running


def dry_run(account: Account, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deployment", "deploy", "--dry-run", *options]
    environment = {**os.environ, **account.environment, "PYTHONPATH": "functions"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_dry_run_says_what_the_deployment_costs_in_parts_and_changes_nothing(account: Account) -> None:
    result = dry_run(account)
    assert result.returncode == 0, result.stderr
    shown = result.stdout + result.stderr
    assert "while idle: $" in shown
    assert "per million face crops" in shown
    assert "S3: write documents" in shown
    # A new stack has the alarms for shifting traffic too.
    assert "12 x alarm and month" in " ".join(shown.split())
    assert account.changes == []


def test_the_plan_counts_the_format_of_results_that_is_asked_for(account: Account) -> None:
    result = dry_run(account, "--parameter", "ResultFormat=lines")
    assert result.returncode == 0, result.stderr
    shown = result.stdout + result.stderr
    assert "results: JSON Lines, an object for each batch" in " ".join(shown.split())
    assert "S3: write lines" in shown
    wrong = dry_run(account, "--parameter", "ResultFormat=line")
    assert wrong.returncode == 1
    assert "--parameter ResultFormat=line is not documents or lines" in wrong.stderr
    assert account.changes == []


def test_a_quota_that_is_too_small_ends_the_deployment_before_anything_is_made(account: Account) -> None:
    account.quotas["sagemaker"][CONCURRENCY_QUOTA] = 3.0
    result = dry_run(account)
    account.quotas["sagemaker"][CONCURRENCY_QUOTA] = 10.0
    assert result.returncode == 1
    assert "which is 3: give --max-concurrency 3, or request a higher" in result.stderr
    assert account.changes == []


def test_instances_and_lambdas_concurrency_are_compared_too(account: Account) -> None:
    account.quotas["sagemaker"][INSTANCES_QUOTA] = 0.0
    assert INSTANCES_QUOTA in dry_run(account, "--instance-type", "ml.c7i.large").stderr
    too_many = dry_run(account, "--parameter", "MaximumConcurrency=1000")
    assert too_many.returncode == 1
    assert "are more than the quota 'Concurrent executions'" in too_many.stderr
    assert account.changes == []
