"""`deploy --delete` leaves nothing that costs money, except the artifacts in S3."""

from tests.training.fake_aws import REGION, FakeAws
from tests.training.hosting.deployments import (
    ENDPOINT,
    FIRST,
    INSTANCES,
    SECOND,
    VARIANT,
    deploy_version,
    invoke_command,
    list_resources,
    run_command,
)
from training.hosting.inventory import make_clients, read_state
from training.hosting.rollout import delete_endpoint


def test_deleting_leaves_nothing_and_finds_nothing_the_second_time(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    deploy_version(1, INSTANCES)
    aws.requests.clear()
    output = run_command("--endpoint", ENDPOINT, "--delete", "--yes")
    assert aws.operations == [
        "DeleteScalingPolicy",
        "DeregisterScalableTarget",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "DeleteEndpointConfig",
        "DeleteModel",
        "DeleteModel",
        "DeleteAlarms",
    ]
    assert not any(list_resources(aws).values())
    for name in (f"endpoint {ENDPOINT}", f"model {FIRST}", f"endpoint configuration {SECOND}", f"alarm {SECOND}-slow"):
        assert f"deleted: {name}\n" in output
    assert "not deleted: s3://models/1/model.tar.gz in S3, which costs only its storage" in output
    aws.requests.clear()
    assert "nothing is left of endpoint mien-faces" in run_command("--endpoint", ENDPOINT, "--delete")
    assert aws.changes == []


def test_an_interrupted_deletion_can_be_run_again(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    deploy_version(1, INSTANCES)
    clients = make_clients(REGION)
    state = read_state(ENDPOINT, clients)
    # Resources disappear after the state was read ...
    clients["sagemaker"].delete_endpoint(EndpointName=ENDPOINT)
    clients["sagemaker"].delete_model(ModelName=FIRST)
    clients["application-autoscaling"].deregister_scalable_target(
        ServiceNamespace="sagemaker", ResourceId=VARIANT, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
    )
    delete_endpoint(ENDPOINT, state, clients, lambda: None)
    assert not any(list_resources(aws).values())
    # ... and before it is read.
    deploy_version(2, INSTANCES)
    clients["sagemaker"].delete_endpoint(EndpointName=ENDPOINT)
    run_command("--endpoint", ENDPOINT, "--delete", "--yes")
    assert not any(list_resources(aws).values())


def test_deleting_asks_before_it_deletes(aws: FakeAws) -> None:
    deploy_version(0)
    result = invoke_command("--endpoint", ENDPOINT, "--delete", answer="n\n")
    assert f"Delete endpoint {ENDPOINT}, endpoint configuration {FIRST}, model {FIRST}? [y/N]" in result.output
    assert list_resources(aws)["endpoints"] == [ENDPOINT]
