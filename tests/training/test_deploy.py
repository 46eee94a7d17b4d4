"""`python -m training deploy`, request by request, and what an account then holds.

These tests need moto, and no fixture of others: `python -m pytest --noconftest tests/training/test_deploy.py`.
"""

import dataclasses
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from aws import ACCOUNT, REGION, Account, account, answered
from typer.testing import CliRunner, Result

from training.hosting import plan as plan
from training.hosting.commands import deploy as command
from training.hosting.inventory import clients_of, look, settled
from training.hosting.options import CALLS_PER_MINUTE, Instances, Serverless
from training.hosting.plan import Found, Wanted, check_against
from training.hosting.request import Request, check
from training.hosting.rollout import delete, roll_out
from training.hosting.source import Container, Source

ENDPOINT = "mien-faces"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mien-serving"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mien:1"
BUILT_IN = f"813361260812.dkr.ecr.{REGION}.amazonaws.com/image-classification:1"
PYTORCH = f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-training:2.6.0-gpu-py312"
SLIM = Container("slim", IMAGE)
SERVERLESS = Serverless(2048, 20)
# moto does not know the seventh generation yet.
INSTANCES = Instances("ml.c5.large", 2, 4)
FIRST, SECOND, THIRD, FOURTH = (f"{ENDPOINT}-20261105-120{minute}00" for minute in range(4))
TAGS = [{"Key": "mien:endpoint", "Value": ENDPOINT}]
VARIANT = f"endpoint/{ENDPOINT}/variant/AllTraffic"
BAD = b'{"error": "no model"}'


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as here:
        boto3.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        here.sent.clear()
        yield here


def never() -> None:
    raise AssertionError("there is nothing to wait for")


def artifact(version: int) -> Source:
    return Source(f"s3://models/{version}/model.tar.gz", f"etag-{version}")


def roll(version: int, hosting: Any = SERVERLESS, container: Container = SLIM, waits: bool = True) -> None:
    """The model of that number, deployed in the minute of that number, as the command does it."""
    clients = clients_of(REGION)
    wanted = Wanted(ENDPOINT, ROLE, artifact(version), container, hosting)
    found = look(ENDPOINT, clients)
    check_against(wanted, found)
    now = datetime(2026, 11, 5, 12, version, tzinfo=UTC)
    wait = (lambda: settled(ENDPOINT, clients["sagemaker"], never)) if waits else None
    roll_out(wanted, found, now, clients, wait, never)


def app_of() -> typer.Typer:
    app = typer.Typer()
    app.command()(command)
    return app


def run(*arguments: str | Path, says: str | None = None) -> Result:
    """The command; says: what its error must say."""
    result = CliRunner().invoke(app_of(), [str(argument) for argument in arguments])
    if says is None:
        if result.exception:
            raise result.exception
    else:
        assert isinstance(result.exception, ValueError), result.output
        assert says in str(result.exception)
        assert "\n" not in str(result.exception)
    return result


def train(name: str, status: str = "Completed", image: str = PYTORCH, artifact: bool = True, **more: Any) -> str:
    """A training job that has ended so. → where its artifact is."""
    boto3.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://models/jobs"},
        ResourceConfig={"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        **more,
    )
    job = boto3.client("sagemaker").describe_training_job(TrainingJobName=name)
    uri: str = job["ModelArtifacts"]["S3ModelArtifacts"]
    if artifact:
        boto3.client("s3").put_object(Bucket="models", Key=uri.removeprefix("s3://models/"), Body=name.encode())
    return uri


def held() -> dict[str, list[str]]:
    """The names of what there is in the account."""
    sagemaker = boto3.client("sagemaker")
    scaling = boto3.client("application-autoscaling")
    return {
        "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]],
        "configs": sorted(c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        "models": sorted(m["ModelName"] for m in sagemaker.list_models()["Models"]),
        "alarms": sorted(
            a["AlarmName"]
            for a in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
            if not a["AlarmName"].startswith("TargetTracking")
        ),
        "targets": [
            t["ResourceId"] for t in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        ],
        "policies": [
            p["PolicyName"] for p in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        ],
    }


def serving() -> str:
    return str(boto3.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"])


def test_a_serverless_endpoint_is_a_model_a_configuration_and_an_endpoint_and_is_asked(aws: Account) -> None:
    roll(0)
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/0/model.tar.gz"}
    version = [*TAGS, {"Key": "mien:artifact", "Value": "etag-0"}]
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": FIRST,
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 20},
    }
    *made, (asked, question) = aws.changes
    assert made == [
        # Isolation is refused on serverless endpoints, and so is not asked for.
        (
            "CreateModel",
            {"ModelName": FIRST, "PrimaryContainer": container, "ExecutionRoleArn": ROLE, "Tags": version},
        ),
        ("CreateEndpointConfig", {"EndpointConfigName": FIRST, "ProductionVariants": [variant], "Tags": TAGS}),
        ("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": FIRST, "Tags": TAGS}),
    ]
    assert asked == "InvokeEndpoint"
    assert question["ContentType"] == "application/x-npy"
    assert question["Body"].startswith(b"\x93NUMPY")
    assert len(question["Body"]) == 128 + 48 * 48
    assert held() == {
        "endpoints": [ENDPOINT], "configs": [FIRST], "models": [FIRST], "alarms": [], "targets": [], "policies": []
    }  # fmt: skip
    described = boto3.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"]["MaxConcurrency"] == 20


