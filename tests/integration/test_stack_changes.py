"""CloudFormation's stacks are created, updated and repaired."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deployment.errors import DeploymentError
from deployment.stack_changes import Waiting, deploy_stack, find_updatable, previous, roll_back
from deployment.stacks import Progress, read_failures, read_stack
from local.cloud import Cloud

NAME = "changes"
# A queue whose retention is a parameter. SQS refuses less than a minute.
TEMPLATE = {
    "Parameters": {
        "Seconds": {"Type": "Number", "Default": 60},
        "Delay": {"Type": "Number", "Default": 0},
    },
    "Resources": {
        "First": {"Type": "AWS::SQS::Queue"},
        "Second": {
            "Type": "AWS::SQS::Queue",
            "DependsOn": "First",
            "Properties": {"MessageRetentionPeriod": {"Ref": "Seconds"}, "DelaySeconds": {"Ref": "Delay"}},
        },
    },
    "Outputs": {"Url": {"Value": {"Ref": "Second"}}},
}
BODY = json.dumps(TEMPLATE)


class Looks:
    """What a caller sees while it waits."""

    def __init__(self, cloudformation: Any) -> None:
        self.cloudformation = cloudformation
        self.seen: list[Progress] = []

    @property
    def waiting(self) -> Waiting:
        return Waiting(lambda: None, self.seen.append)

    def deploy(self, body: str = BODY, **parameters: str) -> Any:
        return deploy_stack(self.cloudformation, NAME, body, parameters, self.waiting)


@pytest.fixture
def looks(cloud: Cloud) -> Iterator[Looks]:
    cloudformation = cloud.client("cloudformation")
    yield Looks(cloudformation)
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def retention(cloud: Cloud, looks: Looks) -> str:
    stack = read_stack(looks.cloudformation, NAME)
    assert stack
    queue = cloud.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["Url"], AttributeNames=["All"])
    return str(queue["Attributes"]["MessageRetentionPeriod"])


def test_a_stack_is_created_with_the_given_parameters_and_the_defaults_of_the_others(
    cloud: Cloud, looks: Looks
) -> None:
    assert read_stack(looks.cloudformation, NAME) is None
    created = looks.deploy(Delay="5")
    assert (created.status, created.is_good, created.is_useless) == ("CREATE_COMPLETE", True, False)
    assert created.parameters == {"Seconds": "60", "Delay": "5"}
    assert retention(cloud, looks) == "60"
    assert looks.seen[-1] == Progress("CREATE_COMPLETE", (), 2)


def test_an_update_keeps_the_values_of_parameters_that_are_not_given(cloud: Cloud, looks: Looks) -> None:
    looks.deploy(Delay="5")
    assert looks.deploy(Seconds="70").parameters == {"Seconds": "70", "Delay": "5"}
    assert retention(cloud, looks) == "70"


def test_an_update_that_changes_nothing_is_no_error(looks: Looks) -> None:
    first = looks.deploy()
    assert looks.deploy() == first


def test_a_failed_creation_names_the_resource_and_the_reason_and_the_next_one_begins_again(
    cloud: Cloud, looks: Looks
) -> None:
    with pytest.raises(DeploymentError, match=r"changes is ROLLBACK_COMPLETE: Second: .*between 60 and 1209600"):
        looks.deploy(Seconds="5")
    failed = read_stack(looks.cloudformation, NAME)
    assert failed
    assert failed.is_useless
    assert list(read_failures(looks.cloudformation, NAME)) == ["Second"]
    assert looks.deploy().status == "CREATE_COMPLETE"


def test_a_failed_update_is_rolled_back_and_can_be_repeated(cloud: Cloud, looks: Looks) -> None:
    looks.deploy(Seconds="70")
    with pytest.raises(DeploymentError, match="changes is UPDATE_ROLLBACK_COMPLETE: Second: "):
        looks.deploy(Seconds="5")
    assert retention(cloud, looks) == "70"
    assert looks.deploy(Seconds="80").status == "UPDATE_COMPLETE"
    assert read_failures(looks.cloudformation, NAME) == {}


def test_a_stack_returns_to_its_earlier_template_and_parameters(cloud: Cloud, looks: Looks) -> None:
    looks.deploy(Seconds="70")
    before = previous(looks.cloudformation, NAME)
    assert before
    changed = json.loads(BODY)
    del changed["Resources"]["First"], changed["Resources"]["Second"]["DependsOn"]
    looks.deploy(json.dumps(changed), Seconds="90")
    roll_back(looks.cloudformation, *before, looks.waiting)
    resources = looks.cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
    assert {resource["LogicalResourceId"] for resource in resources} == {"First", "Second"}
    assert retention(cloud, looks) == "70"


def test_a_stack_that_has_only_a_change_set_is_created_all_the_same(looks: Looks) -> None:
    looks.cloudformation.create_change_set(
        StackName=NAME, ChangeSetName="unused", ChangeSetType="CREATE", TemplateBody=BODY
    )
    left = read_stack(looks.cloudformation, NAME)
    assert left
    assert (left.status, left.is_changing, left.is_useless) == ("REVIEW_IN_PROGRESS", False, True)
    assert looks.deploy().status == "CREATE_COMPLETE"


def test_a_useless_stack_that_is_protected_is_left_alone(looks: Looks) -> None:
    with pytest.raises(DeploymentError):
        looks.deploy(Seconds="5")
    protect = looks.cloudformation.update_termination_protection
    protect(StackName=NAME, EnableTerminationProtection=True)
    with pytest.raises(DeploymentError, match="termination protection; to switch it off: aws cloudformation"):
        find_updatable(looks.cloudformation, NAME, looks.waiting)
    protect(StackName=NAME, EnableTerminationProtection=False)
