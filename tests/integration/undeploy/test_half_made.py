"""`undeploy` finishes every state in which a deployment or a removal can have been left."""

from typing import Any

import pytest

from tests.support.aws_json import refusal
from tests.support.undeploying import (
    FAILING,
    LOGS,
    MODEL_URI,
    NAMES,
    NETWORK,
    SERVERLESS,
    Deployments,
    application_parameters,
    application_template,
    hosting_parameters,
    hosting_template,
)


@pytest.mark.parametrize("part", ["application", "hosting", "artifacts"])
def test_a_part_that_is_left_alone_is_removed(deployments: Deployments, part: str) -> None:
    getattr(deployments, part)()
    assert deployments.left()
    assert deployments.undeploy()
    assert deployments.left() == set()


def test_a_bucket_whose_stack_is_gone_is_known_by_what_the_stack_has_left_in_its_settings(
    deployments: Deployments,
) -> None:
    """`sam delete` leaves it like this."""
    deployments.s3.create_bucket(Bucket=NAMES.bucket)
    rule = {"ID": "mien-uploads", "AllowedOrigins": ["*"], "AllowedMethods": ["POST"]}
    deployments.s3.put_bucket_cors(Bucket=NAMES.bucket, CORSConfiguration={"CORSRules": [rule]})
    deployments.images()
    assert deployments.undeploy()
    assert deployments.left() == set()


@pytest.mark.parametrize("disable_rollback", [True, False])
def test_an_application_whose_creation_has_failed_is_removed(deployments: Deployments, disable_rollback: bool) -> None:
    status = deployments.application({"Failing": {**FAILING, "DependsOn": "Bucket"}}, DisableRollback=disable_rollback)
    assert status == ("CREATE_FAILED" if disable_rollback else "ROLLBACK_COMPLETE")
    assert deployments.undeploy()
    assert deployments.left() == set()


@pytest.mark.parametrize("disable_rollback", [True, False])
def test_a_hosting_stack_whose_model_does_not_start_is_removed(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, disable_rollback: bool
) -> None:
    with monkeypatch.context() as context:
        failing = deployments.account.sagemaker.failing_models
        context.setitem(failing, MODEL_URI, "The container did not pass the ping health check.")
        status = deployments.hosting(DisableRollback=disable_rollback)
    assert status == ("CREATE_FAILED" if disable_rollback else "ROLLBACK_COMPLETE")
    assert deployments.undeploy()
    assert deployments.left() == set()


@pytest.mark.parametrize("name", [NAMES.stack, NAMES.model_stack])
def test_a_stack_that_has_only_a_change_set_is_removed(deployments: Deployments, name: str) -> None:
    """`sam deploy` leaves it like this if it is interrupted before it executes the change set."""
    is_application = name == NAMES.stack
    template = application_template({}, "Retain") if is_application else hosting_template(SERVERLESS, {})
    deployments.review(name, template, application_parameters() if is_application else hosting_parameters())
    assert deployments.left() == {name}
    assert deployments.undeploy()
    assert deployments.left() == set()


def test_a_change_set_of_another_application_is_refused(deployments: Deployments) -> None:
    parameters = {"Name": "letters"}
    template = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    deployments.review(NAMES.stack, template, parameters)
    with pytest.raises(ValueError, match="stack mien is not a stack of Mien"):
        deployments.undeploy()
    assert deployments.left() == {NAMES.stack}
    deployments.cloudformation.delete_stack(StackName=NAMES.stack)


def test_a_stack_that_is_being_created_is_waited_for_and_removed(deployments: Deployments) -> None:
    deployments.artifacts()
    deployments.start(NAMES.model_stack, hosting_template(SERVERLESS, {}), hosting_parameters())
    assert deployments.undeploy()
    assert deployments.left() == set()


@pytest.mark.parametrize("name", [NAMES.stack, NAMES.model_stack])
def test_a_stack_that_somebody_is_deleting_is_waited_for(deployments: Deployments, name: str) -> None:
    deployments.whole()
    deployments.cloudformation.delete_stack(StackName=name)
    assert deployments.undeploy()
    assert deployments.left() == set()


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_is_changing_is_waited_for_and_removed(deployments: Deployments, status: str) -> None:
    """SageMaker refuses to delete it."""
    deployments.hosting()
    endpoint = deployments.account.sagemaker.endpoints[NAMES.endpoint]
    looks = iter(range(5))

    def go_on() -> None:
        endpoint.status, endpoint.pending = (status, go_on) if next(looks, None) is not None else ("InService", None)

    endpoint.status, endpoint.pending = status, go_on
    assert deployments.undeploy()
    assert deployments.left() == set()