def test_instances_are_scaled_once_the_model_has_answered(aws: Account) -> None:
    roll(0, dataclasses.replace(INSTANCES, kms_key="alias/disks"))
    assert aws.operations == [
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
        "InvokeEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]
    assert aws.parameters("CreateModel")["EnableNetworkIsolation"] is True
    config = boto3.client("sagemaker").describe_endpoint_config(EndpointConfigName=FIRST)
    assert config["KmsKeyId"] == "alias/disks"
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == 2
    scaling = boto3.client("application-autoscaling")
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (VARIANT, 2, 4)
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": float(CALLS_PER_MINUTE),
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
    }


def test_only_the_stock_container_may_reach_the_network_from_an_instance(aws: Account) -> None:
    for version, container in enumerate((SLIM, Container("built-in", BUILT_IN), Container("stock", IMAGE))):
        roll(version, INSTANCES, container)
        model = boto3.client("sagemaker").describe_model(ModelName=(FIRST, SECOND, THIRD)[version])
        assert model["EnableNetworkIsolation"] is (container.kind != "stock")


def test_an_update_of_instances_begins_with_one_and_is_rolled_back_by_alarms_that_watch_the_new_ones(
    aws: Account,
) -> None:
    roll(0, INSTANCES)
    aws.sent.clear()
    roll(1, INSTANCES)
    assert aws.operations == [
        "CreateModel",
        "CreateEndpointConfig",
        "PutMetricAlarm",
        "PutMetricAlarm",
        "PutMetricAlarm",
        "UpdateEndpoint",
        "InvokeEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]
    names = [f"{SECOND}-{what}" for what in ("5xx", "4xx", "slow")]
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
    alarms = {a["MetricName"]: a for a in boto3.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]}
    assert {metric: alarm["Threshold"] for metric, alarm in alarms.items()} == {
        "Invocation5XXErrors": 0.05,
        "Invocation4XXErrors": 0.05,
        "ModelLatency": 5_000_000.0,
    }
    for alarm in alarms.values():
        assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
            "EndpointName": ENDPOINT,
            "VariantName": "AllTraffic",
            "EndpointConfigName": SECOND,
        }
    assert serving() == SECOND


