"""The state of an endpoint is read from the account."""

import pytest

from tests.training.fake_aws import ROLE, FakeAws
from tests.training.hosting.deployments import ENDPOINT, command_error, deploy_version, list_resources, run_command
from training.hosting.inventory import wait_until_settled


def test_waiting_ends_when_the_endpoint_is_in_service_or_deleted(aws: FakeAws) -> None:
    deploy_version(0)
    endpoint = aws.sagemaker.endpoints[ENDPOINT]
    sagemaker = aws.client("sagemaker")
    endpoint.endpoint_status = "Creating"
    next_statuses = iter(["Creating", "InService"])

    def pause() -> None:
        endpoint.endpoint_status = next(next_statuses)

    shown: list[str] = []
    description = wait_until_settled(ENDPOINT, sagemaker, pause, shown.append)
    assert description
    assert description["EndpointStatus"] == "InService"
    assert shown == ["Creating", "Creating", "InService"]
    endpoint.endpoint_status = "Deleting"
    assert wait_until_settled(ENDPOINT, sagemaker, lambda: sagemaker.delete_endpoint(EndpointName=ENDPOINT)) is None


def test_an_endpoint_without_our_tag_is_neither_updated_nor_deleted(aws: FakeAws) -> None:
    deploy_version(0)
    aws.sagemaker.endpoints[ENDPOINT].tags = []
    with pytest.raises(ValueError, match=r"was not made by this command.* aws sagemaker add-tags --resource-arn arn:"):
        deploy_version(1)
    assert "was not made by this command" in command_error("--endpoint", ENDPOINT, "--delete", "--yes")
    assert aws.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"


def test_resources_of_an_endpoint_with_a_longer_name_are_not_deleted(aws: FakeAws) -> None:
    deploy_version(0)
    sagemaker = aws.client("sagemaker")
    other = {"Key": "mien:endpoint", "Value": f"{ENDPOINT}-2"}
    sagemaker.create_model(ModelName=f"{ENDPOINT}-2-20261105-120000", ExecutionRoleArn=ROLE, Tags=[other])
    sagemaker.create_model(ModelName=f"{ENDPOINT}-by-hand", ExecutionRoleArn=ROLE)
    run_command("--endpoint", ENDPOINT, "--delete", "--yes")
    assert list_resources(aws)["models"] == [f"{ENDPOINT}-2-20261105-120000", f"{ENDPOINT}-by-hand"]