class Obstruction:
    """A resource that CloudFormation can't delete: a network with a subnet of somebody else."""

    def __init__(self, deployments: Deployments) -> None:
        self.ec2: Any = deployments.clients["ec2"]
        stack = deployments.cloudformation.describe_stack_resources(StackName=NAMES.stack)["StackResources"]
        [network] = [each["PhysicalResourceId"] for each in stack if each["LogicalResourceId"] == "Network"]
        created = self.ec2.create_subnet(VpcId=network, CidrBlock="10.0.0.0/24")
        self.subnet = created["Subnet"]["SubnetId"]

    def clear(self) -> None:
        self.ec2.delete_subnet(SubnetId=self.subnet)


def test_a_resource_that_can_not_be_deleted_is_named_and_what_it_needs_is_kept(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    deployments.whole()
    deployments.cloudformation.delete_stack(StackName=NAMES.stack)
    deployments.settle(NAMES.stack)
    deployments.application({"Network": NETWORK}, ExistingBucket=NAMES.bucket)
    obstruction = Obstruction(deployments)
    assert not deployments.undeploy()
    assert deployments.left() == {NAMES.stack, NAMES.bucket, NAMES.artifacts_bucket}, (
        "the endpoint costs, so it is gone"
    )
    shown = capsys.readouterr().out
    assert "mien: CloudFormation can't delete stack mien: Network: " in shown
    assert "aws cloudformation delete-stack --stack-name mien --retain-resources Network" in shown
    assert f"{NAMES.bucket}: stays as long as stack mien is there" in shown

    deployments.undeploy(dry_run=True)
    assert "DELETE_FAILED (Network: " in capsys.readouterr().out
    obstruction.clear()
    assert deployments.undeploy()
    assert deployments.left() == set()


def test_a_stack_that_was_deleted_without_its_stuck_resources_is_no_obstacle(deployments: Deployments) -> None:
    """This is the way out that the message names."""
    deployments.application({"Network": NETWORK})
    obstruction = Obstruction(deployments)
    assert not deployments.undeploy()
    deployments.cloudformation.delete_stack(StackName=NAMES.stack, RetainResources=["Network"])
    deployments.settle(NAMES.stack)
    assert deployments.undeploy()
    assert deployments.left() == set()
    obstruction.clear()


def test_an_endpoint_that_its_stack_has_left_is_deleted(deployments: Deployments) -> None:
    template = hosting_template(SERVERLESS, {})
    template["Resources"]["Endpoint"]["DeletionPolicy"] = "Retain"
    deployments.artifacts()
    assert deployments.create(NAMES.model_stack, template, hosting_parameters()) == "CREATE_COMPLETE"
    deployments.cloudformation.delete_stack(StackName=NAMES.model_stack)
    deployments.settle(NAMES.model_stack)
    assert NAMES.endpoint in deployments.left()
    assert deployments.undeploy()
    assert deployments.left() == set()


def test_a_stack_whose_creation_could_not_be_rolled_back_is_removed(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker = deployments.account.sagemaker
    with monkeypatch.context() as context:
        context.setattr(sagemaker, "delete_endpoint_config", refuse)
        context.setitem(sagemaker.failing_models, MODEL_URI, "The container did not pass the ping health check.")
        assert deployments.hosting() == "ROLLBACK_FAILED"
    assert deployments.undeploy()
    # MiniStack's stack does not remember what its rollback could not delete. CloudFormation's does.
    assert deployments.left() == set(sagemaker.configs)
    sagemaker.configs.clear()


def test_a_stack_whose_update_could_not_be_rolled_back_is_removed(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployments.hosting()
    sagemaker = deployments.account.sagemaker
    answers = iter([sagemaker.update_endpoint])
    variant = {"ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 5}}
    changed = hosting_template(variant, {"Failing": {**FAILING, "DependsOn": "Endpoint"}})
    with monkeypatch.context() as context:
        context.setattr(sagemaker, "update_endpoint", lambda **request: next(answers, refuse)(**request))
        status = deployments.update(NAMES.model_stack, changed, hosting_parameters())
    assert status == "UPDATE_ROLLBACK_FAILED"
    assert deployments.undeploy()
    assert deployments.left() == set()


def refuse(**request: Any) -> None:
    raise refusal("Rate exceeded")


def test_logs_that_an_interrupted_removal_has_left_are_deleted(deployments: Deployments) -> None:
    deployments.artifacts()
    deployments.logs()
    assert deployments.undeploy()
    assert LOGS not in deployments.left()
