"""The real SAM CLI deploys what our own deployment deploys, into the embedded cloud."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from rich.console import Console

from local import demo, sam
from local.cloud import STACK, Cloud
from local.paths import SAMPLES, TEMPLATE
from local.stack import start_application


@pytest.fixture(scope="module")
def by_sam() -> Iterator[Cloud]:
    with sam.start_application() as running:
        yield running


@pytest.fixture(scope="module")
def by_us() -> Iterator[Cloud]:
    with start_application() as running:
        yield running


def resources(cloud: Cloud) -> set[tuple[str, str]]:
    """Types and names. SAM ends some of the names with the time or with a hash."""
    described = cloud.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {
        (r["ResourceType"], re.sub("^(ApiDeployment|Layer|.*FunctionVersion).*", r"\1", r["LogicalResourceId"]))
        for r in described
    }


def configuration(cloud: Cloud) -> Any:
    """The settings of the deployed application as the services report them, without random or time-dependent values."""
    functions, queues, s3 = cloud.client("lambda"), cloud.client("sqs"), cloud.client("s3")
    bucket = cloud.outputs["BucketName"]
    kept = ("Handler", "Runtime", "Timeout", "MemorySize", "Environment", "LoggingConfig")
    mapped = ("BatchSize", "MaximumBatchingWindowInSeconds", "ScalingConfig", "FunctionResponseTypes", "EventSourceArn")
    attributes = ("VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "Policy", "SqsManagedSseEnabled")
    apis = cloud.client("apigateway")
    # They are listed in the order of their creation, which is random.
    listed = sorted(functions.list_functions()["Functions"], key=lambda function: function["Handler"])
    found = {
        "functions": [{k: f.get(k) for k in kept} for f in listed],
        "layers": [[layer["Arn"] for layer in f.get("Layers", [])] for f in listed],
        "mappings": [
            {k: m.get(k) for k in mapped} for m in functions.list_event_source_mappings()["EventSourceMappings"]
        ],
        "queues": [
            dict(queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
            for url in (cloud.outputs["QueueUrl"], cloud.outputs["DeadLetterQueueUrl"])
        ],
        "notification": s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"],
        "policy": s3.get_bucket_policy(Bucket=bucket)["Policy"],
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "encryption": s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
        "binary": [sorted(api["binaryMediaTypes"]) for api in apis.get_rest_apis()["items"]],
    }
    for queue in found["queues"]:
        for name in set(queue) - set(attributes):
            del queue[name]
    for notification in found["notification"]:
        del notification["Id"]
    # Generated names end in a dash and twelve or more hexadecimal digits, and each cloud has its own port.
    return json.loads(re.sub(r"-[0-9A-F]{12,}|(?<=//localhost):\d+", "", json.dumps(found, sort_keys=True)))


def test_both_deploy_the_same_resources(by_sam: Cloud, by_us: Cloud) -> None:
    assert resources(by_sam) == resources(by_us)


def test_both_deploy_them_with_the_same_settings(by_sam: Cloud, by_us: Cloud) -> None:
    assert configuration(by_sam) == configuration(by_us)


def test_a_face_goes_through_what_sam_deployed(by_sam: Cloud) -> None:
    run = demo.classify_folder(by_sam, SAMPLES / "surprise", Console(quiet=True), patience=60)
    assert run.missing == []
    assert {document["label"] for document in run.documents.values()} == {"surprise"}


def test_the_template_is_valid_and_lints_clean() -> None:
    command = ["sam", "validate", "--lint", "--template", str(TEMPLATE), "--region", "us-east-1"]
    result = subprocess.run(command, env={**os.environ, "SAM_CLI_TELEMETRY": "0"}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "is a valid SAM Template" in result.stdout


def test_the_built_template_has_no_yaml_aliases_because_cloudformation_rejects_them(by_sam: Cloud) -> None:
    tokens = yaml.scan((sam.BUILT / "template.yaml").read_text())
    assert not [token for token in tokens if isinstance(token, (yaml.AnchorToken, yaml.AliasToken))]
    assert any(isinstance(token, yaml.AliasToken) for token in yaml.scan(TEMPLATE.read_text()))
