"""A deployment creates an endpoint or updates it, request by request."""

import dataclasses

import pytest

from tests.training.fake_aws import BUILT_IN_IMAGE, REGION, ROLE, FakeAws
from tests.training.hosting.deployments import (
    ENDPOINT,
    FIRST,
    FOURTH,
    IMAGE,
    INSTANCES,
    OWNER_TAGS,
    SECOND,
    SLIM,
    THIRD,
    deploy_version,
    deployed_at,
    desired_endpoint,
    list_resources,
    never,
    serving,
)
from training.hosting.container import Container
from training.hosting.inventory import make_clients, read_state
from training.hosting.options import Instances
from training.hosting.plan import plan_deployment
from training.hosting.rollout import Rollout


def test_a_serverless_endpoint_is_a_tested_model_with_a_configuration(aws: FakeAws) -> None:
    deploy_version(0)
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/0/model.tar.gz"}
    version = [*OWNER_TAGS, {"Key": "mien:artifact", "Value": "etag-0"}]
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": FIRST,
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    *creations, (_, question), (last_operation, invocation) = aws.changes
    assert creations == [
        # Serverless endpoints refuse isolation, so it is not requested.
        (
            "CreateModel",
            {"ModelName": FIRST, "PrimaryContainer": container, "ExecutionRoleArn": ROLE, "Tags": version},
        ),
        ("CreateEndpointConfig", {"EndpointConfigName": FIRST, "ProductionVariants": [variant], "Tags": OWNER_TAGS}),
        ("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": FIRST, "Tags": OWNER_TAGS}),
    ]
    assert last_operation == "InvokeEndpoint"
    assert invocation["ContentType"] == "application/x-npy"
    assert invocation["Body"].startswith(b"\x93NUMPY")
    assert len(invocation["Body"]) == 128 + 16 * 16
    assert question["Body"] == b'{"describe": "model"}'
    assert list_resources(aws) == {
        "endpoints": [ENDPOINT],
        "configs": [FIRST],
        "models": [FIRST],
        "alarms": [],
        "targets": [],
        "policies": [],
    }
    described = aws.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"]["MaxConcurrency"] == 5


def test_on_instances_only_the_stock_container_reaches_the_network(aws: FakeAws) -> None:
    for version, container in enumerate((SLIM, Container("built-in", BUILT_IN_IMAGE), Container("stock", IMAGE))):
        deploy_version(version, INSTANCES, container)
        model = aws.client("sagemaker").describe_model(ModelName=(FIRST, SECOND, THIRD)[version])
        assert model["EnableNetworkIsolation"] is (container.kind != "stock")


def test_an_update_of_instances_begins_with_a_canary_and_is_watched_by_alarms(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    aws.requests.clear()
    deploy_version(1, INSTANCES)
    assert aws.operations == [
        "CreateModel",
        "CreateEndpointConfig",
        "PutMetricAlarm",
        "PutMetricAlarm",
        "PutMetricAlarm",
        "UpdateEndpoint",
        "InvokeEndpoint",
        "InvokeEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]
    names = [f"{SECOND}-{suffix}" for suffix in ("5xx", "4xx", "slow")]
    assert aws.parameters("UpdateEndpoint") == {
        "EndpointName": ENDPOINT,
        "EndpointConfigName": SECOND,
        "RetainAllVariantProperties": True,
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    "WaitIntervalInSeconds": 300,
                },
                "TerminationWaitInSeconds": 300,
                "MaximumExecutionTimeoutInSeconds": 3600,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in names]},
        },
    }
    described = aws.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert {alarm["MetricName"]: alarm["Threshold"] for alarm in described} == {
        "Invocation5XXErrors": 0.05,
        "Invocation4XXErrors": 0.05,
        "ModelLatency": 5_000_000.0,
    }
    for alarm in described:
        assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
            "EndpointName": ENDPOINT,
            "VariantName": "AllTraffic",
            "EndpointConfigName": SECOND,
        }
    assert serving(aws) == SECOND