def test_a_single_instance_takes_all_calls_at_once_and_keeps_its_alarms(aws: Account) -> None:
    one = Instances("ml.c5.large", 1, 1)
    roll(0, one)
    roll(1, one)
    update = aws.parameters("UpdateEndpoint")
    assert update["RetainAllVariantProperties"] is False
    routing = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert len(update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 3
    assert "RegisterScalableTarget" not in aws.operations


def test_instances_that_the_load_has_called_for_are_counted_for_the_canary(aws: Account) -> None:
    roll(0, Instances("ml.c5.large", 1, 4))
    aws.sagemaker.endpoints[ENDPOINT].production_variants[0]["DesiredInstanceCount"] = 3
    roll(1, Instances("ml.c5.large", 1, 4))
    policy = aws.parameters("UpdateEndpoint")["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def test_another_instance_type_is_no_more_scaled_while_it_comes(aws: Account) -> None:
    roll(0, INSTANCES)
    aws.sent.clear()
    roll(1, Instances("ml.c5.xlarge", 1, 6))
    operations = aws.operations
    assert operations[:2] == ["DeleteScalingPolicy", "DeregisterScalableTarget"]
    assert operations.index("UpdateEndpoint") < operations.index("RegisterScalableTarget")
    [target] = boto3.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 6)


def test_what_is_served_and_what_was_served_before_are_kept_and_the_rest_is_deleted(aws: Account) -> None:
    for version in range(4):
        roll(version, INSTANCES)
    assert held()["configs"] == held()["models"] == [THIRD, FOURTH]
    assert held()["alarms"] == sorted(f"{name}-{what}" for name in (THIRD, FOURTH) for what in ("4xx", "5xx", "slow"))


def test_the_same_again_asks_the_model_and_changes_nothing(aws: Account) -> None:
    roll(0, INSTANCES)
    roll(1, INSTANCES)
    aws.sent.clear()
    clients = clients_of(REGION)
    wanted = Wanted(ENDPOINT, ROLE, artifact(1), SLIM, INSTANCES)
    now = datetime(2026, 11, 5, 12, 2, tzinfo=UTC)
    roll_out(wanted, look(ENDPOINT, clients), now, clients, never, never)
    # The scaling's two requests set what is set already, or what an interruption left out.
    assert aws.operations == ["InvokeEndpoint", "RegisterScalableTarget", "PutScalingPolicy"]
    assert held()["configs"] == [FIRST, SECOND]


@pytest.mark.parametrize(
    "other",
    [
        {"hosting": Serverless(3072, 20)},
        {"role": f"{ROLE}-2"},
        {"container": Container("slim", IMAGE.replace(":1", ":2"))},
        {"container": Container("stock", IMAGE, {"SAGEMAKER_PROGRAM": "inference.py"})},
        {"source": Source("s3://models/0/model.tar.gz", "overwritten")},
    ],
)
def test_whatever_differs_is_deployed(other: dict[str, Any], aws: Account) -> None:
    roll(0)
    clients = clients_of(REGION)
    same = Wanted(ENDPOINT, ROLE, artifact(0), SLIM, SERVERLESS)
    found = look(ENDPOINT, clients)
    assert plan.serves(same, found)
    assert not plan.serves(dataclasses.replace(same, **other), found)


def test_an_update_that_sagemaker_rolls_back_is_told_with_its_reason(aws: Account) -> None:
    roll(0)
    aws.failing[SECOND] = "The container did not pass the ping health check."
    with pytest.raises(ValueError, match=f"not updated, and serves {FIRST} as before: The container did not pass"):
        roll(1)
    assert serving() == FIRST
    # The failed model can still be looked at; the next deployment takes it away, and not the one that is served.
    roll(2)
    assert held()["configs"] == [FIRST, THIRD]


def test_a_configuration_that_never_served_is_none_to_go_back_to(aws: Account) -> None:
    roll(0)
    aws.failing[SECOND] = "no"
    with pytest.raises(ValueError, match="not updated"):
        roll(1)
    roll(0)
    assert held()["configs"] == held()["models"] == [FIRST]


def test_a_scaling_that_had_to_go_for_an_update_comes_back_when_that_fails(aws: Account) -> None:
    roll(0, INSTANCES)
    aws.failing[SECOND] = "no capacity"
    with pytest.raises(ValueError, match="no capacity"):
        roll(1, Instances("ml.c5.xlarge", 1, 6))
    [target] = boto3.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert held()["policies"] == ["mien-calls-per-instance"]


def test_a_scaling_that_does_not_come_back_is_told_beside_why_the_update_failed(aws: Account) -> None:
    def refuse(**_: Any) -> Any:
        return answered({"Error": {"Code": "ValidationException", "Message": "still Updating"}}, 400)

    roll(0, INSTANCES)
    aws.failing[SECOND] = "no capacity"
    boto3.DEFAULT_SESSION.events.register("before-call.application-auto-scaling.RegisterScalableTarget", refuse)
    with pytest.raises(ValueError, match=r"no capacity; .* did not come back \(.*still Updating\): deploy again"):
        roll(1, Instances("ml.c5.xlarge", 1, 6))


@pytest.mark.parametrize("hosting", [SERVERLESS, INSTANCES])
@pytest.mark.parametrize("answer", [BAD, b"[[0.5, 0.5]]", b"[]", b"[[2, 0, 0, 0, 0, 0, 0]]", b"busy", b"7"])
def test_a_model_that_answers_badly_is_replaced_by_what_was_served_before(
    answer: bytes, hosting: Any, aws: Account
) -> None:
    roll(0, hosting)
    aws.answers[SECOND] = answer
    aws.sent.clear()
    with pytest.raises(ValueError, match=f"answers a gray face badly .* again \\({FIRST}\\)"):
        roll(1, hosting)
    assert serving() == FIRST
    updates = [parameters["EndpointConfigName"] for name, parameters in aws.sent if name == "UpdateEndpoint"]
    assert updates == [SECOND, FIRST]
    assert aws.operations[-1] == "UpdateEndpoint"


def test_a_first_model_that_answers_badly_is_left_to_be_looked_at(aws: Account) -> None:
    aws.answers[FIRST] = BAD
    with pytest.raises(ValueError, match="aws logs tail /aws/sagemaker/Endpoints/mien-faces; delete it with --delete"):
        roll(0, INSTANCES)
    assert serving() == FIRST
    assert held()["targets"] == []


def test_a_model_that_is_still_getting_ready_is_asked_again(aws: Account) -> None:
    paused: list[int] = []
    aws.not_ready = 3
    clients = clients_of(REGION)
    wanted = Wanted(ENDPOINT, ROLE, artifact(0), SLIM, SERVERLESS)
    now = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
    roll_out(
        wanted, Found(), now, clients, lambda: settled(ENDPOINT, clients["sagemaker"], never), lambda: paused.append(1)
    )
    assert len(paused) == 3
    assert aws.operations.count("InvokeEndpoint") == 4


def test_a_model_that_never_gets_ready_is_replaced_too(aws: Account) -> None:
    roll(0)
    aws.not_ready = 1000
    clients = clients_of(REGION)
    wanted, found = Wanted(ENDPOINT, ROLE, artifact(1), SLIM, SERVERLESS), look(ENDPOINT, clients)
    now = datetime(2026, 11, 5, 12, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="answers a gray face badly \\(ModelNotReadyException"):
        roll_out(wanted, found, now, clients, lambda: settled(ENDPOINT, clients["sagemaker"], never), lambda: None)
    assert serving() == FIRST


def test_a_fixed_number_of_instances_comes_about_though_scaling_had_made_more(aws: Account) -> None:
    roll(0, Instances("ml.c5.large", 1, 4))
    aws.sagemaker.endpoints[ENDPOINT].production_variants[0]["DesiredInstanceCount"] = 4
    clients = clients_of(REGION)
    fixed = Wanted(ENDPOINT, ROLE, artifact(0), SLIM, Instances("ml.c5.large", 1, 1))
    assert not plan.serves(fixed, look(ENDPOINT, clients))
    roll(1, fixed.hosting)
    assert aws.parameters("UpdateEndpoint")["RetainAllVariantProperties"] is False
    assert aws.operations.count("DeregisterScalableTarget") == 1
    assert held()["targets"] == []


def test_from_serverless_to_instances_there_is_no_way_back(aws: Account) -> None:
    roll(0)
    aws.answers[SECOND] = BAD
    with pytest.raises(ValueError, match="it was serverless before, and can't become so again"):
        roll(1, INSTANCES)
    assert serving() == SECOND
    # Neither a canary nor alarms: those go with instances, and there were none.
    assert aws.parameters("UpdateEndpoint") == {"EndpointName": ENDPOINT, "EndpointConfigName": SECOND}


def test_instances_do_not_become_serverless(aws: Account) -> None:
    roll(0, INSTANCES)
    aws.sent.clear()
    with pytest.raises(ValueError, match="runs on instances, and SageMaker makes no serverless endpoint of one"):
        roll(1)
    assert aws.changes == []


def test_a_failed_endpoint_is_deleted_and_made_anew(aws: Account) -> None:
    roll(0)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "Failed"
    aws.sent.clear()
    roll(1)
    assert aws.operations[2:4] == ["DeleteEndpoint", "CreateEndpoint"]
    assert serving() == SECOND


def test_an_endpoint_that_changes_already_is_left_alone(aws: Account) -> None:
    roll(0)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "Updating"
    with pytest.raises(ValueError, match="is Updating, and can't be updated meanwhile: run this again with --wait"):
        roll(1)
    aws.sagemaker.endpoints[ENDPOINT].endpoint_status = "OutOfService"
    with pytest.raises(ValueError, match="is OutOfService, and can't be updated"):
        roll(1)


def test_waiting_ends_when_the_endpoint_has_settled_or_is_gone(aws: Account) -> None:
    roll(0)
    endpoint, sagemaker = aws.sagemaker.endpoints[ENDPOINT], boto3.client("sagemaker")
    endpoint.endpoint_status = "Creating"
    course = iter(["Creating", "InService"])

    def pause() -> None:
        endpoint.endpoint_status = next(course)

    shown: list[str] = []
    description = settled(ENDPOINT, sagemaker, pause, shown.append)
    assert description
    assert description["EndpointStatus"] == "InService"
    assert shown == ["Creating", "Creating", "InService"]
    endpoint.endpoint_status = "Deleting"
    assert settled(ENDPOINT, sagemaker, lambda: sagemaker.delete_endpoint(EndpointName=ENDPOINT)) is None


def test_without_waiting_a_second_run_does_the_rest(aws: Account) -> None:
    roll(0, INSTANCES, waits=False)
    assert aws.operations == ["CreateModel", "CreateEndpointConfig", "CreateEndpoint"]
    aws.sent.clear()
    roll(0, INSTANCES, waits=False)
    assert aws.operations == ["InvokeEndpoint", "RegisterScalableTarget", "PutScalingPolicy"]


def test_what_an_interrupted_run_made_is_taken_away_by_the_next(aws: Account) -> None:
    roll(0)
    roll(1)
    clients = clients_of(REGION)
    wanted = Wanted(ENDPOINT, ROLE, artifact(2), SLIM, SERVERLESS)
    left = plan.deployment(wanted, look(ENDPOINT, clients), datetime(2026, 11, 5, 12, 2, tzinfo=UTC))
    clients["sagemaker"].create_model(**left[0].parameters)
    assert held()["models"] == [FIRST, SECOND, THIRD]
    roll(3)
    assert held()["models"] == [SECOND, FOURTH]


def test_someone_elses_endpoint_is_neither_updated_nor_deleted(aws: Account) -> None:
    sagemaker = boto3.client("sagemaker")
    roll(0)
    aws.sagemaker.endpoints[ENDPOINT].tags = []
    with pytest.raises(ValueError, match=r"was not made by this command.* aws sagemaker add-tags --resource-arn arn:"):
        roll(1)
    run("--endpoint", ENDPOINT, "--delete", "--yes", says="was not made by this command")
    assert sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"


def test_deleting_leaves_nothing_and_finds_nothing_the_second_time(aws: Account) -> None:
    roll(0, INSTANCES)
    roll(1, INSTANCES)
    aws.sent.clear()
    output = run("--endpoint", ENDPOINT, "--delete", "--yes").output
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
    assert not any(held().values())
    for name in (f"endpoint {ENDPOINT}", f"model {FIRST}", f"endpoint configuration {SECOND}", f"alarm {SECOND}-slow"):
        assert f"deleted: {name}\n" in output
    assert "s3://models/1/model.tar.gz stays in S3, where it costs its storage and nothing else" in output
    aws.sent.clear()
    assert "nothing is left of endpoint mien-faces" in run("--endpoint", ENDPOINT, "--delete").output
    assert aws.changes == []


def test_deleting_goes_on_where_it_was_interrupted(aws: Account) -> None:
    roll(0, INSTANCES)
    roll(1, INSTANCES)
    clients = clients_of(REGION)
    found = look(ENDPOINT, clients)
    clients["sagemaker"].delete_endpoint(EndpointName=ENDPOINT)
    clients["sagemaker"].delete_model(ModelName=FIRST)
    clients["application-autoscaling"].deregister_scalable_target(
        ServiceNamespace="sagemaker", ResourceId=VARIANT, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
    )
    # As if someone else had been quicker, after it was looked at ...
    delete(ENDPOINT, found, clients, lambda: None)
    assert not any(held().values())
    # ... and before.
    roll(2, INSTANCES)
    clients["sagemaker"].delete_endpoint(EndpointName=ENDPOINT)
    run("--endpoint", ENDPOINT, "--delete", "--yes")
    assert not any(held().values())


def test_an_endpoint_whose_name_begins_alike_is_left_out(aws: Account) -> None:
    roll(0)
    sagemaker = boto3.client("sagemaker")
    other = {"Key": "mien:endpoint", "Value": f"{ENDPOINT}-2"}
    sagemaker.create_model(ModelName=f"{ENDPOINT}-2-20261105-120000", ExecutionRoleArn=ROLE, Tags=[other])
    sagemaker.create_model(ModelName=f"{ENDPOINT}-by-hand", ExecutionRoleArn=ROLE)
    run("--endpoint", ENDPOINT, "--delete", "--yes")
    assert held()["models"] == [f"{ENDPOINT}-2-20261105-120000", f"{ENDPOINT}-by-hand"]


def test_deleting_asks_first(aws: Account) -> None:
    roll(0)
    result = CliRunner().invoke(app_of(), ["--endpoint", ENDPOINT, "--delete"], input="n\n")
    assert f"Delete endpoint {ENDPOINT}, endpoint configuration {FIRST}, model {FIRST}? [y/N]" in result.output
    assert held()["endpoints"] == [ENDPOINT]


def test_a_job_of_ours_is_served_by_the_stock_container(aws: Account) -> None:
    pytest.importorskip("sagemaker.core")
    uri = train("faces-1")
    output = run("faces-1", "--role", ROLE).output
    model = aws.parameters("CreateModel")
    assert model["PrimaryContainer"] == {
        "Image": f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
        "ModelDataUrl": uri,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": REGION,
            "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        },
    }
    # It fetches packages when it starts.
    assert "EnableNetworkIsolation" not in model
    assert f"endpoint {ENDPOINT} serves {uri}\n" in output
    assert f"sam deploy --parameter-overrides EndpointName={ENDPOINT} EndpointInput=batch" in output


def test_a_graviton_instance_gets_the_stock_container_for_arm(aws: Account) -> None:
    pytest.importorskip("sagemaker.core")
    train("faces-1")
    dry = run("faces-1", "--role", ROLE, "--instance-type", "ml.c7g.large", "--dry-run").output
    assert "pytorch-inference-arm64:2.6.0-cpu-py312" in dry


def test_a_job_of_the_built_in_algorithm_is_served_by_its_own_image_and_asked_with_a_png(aws: Account) -> None:
    train("article-1", image=BUILT_IN)
    output = run("article-1", "--role", ROLE, "--instance-type", "ml.c5.large", "--max-instances", "1").output
    model = aws.parameters("CreateModel")
    assert model["PrimaryContainer"]["Image"] == BUILT_IN
    assert "Environment" not in model["PrimaryContainer"]
    assert model["EnableNetworkIsolation"] is True
    question = aws.parameters("InvokeEndpoint")
    assert question["ContentType"] == "application/x-image"
    assert question["Body"].startswith(b"\x89PNG")
    assert "EndpointInput=image" in output
    assert "RegisterScalableTarget" not in aws.operations


def test_the_built_in_algorithms_plain_list_is_a_good_answer(aws: Account) -> None:
    aws.answers[FIRST] = json.dumps([1 / 7] * 7).encode()
    roll(0, INSTANCES, Container("built-in", BUILT_IN))
    assert serving() == FIRST


def test_a_stopped_job_is_served_if_it_left_an_artifact(aws: Account) -> None:
    train("faces-1")
    aws.sagemaker.training_jobs["faces-1"].training_job_status = "Stopped"
    run("faces-1", "--role", ROLE, "--image", IMAGE)
    assert held()["endpoints"] == [ENDPOINT]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"CheckpointConfig": {"S3Uri": "s3://models/checkpoints/faces-1"}},
            "its checkpoints lie under s3://models/checkpoints/faces-1, and a new job with the same CheckpointConfig",
        ),
        ({}, "it had no CheckpointConfig either, so that nothing is left of it"),
    ],
)
def test_a_stopped_job_without_an_artifact_points_to_its_checkpoints(
    more: dict[str, Any], says: str, aws: Account
) -> None:
    train("faces-1", artifact=False, **more)
    aws.sagemaker.training_jobs["faces-1"].training_job_status = "Stopped"
    result = run("faces-1", "--role", ROLE, "--image", IMAGE, says=says)
    assert str(result.exception).startswith(
        "training job faces-1 was Stopped before it wrote an artifact (s3://models/"
    )
    assert aws.operations == ["CreateTrainingJob"]


