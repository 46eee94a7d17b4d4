"""Before a job is created on SageMaker, its instances are compared with the account's quota for training."""

import dataclasses
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

from tests.training.fake_aws import DATA_BUCKET, ROLE, FakeAws
from training.__main__ import app
from training.jobs.quotas import validate_training_quota
from training.jobs.recipe import Compute, Recipe
from training.jobs.recipe_file import load_recipe

ON_DEMAND = "ml.g5.xlarge for training job usage"
SPOT = "ml.g5.xlarge for spot training job usage"
SWEEP = "ml.g4dn.xlarge for training job usage"


def error(recipe: Recipe, aws: FakeAws) -> str:
    with pytest.raises(ValueError, match="more than the quota") as caught:
        validate_training_quota(recipe, aws.client("service-quotas"), pytest.fail)
    return str(caught.value)


def with_compute(name: str, **fields: Any) -> Recipe:
    recipe = load_recipe(name)
    compute: Compute = dataclasses.replace(recipe.compute, **fields)
    return dataclasses.replace(recipe, compute=compute)


def test_a_new_account_learns_which_quota_to_request_and_what_it_can_do_without(aws: FakeAws) -> None:
    aws.quotas[ON_DEMAND] = 0.0
    assert error(load_recipe("resnet"), aws) == (
        f"1 instance is more than the quota '{ON_DEMAND}' of this region, which is 0: give another --instance-type, "
        f"train here with --local, or request a higher '{ON_DEMAND}' in AWS Service Quotas, under Amazon SageMaker"
    )


def test_spot_capacity_has_a_quota_of_its_own(aws: FakeAws) -> None:
    aws.quotas |= {ON_DEMAND: 8.0, SPOT: 0.0}
    assert f"'{SPOT}'" in error(load_recipe("resnet-spot"), aws)
    validate_training_quota(load_recipe("resnet"), aws.client("service-quotas"), pytest.fail)


def test_all_instances_of_a_job_count(aws: FakeAws) -> None:
    aws.quotas[ON_DEMAND] = 2.0
    message = error(with_compute("resnet", instance_count=3), aws)
    assert message.startswith("3 instances are more than")
    assert "which is 2: give --instance-count 2" in message


def test_a_sweep_needs_the_instances_of_all_jobs_that_it_runs_at_the_same_time(aws: FakeAws) -> None:
    recipe = load_recipe("article-sweep")
    assert recipe.tuning
    sweep = dataclasses.replace(recipe, tuning=dataclasses.replace(recipe.tuning, parallel_jobs=3))
    aws.quotas[SWEEP] = 2.0
    message = error(sweep, aws)
    assert message.startswith("3 parallel jobs of 1 instance are more than")
    assert "set parallel_jobs = 2 in a copy of the recipe" in message
    aws.quotas[SWEEP] = 3.0
    validate_training_quota(sweep, aws.client("service-quotas"), pytest.fail)


def test_launch_reads_the_quota_before_it_uploads_or_creates_anything(aws: FakeAws) -> None:
    aws.quotas[ON_DEMAND] = 0.0
    s3 = aws.client("s3")
    for channel in ("train", "validation"):
        s3.put_object(Bucket=DATA_BUCKET, Key=f"data/{channel}/faces.npz", Body=b"1")
    aws.requests.clear()
    words = ["launch", "resnet", "--data", f"s3://{DATA_BUCKET}/data", "--role", ROLE]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, ValueError)
    assert ON_DEMAND in str(result.exception)
    assert aws.changes == []


def test_a_quota_that_cannot_be_read_is_a_warning(aws: FakeAws) -> None:
    def disconnect(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://servicequotas")

    aws.on_request("service-quotas", "ListServiceQuotas", disconnect)
    warnings: list[str] = []
    validate_training_quota(load_recipe("resnet"), aws.client("service-quotas"), warnings.append)
    [warning] = warnings
    assert warning.startswith(f"the quota '{ON_DEMAND}' was not checked, because Service Quotas can't be read:")