def test_a_single_instance_gets_all_calls_at_once_and_keeps_its_alarms(aws: FakeAws) -> None:
    single = Instances("ml.c5.large", 1, 1)
    deploy_version(0, single)
    deploy_version(1, single)
    update = aws.parameters("UpdateEndpoint")
    assert update["RetainAllVariantProperties"] is False
    routing = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert len(update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 3
    assert "RegisterScalableTarget" not in aws.operations


def test_the_canary_depends_on_the_instances_that_the_load_needs(aws: FakeAws) -> None:
    deploy_version(0, Instances("ml.c5.large", 1, 4))
    aws.sagemaker.endpoints[ENDPOINT].production_variants[0]["DesiredInstanceCount"] = 3
    deploy_version(1, Instances("ml.c5.large", 1, 4))
    policy = aws.parameters("UpdateEndpoint")["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def test_the_served_and_the_previous_version_are_kept_and_older_ones_deleted(aws: FakeAws) -> None:
    for version in range(4):
        deploy_version(version, INSTANCES)
    resources = list_resources(aws)
    assert resources["configs"] == resources["models"] == [THIRD, FOURTH]
    expected = sorted(f"{name}-{suffix}" for name in (THIRD, FOURTH) for suffix in ("4xx", "5xx", "slow"))
    assert resources["alarms"] == expected


def test_deploying_the_served_model_again_tests_it_and_changes_nothing(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    deploy_version(1, INSTANCES)
    aws.requests.clear()
    clients = make_clients(REGION)
    desired = desired_endpoint(1, INSTANCES)
    state = read_state(ENDPOINT, clients)
    Rollout(desired, state, clients, never, never).run(plan_deployment(desired, state, deployed_at(2)))
    # The last two requests set up auto scaling again, in case that an interruption left it out.
    assert aws.operations == ["InvokeEndpoint", "InvokeEndpoint", "RegisterScalableTarget", "PutScalingPolicy"]
    assert list_resources(aws)["configs"] == [FIRST, SECOND]


def test_without_waiting_a_second_run_does_the_rest(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES, wait=False)
    assert aws.operations == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    aws.requests.clear()
    deploy_version(0, INSTANCES, wait=False)
    assert aws.operations == ["InvokeEndpoint", "InvokeEndpoint", "RegisterScalableTarget", "PutScalingPolicy"]


def test_the_next_deployment_deletes_what_an_interrupted_one_made(aws: FakeAws) -> None:
    deploy_version(0)
    deploy_version(1)
    clients = make_clients(REGION)
    interrupted = plan_deployment(desired_endpoint(2), read_state(ENDPOINT, clients), deployed_at(2))
    clients["sagemaker"].create_model(**interrupted[0].parameters)
    assert list_resources(aws)["models"] == [FIRST, SECOND, THIRD]
    deploy_version(3)
    assert list_resources(aws)["models"] == [SECOND, FOURTH]


def test_a_failed_endpoint_is_deleted_and_created_again(aws: FakeAws) -> None:
    deploy_version(0)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "Failed"
    aws.requests.clear()
    deploy_version(1)
    assert aws.operations[2:4] == ["DeleteEndpoint", "CreateEndpoint"]
    assert serving(aws) == SECOND


def test_an_endpoint_that_is_changing_is_not_updated(aws: FakeAws) -> None:
    deploy_version(0)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "Updating"
    with pytest.raises(ValueError, match="is Updating and cannot be updated now: run this again with --wait"):
        deploy_version(1)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "OutOfService"
    with pytest.raises(ValueError, match="is OutOfService and cannot be updated"):
        deploy_version(1)


def test_an_endpoint_on_instances_does_not_become_serverless(aws: FakeAws) -> None:
    deploy_version(0, INSTANCES)
    aws.requests.clear()
    with pytest.raises(ValueError, match="runs on instances, and SageMaker cannot make it serverless"):
        deploy_version(1)
    assert aws.changes == []


def test_a_kms_key_encrypts_the_disks_of_instances(aws: FakeAws) -> None:
    deploy_version(0, dataclasses.replace(INSTANCES, kms_key="alias/disks"))
    config = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=FIRST)
    assert config["KmsKeyId"] == "alias/disks"
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 2