def test_a_job_that_has_not_ended_is_told_by_its_status(aws: Account) -> None:
    train("faces-1")
    aws.sagemaker.training_jobs["faces-1"].training_job_status = "InProgress"
    run("faces-1", "--role", ROLE, says="training job faces-1 is InProgress, not Completed or Stopped")


def archive(folder: Path, *names: str) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            (folder / "file").write_text(name)
            tar.add(folder / "file", name)
    return path


def test_a_file_is_sent_once_to_a_key_made_of_its_content(aws: Account, tmp_path: Path) -> None:
    path = archive(tmp_path, "model.json", "model.onnx")
    options = ("--role", ROLE, "--image", IMAGE, "--bucket", "s3://models/served")
    run(path, *options)
    uri = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    assert re.fullmatch(r"s3://models/served/[0-9a-f]{32}/model\.tar\.gz", uri)
    stored = boto3.client("s3").get_object(Bucket="models", Key=uri.removeprefix("s3://models/"))["Body"].read()
    assert stored == path.read_bytes()
    aws.sent.clear()
    assert "as it did before" in run(path, *options).output
    assert aws.operations == ["InvokeEndpoint"]


def test_a_dry_run_prints_what_the_run_sends_and_sends_nothing(aws: Account, tmp_path: Path) -> None:
    path = archive(tmp_path, "model.json", "model.onnx")
    options = (path, "--role", ROLE, "--image", IMAGE, "--bucket", "s3://models", "--instance-type", "ml.c5.large")
    printed = json.loads(run(*options, "--dry-run").output)
    assert aws.changes == []
    run(*options)
    to_api = {"put_object": "PutObject"}
    names = [
        to_api.get(request["operation"], "".join(part.title() for part in request["operation"].split("_")))
        for request in printed
    ]
    assert [name for name in names if not name.startswith("Describe")] == aws.operations

    def timeless(parameters: dict[str, Any]) -> str:
        shown = {key: value for key, value in parameters.items() if key != "Body"}
        return re.sub(r"-\d{8}-\d{6}", "-TIME", json.dumps(shown, sort_keys=True))

    planned = [
        timeless(request["parameters"]) for request in printed if not request["operation"].startswith("describe")
    ]
    assert planned == [timeless(parameters) for _, parameters in aws.changes]
    assert printed[0]["parameters"]["Body"] == f"<the file {path}>"
    aws.sent.clear()
    assert [r["operation"] for r in json.loads(run("--endpoint", ENDPOINT, "--delete", "--dry-run").output)] == [
        "delete_scaling_policy",
        "deregister_scalable_target",
        "delete_endpoint",
        "delete_endpoint_config",
        "delete_model",
    ]
    assert aws.changes == []


