"""The tests' account is one address for everything that a deployment calls, and it refuses what SageMaker refuses."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import ENDPOINT_NAME, REGION
from mien.logic.contract import DESCRIBE, DESCRIBE_TYPE
from tests.support.account import Account, start_account

BUCKET = "artifacts"
ROLE = "arn:aws:iam::000000000000:role/serving"
PULLING = ("GetAuthorizationToken", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
INSTANCES = {"InstanceType": "ml.c7i.large", "InitialInstanceCount": 2}
VARIANT = f"endpoint/{ENDPOINT_NAME}/variant/AllTraffic"


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with start_account() as started:
        s3 = started.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for key in ("models/1/model.tar.gz", "models/2/model.tar.gz", "models/broken/model.tar.gz"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        started.create_role("serving")
        started.sagemaker.failing_models[uri("broken")] = "The container did not pass the ping health check."
        yield started


@pytest.fixture
def account(running: Account) -> Iterator[Account]:
    """The account without a stack and with an empty record."""
    running.calls.clear()
    yield running
    cloudformation = running.client("cloudformation")
    cloudformation.delete_stack(StackName="model")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="model", WaiterConfig={"Delay": 1})


def uri(model: str) -> str:
    return f"s3://{BUCKET}/models/{model}/model.tar.gz"


def hosting(model: str, variant: dict[str, Any]) -> str:
    """A template of an endpoint."""
    container = {"Image": f"000000000000.dkr.ecr.{REGION}.amazonaws.com/image:1", "ModelDataUrl": uri(model)}
    named = {"VariantName": "AllTraffic", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}
    config_name = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
    properties: dict[str, tuple[str, dict[str, Any]]] = {
        "Model": ("Model", {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}),
        "Config": ("EndpointConfig", {"ProductionVariants": [{**named, **variant}]}),
        "Endpoint": ("Endpoint", {"EndpointName": ENDPOINT_NAME, "EndpointConfigName": config_name}),
    }
    resources = {name: {"Type": f"AWS::SageMaker::{kind}", "Properties": p} for name, (kind, p) in properties.items()}
    return json.dumps({"Resources": resources})


def deploy(account: Account, operation: str, template: str) -> str:
    cloudformation = account.client("cloudformation")
    getattr(cloudformation, operation)(StackName="model", TemplateBody=template)
    while (status := describe(account)).endswith("IN_PROGRESS"):
        pass
    return status


def describe(account: Account) -> str:
    [stack] = account.client("cloudformation").describe_stacks(StackName="model")["Stacks"]
    return str(stack["StackStatus"])


def reasons(account: Account) -> str:
    events = account.client("cloudformation").describe_stack_events(StackName="model")["StackEvents"]
    return " ".join(event.get("ResourceStatusReason", "") for event in events)


def served(account: Account) -> str | None:
    return account.sagemaker.served_artifact(ENDPOINT_NAME)


def test_a_stack_makes_an_endpoint_that_answers_with_the_real_model(account: Account) -> None:
    assert deploy(account, "create_stack", hosting("1", SERVERLESS)) == "CREATE_COMPLETE"
    described = account.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT_NAME)
    assert described["EndpointStatus"] == "InService"
    answer = account.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT_NAME, ContentType=DESCRIBE_TYPE, Body=DESCRIBE
    )
    assert "labels" in json.load(answer["Body"])


def test_the_record_has_the_calls_in_order(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", SERVERLESS))
    assert account.operations("cloudformation") == ["CreateStack"]
    assert account.operations("sagemaker") == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    [creation] = [call for call in account.calls if call.operation == "CreateModel"]
    assert creation.parameters["PrimaryContainer"]["ModelDataUrl"] == uri("1")


def test_the_record_names_operations_of_s3_and_lambda_too(account: Account) -> None:
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="a/b", Body=b"")
    s3.copy_object(Bucket=BUCKET, Key="c", CopySource=f"{BUCKET}/a/b")
    with pytest.raises(ClientError):
        account.client("lambda").get_function(FunctionName="none")
    recorded = [(call.service, call.operation, call.parameters) for call in account.calls]
    assert recorded == [
        ("s3", "PutBucketVersioning", {"Bucket": BUCKET}),
        ("s3", "PutObject", {"Bucket": BUCKET, "Key": "a/b"}),
        ("s3", "CopyObject", {"Bucket": BUCKET, "Key": "c"}),
        ("lambda", "GetFunction", {"FunctionName": "none"}),
    ]


def test_another_model_replaces_the_resources_before_the_old_ones_are_deleted(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", SERVERLESS))
    account.calls.clear()
    assert deploy(account, "update_stack", hosting("2", SERVERLESS)) == "UPDATE_COMPLETE"
    assert served(account) == uri("2")
    made, updated, deleted = ["CreateModel", "CreateEndpointConfig"], ["UpdateEndpoint"], ["DeleteEndpointConfig"]
    assert account.operations("sagemaker") == [*made, *updated, *deleted, "DeleteModel"]


def test_a_model_that_does_not_start_is_rolled_back(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", SERVERLESS))
    assert deploy(account, "update_stack", hosting("broken", SERVERLESS)) == "UPDATE_ROLLBACK_COMPLETE"
    assert served(account) == uri("1")
    assert len(account.sagemaker.models) == len(account.sagemaker.configs) == 1


def test_a_stack_whose_endpoint_does_not_start_leaves_nothing(account: Account) -> None:
    assert deploy(account, "create_stack", hosting("broken", SERVERLESS)) == "ROLLBACK_COMPLETE"
    assert not account.sagemaker.models
    assert not account.sagemaker.endpoints


def test_a_model_without_an_artifact_is_refused(account: Account) -> None:
    assert deploy(account, "create_stack", hosting("none", SERVERLESS)) == "ROLLBACK_COMPLETE"
    assert "Could not find model data" in reasons(account)


@pytest.mark.parametrize("missing", ["s3:GetObject", "ecr:BatchGetImage"])
def test_a_role_that_lacks_a_permission_is_refused(account: Account, missing: str) -> None:
    allowed = {"s3:GetObject", *(f"ecr:{verb}" for verb in PULLING)} - {missing}
    role = account.create_role(f"without-{missing.partition(':')[0]}", *allowed)
    template = hosting("1", SERVERLESS).replace(ROLE, role)
    assert deploy(account, "create_stack", template) == "ROLLBACK_COMPLETE"
    assert f'allows "{missing}"' in reasons(account)


def test_a_role_that_does_not_exist_is_refused(account: Account) -> None:
    template = hosting("1", SERVERLESS).replace(ROLE, f"{ROLE}-none")
    assert deploy(account, "create_stack", template) == "ROLLBACK_COMPLETE"
    assert "Please ensure that the role" in reasons(account)


def test_more_concurrency_than_the_quota_is_refused(account: Account) -> None:
    many = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 11}}
    assert deploy(account, "create_stack", hosting("1", many)) == "ROLLBACK_COMPLETE"


def test_instances_do_not_become_serverless(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", INSTANCES))
    assert deploy(account, "update_stack", hosting("1", SERVERLESS)) == "UPDATE_ROLLBACK_COMPLETE"


def test_another_instance_type_is_refused_while_instances_are_scaled(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", INSTANCES))
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    scaling = account.client("application-autoscaling")
    scaling.register_scalable_target(ResourceId=VARIANT, MinCapacity=2, MaxCapacity=4, **target)
    other = hosting("1", {**INSTANCES, "InstanceType": "ml.c7i.xlarge"})
    assert deploy(account, "update_stack", other) == "UPDATE_ROLLBACK_COMPLETE"
    scaling.deregister_scalable_target(ResourceId=VARIANT, **target)
    assert deploy(account, "update_stack", other) == "UPDATE_COMPLETE"


def test_an_endpoint_that_does_not_exist_cannot_be_invoked(account: Account) -> None:
    with pytest.raises(ClientError, match=f"Endpoint {ENDPOINT_NAME} of account 000000000000 not found"):
        account.client("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT_NAME, Body=b"")


def test_a_deleted_stack_leaves_nothing_in_sagemaker(account: Account) -> None:
    deploy(account, "create_stack", hosting("1", INSTANCES))
    account.client("cloudformation").delete_stack(StackName="model")
    account.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="model", WaiterConfig={"Delay": 1}
    )
    sagemaker = account.sagemaker
    assert [sagemaker.endpoints, sagemaker.configs, sagemaker.models] == [{}, {}, {}]


def test_quotas_are_listed_on_several_pages(account: Account) -> None:
    pages = account.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    listed = {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}
    assert listed == account.quotas["sagemaker"]
