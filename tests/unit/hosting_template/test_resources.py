"""Which resources hosting.yaml makes, and what another model changes."""

from typing import Any

import pytest

from tests.support.hosting_stack import REQUIRED, TEMPLATE_TEXT, key_of
from tests.support.hosting_template import FULL, WRITTEN, properties, render

ALWAYS = {"Model", "EndpointConfig", "Endpoint"}
ALARMS = {"ErrorsAlarm", "RefusalsAlarm", "SlowAlarm"}
SCALING = {"ScalableTarget", "ScalingPolicy"}
ON_INSTANCES = {"InstanceType": "ml.c7i.large"}
OWN_ROLE = "arn:aws:iam::000000000000:role/serving"
# Amazon CloudFormation User Guide, "CloudFormation quotas": bytes of a template that is sent in a request.
MAX_TEMPLATE_BYTES = 51_200


@pytest.mark.parametrize(
    ("parameters", "more"),
    [
        ({}, {"Role"}),
        ({"ExecutionRoleArn": OWN_ROLE}, set()),
        (ON_INSTANCES, {"Role", *ALARMS, *SCALING}),
        ({**ON_INSTANCES, "MinInstances": 4}, {"Role", *ALARMS}),
        ({**ON_INSTANCES, "Scaling": "paused"}, {"Role", *ALARMS}),
        (FULL, {"Role", *ALARMS, *SCALING}),
    ],
)
def test_the_parameters_decide_which_resources_are_made(parameters: dict[str, Any], more: set[str]) -> None:
    assert set(render(**parameters)["Resources"]) == ALWAYS | more


def test_another_model_changes_nothing_but_its_address() -> None:
    """CloudFormation replaces the model for it, and then the configuration and the alarms, which refer to the model."""
    before, after = render(**FULL), render(**FULL, ModelKey=key_of("2"))
    assert [name for name in before["Resources"] if before["Resources"][name] != after["Resources"][name]] == ["Model"]
    assert properties(after, "Model")["PrimaryContainer"]["ModelDataUrl"].endswith(key_of("2"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"MinInstances": 1}, {"MinInstances": 2}),
        ({"MinInstances": 1}, {"MaxInstances": 1}),
        ({"MinInstances": 2, "MaxInstances": 2}, {"MinInstances": 2}),
        ({"MinInstances": 2, "MaxInstances": 2}, {"MinInstances": 3, "MaxInstances": 3}),
    ],
)
def test_an_endpoint_is_never_updated_without_a_new_configuration(
    before: dict[str, int], after: dict[str, int]
) -> None:
    old, new = (render(**ON_INSTANCES, **counts) for counts in (before, after))
    assert properties(old, "EndpointConfig") != properties(new, "EndpointConfig")


@pytest.mark.parametrize("change", [{"MaxInstances": 9}, {"CallsPerMinute": 300}, {"Scaling": "paused"}])
def test_limits_of_scaling_change_without_an_update_of_the_endpoint(change: dict[str, Any]) -> None:
    old, new = render(**ON_INSTANCES), render(**ON_INSTANCES, **change)
    assert all(properties(old, name) == properties(new, name) for name in ALWAYS)


def test_what_is_replaced_has_no_name_that_would_block_its_replacement() -> None:
    rendered = render(**FULL)
    assert "ModelName" not in properties(rendered, "Model")
    assert "EndpointConfigName" not in properties(rendered, "EndpointConfig")
    assert all("${EndpointConfig.EndpointConfigName}" in properties(rendered, name)["AlarmName"] for name in ALARMS)
    assert "RoleName" not in properties(rendered, "Role")


def test_the_endpoint_keeps_its_name() -> None:
    assert properties(render(), "Endpoint")["EndpointName"] == REQUIRED["EndpointName"]


def test_deleting_the_stack_deletes_everything() -> None:
    kept = [r for r in WRITTEN["Resources"].values() if {"DeletionPolicy", "UpdateReplacePolicy"} & set(r)]
    assert not kept


def test_no_face_is_recorded() -> None:
    assert "DataCaptureConfig" not in properties(render(**FULL), "EndpointConfig")


def test_disks_are_encrypted_with_your_key_on_instances_only() -> None:
    assert properties(render(**FULL), "EndpointConfig")["KmsKeyId"] == FULL["KmsKeyArn"]
    assert "KmsKeyId" not in properties(render(KmsKeyArn=FULL["KmsKeyArn"]), "EndpointConfig")


@pytest.mark.parametrize("container", ["slim", "built-in"])
def test_a_container_that_needs_no_network_has_none_on_instances(container: str) -> None:
    assert properties(render(**ON_INSTANCES, Container=container), "Model")["EnableNetworkIsolation"] is True
    assert "EnableNetworkIsolation" not in properties(render(Container=container), "Model")
    assert "EnableNetworkIsolation" not in properties(render(**ON_INSTANCES), "Model")


def test_the_role_is_that_of_the_stack_unless_one_is_given() -> None:
    for template, role in ((render(), "${Role.Arn}"), (render(ExecutionRoleArn=OWN_ROLE), OWN_ROLE)):
        assert properties(template, "Model")["ExecutionRoleArn"] == role
        assert template["Outputs"]["RoleArn"]["Value"] == role


def test_training_deploy_does_not_take_the_endpoint_for_its_own() -> None:
    assert not [name for name, r in render(**FULL)["Resources"].items() if "Tags" in r["Properties"]]


def test_cloudformation_accepts_the_template_as_it_is() -> None:
    assert len(TEMPLATE_TEXT.encode()) <= MAX_TEMPLATE_BYTES
    assert "Transform" not in WRITTEN
