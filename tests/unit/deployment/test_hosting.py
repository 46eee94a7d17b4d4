"""What an endpoint runs on follows from the options, and from what it runs on already."""

from typing import Any

import pytest

from deployment.errors import DeploymentError
from deployment.hosting import (
    Access,
    access_parameters,
    choose_hosting,
    deployed_hosting,
    hosting_parameters,
    must_stop_scaling_first,
)
from training.hosting.options import Hosting, Instances, Serverless

SERVERLESS, INSTANCES = Serverless(3072, 8), Instances("ml.c7i.large", 2, 6, 200)


def choose(deployed: Hosting | None, **given: Any) -> Hosting:
    """given: options such as memory_mb=4096."""
    values = {f"--{name.replace('_', '-')}": value for name, value in given.items()}
    serverless = {name: values.get(name) for name in ("--serverless", "--memory-mb", "--max-concurrency")}
    names = ("--instance-type", "--min-instances", "--max-instances", "--calls-per-minute")
    return choose_hosting(serverless, {name: values.get(name) for name in names}, deployed)


def test_a_new_endpoint_is_serverless() -> None:
    assert choose(None) == Serverless(2048, 5)


@pytest.mark.parametrize("deployed", [SERVERLESS, INSTANCES])
def test_without_options_an_endpoint_stays_as_it_is(deployed: Hosting) -> None:
    assert choose(deployed) == deployed


def test_one_option_changes_one_value() -> None:
    assert choose(SERVERLESS, memory_mb=6144) == Serverless(6144, 8)
    assert choose(INSTANCES, max_instances=9) == Instances("ml.c7i.large", 2, 9, 200)


def test_a_serverless_endpoint_can_move_to_instances() -> None:
    assert choose(SERVERLESS, instance_type="ml.c7i.xlarge") == Instances("ml.c7i.xlarge", 1, 4)


def test_an_endpoint_on_instances_can_not_become_serverless() -> None:
    with pytest.raises(DeploymentError, match="can't make it serverless"):
        choose(INSTANCES, serverless=True)


def test_options_of_both_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="give options of one kind only"):
        choose(None, memory_mb=2048, instance_type="ml.c7i.large")


@pytest.mark.parametrize("hosting", [SERVERLESS, INSTANCES])
def test_the_parameters_of_a_stack_give_back_what_they_were_made_of(hosting: Hosting) -> None:
    assert deployed_hosting(hosting_parameters(hosting)) == hosting


def test_a_serverless_endpoint_gets_no_vpc_because_it_can_be_in_none() -> None:
    access = Access(role="arn:role", subnets="subnet-1", security_groups="sg-1")
    assert access_parameters(access, SERVERLESS) == {"ExecutionRoleArn": "arn:role"}
    assert access_parameters(access, INSTANCES) == {
        "ExecutionRoleArn": "arn:role",
        "SubnetIds": "subnet-1",
        "SecurityGroupIds": "sg-1",
    }


def test_what_was_not_given_about_access_is_left_as_it_is() -> None:
    assert access_parameters(Access(), INSTANCES) == {}
    assert access_parameters(Access(kms_key=""), INSTANCES) == {"KmsKeyArn": ""}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, INSTANCES, False),
        (SERVERLESS, INSTANCES, False),
        (INSTANCES, INSTANCES, False),
        (INSTANCES, Instances("ml.c7i.large", 1, 9), False),
        (INSTANCES, Instances("ml.c7i.xlarge", 2, 6), True),
        (Instances("ml.c7i.large", 2, 2), Instances("ml.c7i.xlarge", 2, 6), False),
    ],
)
def test_scaling_is_removed_before_scaled_instances_are_replaced_by_others(
    before: Hosting | None, after: Hosting, expected: bool
) -> None:
    assert must_stop_scaling_first(before, after) is expected