def test_a_request_that_the_service_would_not_understand_is_refused_before_any_is_sent(aws: Account) -> None:
    request = Request("sagemaker", "create_endpoint", {"EndpointName": 1})
    with pytest.raises(ValueError, match=r"create_endpoint: .*EndpointConfigName"):
        check(request, clients_of(REGION)["sagemaker"])


JOB = ("faces-1", "--role", ROLE, "--image", IMAGE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "SOURCE is missing"),
        (("faces-1",), "--role ARN is missing"),
        (("faces-1", "--role", "me"), "--role 'me' is no role's ARN, as in arn:aws:iam::123456789012:role/NAME"),
        ((*JOB, "--endpoint", "Mien"), "--endpoint 'Mien' is no endpoint's name"),
        ((*JOB, "--endpoint", "a" * 64), "is no endpoint's name: up to 63 lower-case letters"),
        ((*JOB, "--memory-mb", "1500"), "--memory-mb 1500 is none of 1024, 2048, 3072, 4096, 5120, 6144"),
        ((*JOB, "--max-concurrency", "201"), "--max-concurrency 201 is not from 1 to 200"),
        ((*JOB, "--min-instances", "0"), "--serverless costs nothing either while nothing is classified"),
        ((*JOB, "--instance-type", "ml.c5.large", "--min-instances", "0"), "the functions name none when they invoke"),
        ((*JOB, "--instance-type", "ml.c5.tiny"), "hosts no models; these do, for instance: ml.c5.large"),
        ((*JOB, "--instance-type", "c5"), "hosts no models; these do, for instance: ml.c7i.large"),
        ((*JOB, "--min-instances", "2"), "so name these too: --instance-type ml.c7i.large"),
        (
            (*JOB, "--instance-type", "ml.c5.large", "--min-instances", "3", "--max-instances", "2"),
            "--min-instances 3 to --max-instances 2 is no range",
        ),
        ((*JOB, "--instance-type", "ml.c5.large", "--calls-per-minute", "0"), "--calls-per-minute 0 is not 1 or more"),
        (
            (*JOB, "--instance-type", "ml.c5.large", "--memory-mb", "2048"),
            "--instance-type: for instances; --memory-mb: for a serverless endpoint",
        ),
        ((*JOB, "--kms-key", "k", "--serverless"), "--kms-key: for instances; --serverless: for a serverless endpoint"),
        (("no-such-job", *JOB[1:]), "training job no-such-job: Could not find training job"),
        (("no/such.tar.gz", *JOB[1:]), "there is no file no/such.tar.gz"),
        (("-no-job-", *JOB[1:]), "no such option"),
        (("s3://models/none.tar.gz", *JOB[1:]), "there is no object s3://models/none.tar.gz"),
        (("s3://models", *JOB[1:]), "s3://models names no object"),
        (("s3://no-such-bucket/m.tar.gz", *JOB[1:]), "there is no object s3://no-such-bucket/m.tar.gz"),
        (("faces-1", "--role", ROLE, "--container", "slim"), "build training/container/Dockerfile, push it"),
        ((*JOB, "--container", "built-in"), "can't serve what training/container/train.py has trained: take --contai"),
        (("article-1", *JOB[1:]), "can't serve what SageMaker's built-in image classification has trained"),
        (("faces-1", "--role", ROLE, "--image", "mien:1"), "--image 'mien:1' is no image in Amazon ECR"),
        (
            ("faces-1", "--role", ROLE, "--image", IMAGE.replace(REGION, "us-east-1")),
            "is in us-east-1, and the endpoint in eu-central-1: push it there too",
        ),
        (
            ("article-1", "--role", ROLE, "--instance-type", "ml.c7g.large"),
            "the built-in algorithm has no container for Arm",
        ),
        (("faces-1", "--delete"), "--delete takes an endpoint, not a model: leave 'faces-1' out"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_made(
    arguments: tuple[str, ...], says: str, aws: Account
) -> None:
    train("faces-1")
    train("article-1", image=BUILT_IN)
    aws.sent.clear()
    if says == "no such option":
        assert "No such option" in CliRunner().invoke(app_of(), list(arguments)).output
    else:
        run(*arguments, says=says)
    assert aws.changes == []


def test_a_file_needs_a_bucket_and_a_model_in_it(aws: Account, tmp_path: Path) -> None:
    options = ("--role", ROLE, "--image", IMAGE)
    run(
        archive(tmp_path, "model.json", "model.onnx"),
        *options,
        says="is a file: --bucket s3://BUCKET/PREFIX says where it is to lie",
    )
    wrong = archive(tmp_path, "model/model.json", "model/model.onnx")
    run(
        wrong, *options, "--bucket", "s3://models", says="reads model.json in the artifact, which has no such file, but"
    )
    bare = archive(tmp_path, "model.json", "model.onnx")
    stock = (*options, "--container", "stock", "--bucket", "s3://models")
    run(bare, *stock, says="--container stock reads code/inference.py in the artifact")
    (tmp_path / "x.tar.gz").write_text("no archive")
    run(tmp_path / "x.tar.gz", *options, "--bucket", "s3://models", says="is no tar.gz")
    assert aws.changes == []


def test_without_the_sdk_it_is_said_how_to_get_it(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sagemaker.core", None)
    train("faces-1")
    run(
        "faces-1",
        "--role",
        ROLE,
        says="make .venv-training/sagemaker does that; or give the URI of an image as --image",
    )


def test_without_a_region_it_is_said_which_option_sets_one(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    boto3.setup_default_session()
    run(*JOB, says="no AWS region is set: --region eu-central-1")


def test_what_aws_refuses_is_said_in_aws_words(aws: Account) -> None:
    run("s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE, says="there is no object")
    boto3.client("s3").put_object(Bucket="models", Key="m.tar.gz", Body=b"m")
    # A type that SageMaker has and moto has not.
    run(
        *("s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE, "--instance-type", "ml.c7i.large"),
        says="CreateEndpointConfig: ValidationException: Value 'ml.c7i.large'",
    )


def test_ctrl_c_says_that_sagemaker_goes_on(aws: Account) -> None:
    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    boto3.client("s3").put_object(Bucket="models", Key="m.tar.gz", Body=b"m")
    boto3.DEFAULT_SESSION.events.register("before-call.sagemaker.InvokeEndpoint", interrupt)
    boto3.DEFAULT_SESSION.events.register("before-call.sagemaker.DescribeEndpointConfig", interrupt)
    result = CliRunner().invoke(app_of(), ["s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE])
    assert result.exit_code == 130
    assert f"aws sagemaker describe-endpoint --endpoint-name {ENDPOINT} shows it" in result.output
    assert "the same command again waits for it and does the rest" in result.output


def test_no_wait_says_what_is_left_to_do(aws: Account) -> None:
    boto3.client("s3").put_object(Bucket="models", Key="m.tar.gz", Body=b"m")
    output = run("s3://models/m.tar.gz", "--role", ROLE, "--image", IMAGE, "--no-wait").output
    assert f"endpoint {ENDPOINT} has begun to change" in output
    assert "InvokeEndpoint" not in aws.operations


@pytest.mark.parametrize("endpoint", ["a", "mien-faces", "a" * 63, "a" * 46 + "-" + "b" * 16])
def test_names_fit_and_are_well_formed_however_long_the_endpoints_is(endpoint: str) -> None:
    wanted = Wanted(endpoint, ROLE, artifact(0), SLIM, SERVERLESS)
    first, second, *_ = plan.deployment(wanted, Found(), datetime(2026, 11, 5, 12, 0, tzinfo=UTC))
    for name in (first.parameters["ModelName"], second.parameters["EndpointConfigName"]):
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
        assert name.endswith("-20261105-120000")
