"""Deployments of numbered models to one endpoint, and what the account has afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from moto.core import DEFAULT_ACCOUNT_ID
from typer.testing import CliRunner, Result

from mien.logic.contract import built_in_contract, parse_contract
from tests.training.fake_aws import REGION, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, DESCRIPTION, archive_bytes
from training.hosting.artifact import ModelArtifact
from training.hosting.commands import deploy
from training.hosting.container import Container
from training.hosting.inventory import make_clients, read_state, wait_until_settled
from training.hosting.options import (
    DEFAULT_CONCURRENCY,
    DEFAULT_LABELS,
    DEFAULT_MEMORY_MB,
    Hosting,
    Instances,
    Serverless,
)
from training.hosting.plan import plan_deployment
from training.hosting.rollout import Rollout
from training.hosting.state import DesiredEndpoint, validate_transition

ENDPOINT = "mien-faces"
VARIANT = f"endpoint/{ENDPOINT}/variant/AllTraffic"
IMAGE = f"{DEFAULT_ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/mien:1"
SLIM = Container("slim", IMAGE)
# What the archives' model says of itself.
CONTRACT = parse_contract(json.dumps(DESCRIPTION).encode())
SERVERLESS = Serverless(DEFAULT_MEMORY_MB, DEFAULT_CONCURRENCY)
# moto does not have the instance types of the seventh generation.
INSTANCES = Instances("ml.c5.large", 2, 4)
OWNER_TAGS = [{"Key": "mien:endpoint", "Value": ENDPOINT}]
# The names of the configurations and models of the first four deployments. `deployed_at` gives the time in them.
FIRST, SECOND, THIRD, FOURTH = (f"{ENDPOINT}-20261105-120{minute}00" for minute in range(4))


def deployed_at(minute: int) -> datetime:
    return datetime(2026, 11, 5, 12, minute, tzinfo=UTC)


def desired_endpoint(version: int, hosting: Hosting = SERVERLESS, container: Container = SLIM) -> DesiredEndpoint:
    """Returns the endpoint with the model of this number."""
    artifact = ModelArtifact(f"s3://models/{version}/model.tar.gz", f"etag-{version}")
    contract = built_in_contract(DEFAULT_LABELS) if container.kind == "built-in" else CONTRACT
    return DesiredEndpoint(ENDPOINT, ROLE, artifact, container, hosting, contract)


def never() -> None:
    raise AssertionError("there is nothing to wait for")


def deploy_version(
    version: int,
    hosting: Hosting = SERVERLESS,
    container: Container = SLIM,
    wait: bool = True,
    pause: Callable[[], None] = never,
) -> None:
    """Deploys the model of this number, in the minute of this number, as the command does."""
    clients = make_clients(REGION)
    desired = desired_endpoint(version, hosting, container)
    state = read_state(ENDPOINT, clients)
    validate_transition(desired, state)
    wait_for_endpoint = (lambda: wait_until_settled(ENDPOINT, clients["sagemaker"], never)) if wait else None
    requests = plan_deployment(desired, state, deployed_at(version))
    Rollout(desired, state, clients, wait_for_endpoint, pause).run(requests)


def list_resources(aws: FakeAws) -> dict[str, list[str]]:
    """Returns the names of everything that deployments create."""
    sagemaker = aws.client("sagemaker")
    scaling = aws.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    configs = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    return {
        "endpoints": [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]],
        "configs": sorted(config["EndpointConfigName"] for config in configs),
        "models": sorted(model["ModelName"] for model in sagemaker.list_models()["Models"]),
        # Auto scaling creates alarms too, named TargetTracking-...
        "alarms": sorted(a["AlarmName"] for a in alarms if not a["AlarmName"].startswith("TargetTracking")),
        "targets": [target["ResourceId"] for target in targets],
        "policies": [policy["PolicyName"] for policy in policies],
    }


def serving(aws: FakeAws) -> str:
    """Returns the name of the configuration that the endpoint serves."""
    return str(aws.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"])


def scaling_limits(aws: FakeAws) -> tuple[int, int]:
    """Returns the smallest and largest number of instances of the only scalable target."""
    scaling = aws.client("application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return target["MinCapacity"], target["MaxCapacity"]


def invoke_command(*arguments: str | Path, answer: str | None = None) -> Result:
    """Runs `deploy` and returns its result, whatever it is.

    answer: what is typed when the command asks.
    """
    app = typer.Typer()
    app.command()(deploy)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


def run_command(*arguments: str | Path) -> str:
    """Runs `deploy`, which has to succeed, and returns its output."""
    result = invoke_command(*arguments)
    if result.exception:
        raise result.exception
    return result.output


def command_error(*arguments: str | Path) -> str:
    """Runs `deploy`, which has to fail with one line, and returns that line."""
    result = invoke_command(*arguments)
    assert isinstance(result.exception, ValueError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def create_artifact(aws: FakeAws, name: str, **more: Any) -> str:
    """Creates a completed training job with an artifact, and returns the artifact's S3 URI."""
    uri = aws.create_training_job(name, output="s3://models/jobs", **more)
    aws.client("s3").put_object(
        Bucket="models", Key=uri.removeprefix("s3://models/"), Body=archive_bytes(*ALL_FILES, remark=name)
    )
    return uri
