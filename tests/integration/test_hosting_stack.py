"""The stack of the endpoint is created, updated, rolled back and deleted, in the tests' account."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.cloud import ENDPOINT_NAME
from tests.support.account import Account, start_account
from tests.support.hosting_stack import BUCKET, STACK, HostingStack, key_of, uri_of

INSTANCES = {"InstanceType": "ml.c7i.large"}
REASON = "The container did not pass the ping health check."


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with start_account() as started:
        started.client("s3").create_bucket(Bucket=BUCKET)
        for model in ("1", "2", "broken"):
            started.client("s3").put_object(Bucket=BUCKET, Key=key_of(model), Body=model.encode())
        started.sagemaker.failing_models[uri_of("broken")] = REASON
        yield started


@pytest.fixture
def stack(account: Account) -> Iterator[HostingStack]:
    account.calls.clear()
    yield HostingStack(account)
    HostingStack(account).delete()


def served(stack: HostingStack) -> str | None:
    return stack.account.sagemaker.served_artifact(ENDPOINT_NAME)


def has_nothing(account: Account) -> bool:
    sagemaker, scaling = account.sagemaker, account.scaling
    left = (sagemaker.models, sagemaker.configs, sagemaker.endpoints, scaling.targets, scaling.policies)
    roles = [role for role in account.client("iam").list_roles()["Roles"] if role["RoleName"].startswith(STACK)]
    return not any((*left, roles, HostingStack(account).alarms))


def test_a_serverless_endpoint_is_created(stack: HostingStack) -> None:
    assert stack.deploy() == "CREATE_COMPLETE"
    assert served(stack) == uri_of("1")
    assert stack.account.operations("sagemaker") == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    assert not stack.alarms


def test_instances_are_created_with_scaling_and_alarms(stack: HostingStack) -> None:
    assert stack.deploy(**INSTANCES) == "CREATE_COMPLETE"
    assert stack.account.operations("application-autoscaling") == ["RegisterScalableTarget", "PutScalingPolicy"]
    assert len(stack.alarms) == 3
    watched = {
        alarm["AlarmName"]
        for alarm in stack.sent("CreateEndpoint")["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    }
    assert watched == {alarm["AlarmName"] for alarm in stack.alarms}


def test_the_outputs_name_what_is_served(stack: HostingStack) -> None:
    stack.deploy()
    sagemaker = stack.account.sagemaker
    [role] = stack.account.client("iam").list_roles()["Roles"]
    assert stack.outputs == {
        "EndpointName": ENDPOINT_NAME,
        "ModelName": next(iter(sagemaker.models)),
        "EndpointConfigName": next(iter(sagemaker.configs)),
        "RoleArn": role["Arn"],
    }


def test_another_model_is_served_before_the_old_one_is_deleted(stack: HostingStack) -> None:
    stack.deploy()
    stack.account.calls.clear()
    assert stack.deploy(ModelKey=key_of("2")) == "UPDATE_COMPLETE"
    assert served(stack) == uri_of("2")
    made, deleted = ["CreateModel", "CreateEndpointConfig"], ["DeleteEndpointConfig", "DeleteModel"]
    assert stack.account.operations("sagemaker") == [*made, "UpdateEndpoint", *deleted]


def test_another_model_on_instances_keeps_their_number_and_gets_alarms_of_its_own(stack: HostingStack) -> None:
    stack.deploy(**INSTANCES)
    before = {alarm["AlarmName"] for alarm in stack.alarms}
    stack.account.sagemaker.endpoints[ENDPOINT_NAME].count = 3
    assert stack.deploy(**INSTANCES, ModelKey=key_of("2")) == "UPDATE_COMPLETE"
    assert stack.account.sagemaker.endpoints[ENDPOINT_NAME].count == 3
    after = {alarm["AlarmName"] for alarm in stack.alarms}
    assert len(after) == 3
    assert not before & after


@pytest.mark.parametrize("hosting", [{}, INSTANCES, {**INSTANCES, "MinInstances": 2}])
def test_a_model_that_does_not_start_leaves_the_old_one_serving(stack: HostingStack, hosting: dict[str, str]) -> None:
    stack.deploy(**hosting)
    before = stack.outputs, stack.alarms
    assert stack.deploy(**hosting, ModelKey=key_of("broken")) == "UPDATE_ROLLBACK_COMPLETE"
    assert REASON in stack.reasons
    assert served(stack) == uri_of("1")
    assert (stack.outputs, stack.alarms) == before
    assert len(stack.account.sagemaker.models) == len(stack.account.sagemaker.configs) == 1
    assert stack.deploy(**hosting, ModelKey=key_of("2")) == "UPDATE_COMPLETE"


def test_a_first_model_that_does_not_start_leaves_nothing(stack: HostingStack) -> None:
    assert stack.deploy(**INSTANCES, ModelKey=key_of("broken")) == "ROLLBACK_COMPLETE"
    assert has_nothing(stack.account)


@pytest.mark.parametrize("hosting", [{}, INSTANCES])
def test_a_deleted_stack_leaves_nothing(stack: HostingStack, hosting: dict[str, str]) -> None:
    stack.deploy(**hosting)
    stack.delete()
    assert has_nothing(stack.account)


def test_a_role_of_your_own_is_used_and_none_is_made(stack: HostingStack) -> None:
    role = stack.account.create_role("serving")
    stack.deploy(ExecutionRoleArn=role)
    assert stack.sent("CreateModel")["ExecutionRoleArn"] == role
    assert stack.outputs["RoleArn"] == role
    assert [made["Arn"] for made in stack.account.client("iam").list_roles()["Roles"]] == [role]


def test_a_serverless_endpoint_can_move_to_instances_but_not_back(stack: HostingStack) -> None:
    stack.deploy()
    assert stack.deploy(**INSTANCES) == "UPDATE_COMPLETE"
    assert stack.deploy() == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.account.scaling.targets


def test_another_instance_type_needs_a_pause_of_scaling_before(stack: HostingStack) -> None:
    larger = {"InstanceType": "ml.c7i.xlarge"}
    stack.deploy(**INSTANCES)
    assert stack.deploy(**larger) == "UPDATE_ROLLBACK_COMPLETE"
    stack.account.sagemaker.endpoints[ENDPOINT_NAME].count = 3
    stack.account.calls.clear()
    assert stack.deploy(**INSTANCES, Scaling="paused") == "UPDATE_COMPLETE"
    assert not stack.account.operations("sagemaker")
    assert not stack.account.scaling.targets
    assert stack.deploy(**larger) == "UPDATE_COMPLETE"
    assert stack.account.scaling.targets
    assert stack.account.sagemaker.endpoints[ENDPOINT_NAME].count == 3


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ({"MinInstances": 1}, {"MinInstances": 2}, 1),
        ({"MinInstances": 1}, {"MaxInstances": 1}, 1),
        ({"MinInstances": 2, "MaxInstances": 2}, {"MinInstances": 1}, 2),
        ({"MinInstances": 1, "MaxInstances": 1}, {"MinInstances": 3, "MaxInstances": 3}, 3),
    ],
)
def test_the_number_of_instances_can_be_changed(
    stack: HostingStack, before: dict[str, int], after: dict[str, int], count: int
) -> None:
    """Auto scaling itself then moves the number between its limits, which nothing does in the tests' account."""
    stack.deploy(**INSTANCES, **before)
    assert stack.deploy(**INSTANCES, **after) == "UPDATE_COMPLETE"
    assert stack.account.sagemaker.endpoints[ENDPOINT_NAME].count == count


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (
            {"SubnetIds": "subnet-12345678", "SecurityGroupIds": "sg-12345678"},
            "a serverless endpoint can't be in a VPC",
        ),
        ({**INSTANCES, "SubnetIds": "subnet-12345678"}, "SecurityGroupIds must be set"),
        ({**INSTANCES, "SecurityGroupIds": "sg-12345678"}, "SubnetIds must be set"),
    ],
)
def test_a_network_that_sagemaker_would_refuse_is_refused_at_once(
    stack: HostingStack, parameters: dict[str, str], reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        stack.deploy(**parameters)
    assert not stack.account.changes[1:]


def test_instances_in_a_vpc_get_its_subnets(stack: HostingStack) -> None:
    network = {"SubnetIds": "subnet-12345678,subnet-87654321", "SecurityGroupIds": "sg-12345678"}
    assert stack.deploy(**INSTANCES, **network) == "CREATE_COMPLETE"
    assert stack.sent("CreateModel")["VpcConfig"] == {
        "Subnets": ["subnet-12345678", "subnet-87654321"],
        "SecurityGroupIds": ["sg-12345678"],
    }
