"""Before instances are deployed, their number is compared with the account's quota for endpoints."""

import pytest

from tests.training.fake_aws import MODEL_BUCKET, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, archive_bytes
from tests.training.hosting.deployments import ENDPOINT, IMAGE, command_error, invoke_command

QUOTA = "ml.c5.large for endpoint usage"
OBJECT = ("s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE, "--instance-type", "ml.c5.large")
REQUEST = f"request a higher '{QUOTA}' in AWS Service Quotas, under Amazon SageMaker"


@pytest.fixture(autouse=True)
def _stored_model(aws: FakeAws) -> None:
    aws.client("s3").put_object(Bucket=MODEL_BUCKET, Key="m.tar.gz", Body=archive_bytes(*ALL_FILES))
    aws.requests.clear()


def warnings(*words: str) -> list[str]:
    result = invoke_command(*words)
    assert result.exit_code == 0, result.output
    assert f"endpoint {ENDPOINT} serves" in result.stdout
    return [line for line in result.stderr.splitlines() if "quota" in line]


def test_more_instances_than_the_quota_are_refused_before_anything_is_created(aws: FakeAws) -> None:
    aws.quotas[QUOTA] = 2.0
    error = command_error(*OBJECT, "--min-instances", "3")
    assert error == (
        f"--min-instances 3 is more than the quota '{QUOTA}' of this region, which is 2: give --min-instances 2, or "
        f"{REQUEST}"
    )
    assert aws.changes == []


def test_a_new_account_without_instances_is_pointed_to_other_types_and_to_serverless(aws: FakeAws) -> None:
    aws.quotas[QUOTA] = 0.0
    error = command_error(*OBJECT)
    assert f"which is 0: give another --instance-type or none for serverless, or {REQUEST}" in error


def test_aws_default_counts_if_the_account_has_no_value_of_its_own(aws: FakeAws) -> None:
    aws.default_quotas[QUOTA] = 0.0
    assert "which is 0" in command_error(*OBJECT)
    aws.quotas[QUOTA] = 20.0
    assert warnings(*OBJECT) == []


def test_auto_scaling_beyond_the_quota_is_a_warning(aws: FakeAws) -> None:
    aws.quotas[QUOTA] = 2.0
    assert warnings(*OBJECT) == [
        f"auto scaling will end at 2 instances instead of --max-instances 4, because that is the quota '{QUOTA}': "
        f"{REQUEST} before the load comes"
    ]


def test_too_few_instances_for_an_update_are_a_warning(aws: FakeAws) -> None:
    aws.quotas[QUOTA] = 2.0
    [warning] = warnings(*OBJECT, "--min-instances", "2", "--max-instances", "2")
    assert warning.startswith("an update of the endpoint needs 4 instances")


def test_instances_whose_quota_nobody_lists_are_deployed_with_a_warning(aws: FakeAws) -> None:
    del aws.default_quotas[QUOTA]
    assert warnings(*OBJECT) == [f"the quota '{QUOTA}' was not checked: Service Quotas does not list it"]
