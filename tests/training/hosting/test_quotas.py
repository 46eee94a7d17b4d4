"""Before a serverless endpoint is deployed, its concurrency is compared with the account's quota."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.training.fake_aws import MODEL_BUCKET, ROLE, FakeAws, respond
from tests.training.hosting.archives import ALL_FILES, archive_bytes
from tests.training.hosting.deployments import ENDPOINT, IMAGE, command_error, invoke_command, run_command
from training.hosting.options import CONCURRENCY_QUOTA

OBJECT = ("s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE)


@pytest.fixture(autouse=True)
def _stored_model(aws: FakeAws) -> None:
    aws.client("s3").put_object(Bucket=MODEL_BUCKET, Key="m.tar.gz", Body=archive_bytes(*ALL_FILES))
    aws.requests.clear()


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
def test_a_concurrency_above_the_quota_is_refused_before_anything_is_created(
    dry_run: tuple[str, ...], aws: FakeAws
) -> None:
    error = command_error(*OBJECT, "--max-concurrency", "20", *dry_run)
    assert error == (
        "--max-concurrency 20 is more than the quota of all serverless endpoints of this region, which is 10: give "
        f"--max-concurrency 10, or request a higher '{CONCURRENCY_QUOTA}' in AWS Service Quotas, under Amazon SageMaker"
    )
    assert aws.changes == []


def test_the_default_concurrency_is_compared_too(aws: FakeAws) -> None:
    aws.quotas[CONCURRENCY_QUOTA] = 3.0
    assert "--max-concurrency 5 is more" in command_error(*OBJECT)
    assert f"endpoint {ENDPOINT} serves" in run_command(*OBJECT, "--max-concurrency", "3")


def test_an_account_without_serverless_endpoints_is_pointed_to_instances(aws: FakeAws) -> None:
    aws.quotas[CONCURRENCY_QUOTA] = 0.0
    assert "which is 0: give --instance-type ml.c7i.large, or request a higher" in command_error(*OBJECT)


def test_instances_do_not_depend_on_this_quota(aws: FakeAws) -> None:
    aws.quotas[CONCURRENCY_QUOTA] = 0.0
    assert f"endpoint {ENDPOINT} serves" in run_command(*OBJECT, "--instance-type", "ml.c5.large")


def deny(**_: Any) -> Any:
    return respond({"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform this"}}, 400)


def disconnect(**_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://servicequotas")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(deny, "AccessDeniedException"), (disconnect, "Could not connect to the endpoint URL")],
)
def test_without_permission_or_connection_the_deployment_goes_on_with_a_warning(
    answer: Any, reason: str, aws: FakeAws
) -> None:
    aws.on_request("service-quotas", "ListServiceQuotas", answer)
    result = invoke_command(*OBJECT)
    assert result.exit_code == 0
    [warning] = [line for line in result.stderr.splitlines() if "quota" in line]
    assert warning.startswith(f"the quota '{CONCURRENCY_QUOTA}' was not checked, because Service Quotas can't be read")
    assert reason in warning
    assert f"endpoint {ENDPOINT} serves" in result.stdout


def test_a_warning_does_not_change_the_json_of_a_dry_run(aws: FakeAws) -> None:
    del aws.quotas[CONCURRENCY_QUOTA]
    result = invoke_command(*OBJECT, "--dry-run")
    assert json.loads(result.stdout)
    assert "Service Quotas does not list" in result.stderr
