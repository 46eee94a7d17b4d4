"""One command leads from an empty account to the first labels. A second one changes only what it is told to.

The account is MiniStack with an imitation of SageMaker beside it; tests/support/account.py says what it can't show.
"""

import importlib.util
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.package import LAYER_FOLDER
from local.paths import ROOT
from local.sam import architecture
from local.stack import finish_deployment
from tests.support.account import Account, start_account
from tests.support.aws_requests import AwsCall
from tests.support.commands import restore_signals
from tests.support.iam_names import action_of
from tests.support.onnx_files import write_color_model
from tests.support.waiting import eventually

ENDPOINT, STACK, BUCKET = "mien-faces", "mien", "mien-000000000000-us-east-1"
ARTIFACTS = "mien-artifacts-000000000000-us-east-1"
# The functions run on this machine, and MiniStack has no CodeDeploy.
FOR_THIS_MACHINE = ("--parameter", f"Architecture={architecture()}", "--parameter", "TrafficShift=none")
Result = subprocess.CompletedProcess[str]


# What the commands of these tests have called, as IAM names it.
called: set[str] = set()
# The requests of the first deployment that change something.
sent_first: list[AwsCall] = []


def run(account: Account, *words: str) -> Result:
    """Runs a command of the deployment on this account."""
    before = len(account.calls)
    environment = {**os.environ, **account.environment}
    command = [sys.executable, "-m", "deployment", *words]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    called.update(action_of(call.service, call.operation) for call in account.calls[before:])
    return result


def deploy(account: Account, *options: str) -> Result:
    result = run(account, "deploy", *options)
    if result.returncode == 0:
        # Sets what MiniStack does not apply from the template.
        finish_deployment(account.cloud)
    return result


def undeploy(account: Account, *options: str) -> Result:
    return run(account, "undeploy", "--yes", *options)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with start_account() as running:
        yield running


@pytest.fixture(scope="module")
def first(account: Account) -> Result:
    """The first deployment into the empty account."""
    result = deploy(account, *FOR_THIS_MACHINE)
    assert result.returncode == 0, result.stderr
    sent_first.extend(account.changes)
    return result


def lines(result: Result, beginning: str) -> list[str]:
    """The printed commands that begin like this."""
    return [line.strip() for line in result.stdout.splitlines() if line.strip().startswith(beginning)]


def served(account: Account) -> dict[str, Any]:
    """The configuration that the endpoint serves, with its model."""
    sagemaker = account.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    [variant] = config["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    return {"status": endpoint["EndpointStatus"], "config": config["EndpointConfigName"], **variant, "model": model}


def stack_parameters(account: Account, stack: str = STACK) -> Mapping[str, str]:
    [found] = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}


def test_it_says_what_it_will_make_and_what_that_costs_before_it_makes_it(first: Result) -> None:
    plan, _, done = first.stderr.partition("checking the model")
    assert "stack mien-model: the endpoint mien-faces serves models, serverless with 2,048 MB" in plan
    assert "while idle: $" in plan
    assert "per million face crops" in plan
    assert "The API labels a sample of a happy face as happy." in done


def test_what_is_sent_is_what_the_documentation_lists_in_its_order(first: Result) -> None:
    page = (ROOT / "docs" / "aws.md").read_text().partition("## What is sent")[2].partition("\n## ")[0]
    requests = [line.split(" | ")[1] for line in page.splitlines() if line.startswith("|") and "`" in line]
    words = [word for request in requests for word in re.findall("`([A-Z][A-Za-z]+)`", request.partition(" with ")[0])]
    documented = [word for word in words if not word.startswith("CAPABILITY")]
    sent = [call.operation for call in sent_first]
    assert list(dict.fromkeys(sent)) == list(dict.fromkeys(documented))


def test_the_page_opens_at_the_printed_address(first: Result) -> None:
    [page] = lines(first, "http")
    assert re.search("#key=[0-9a-f]+$", page)
    with urllib.request.urlopen(page.partition("#")[0]) as answer:
        assert b"<title>Mien" in answer.read()


def test_the_printed_curl_commands_classify(first: Result) -> None:
    as_json, as_text = lines(first, "curl") + lines(first, "base64")
    for command, expected in ((as_json, '"label": "happy"'), (as_text, "happy")):
        answer = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
        assert expected in answer.stdout.replace('":"', '": "')


def test_the_printed_upload_gets_a_label_at_the_printed_place(account: Account, first: Result) -> None:
    upload, *_ = lines(first, "aws s3 cp samples/faces")
    *_, source, inbox = shlex.split(upload)
    s3 = account.client("s3")
    s3.upload_file(str(ROOT / source), BUCKET, inbox.removeprefix(f"s3://{BUCKET}/") + Path(source).name)
    [printed] = [line for line in lines(first, "aws s3 cp s3://") if line.endswith("1.png.json -")]
    key = shlex.split(printed)[3].removeprefix(f"s3://{BUCKET}/")

    def label() -> str | None:
        try:
            return str(json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])["label"])
        except ClientError:
            return None

    assert eventually(lambda: label() == "happy", seconds=60)


def test_the_bucket_of_artifacts_is_private_and_has_the_model_with_its_packages(
    account: Account, first: Result
) -> None:
    s3 = account.client("s3")
    blocked = s3.get_public_access_block(Bucket=ARTIFACTS)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=ARTIFACTS)["Policy"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=ARTIFACTS)["Contents"]]
    assert {key.partition("/")[0] for key in keys} == {"models", "packages"}
    uri = served(account)["model"]["PrimaryContainer"]["ModelDataUrl"]
    assert uri.removeprefix(f"s3://{ARTIFACTS}/") in keys


def test_the_uploaded_functions_and_their_layer_are_compiled(account: Account, first: Result) -> None:
    s3 = account.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=ARTIFACTS, Prefix="packages/")["Contents"]]
    files: set[str] = set()
    for key in keys:
        content = io.BytesIO(s3.get_object(Bucket=ARTIFACTS, Key=key)["Body"].read())
        if zipfile.is_zipfile(content):
            files.update(zipfile.ZipFile(content).namelist())
    expected = ("mien/handlers/inbox.py", "mien/handlers/page.py", f"{LAYER_FOLDER}/numpy/__init__.py")
    assert [name for name in expected if not {name, importlib.util.cache_from_source(name)} <= files] == []


def test_a_second_run_keeps_the_endpoint_the_functions_and_all_parameters(account: Account, first: Result) -> None:
    """Only the API is deployed again, because the template has AlwaysDeploy."""

    def functions() -> dict[str, str]:
        listed = account.client("lambda").list_functions()["Functions"]
        return {function["FunctionName"]: function["CodeSha256"] for function in listed}

    before, calls = (served(account), functions(), stack_parameters(account)), len(account.changes)
    result = deploy(account)
    assert result.returncode == 0, result.stderr
    assert "keeps its model" in result.stderr
    assert (served(account), functions(), stack_parameters(account)) == before
    changed = {call.operation for call in account.changes[calls:]}
    assert not changed & {"CreateBucket", "CreateStack", "CreateModel", "UpdateEndpoint", "CompleteMultipartUpload"}


def test_a_model_that_does_not_answer_as_it_should_is_rolled_back(
    account: Account, first: Result, tmp_path: Path
) -> None:
    """All endpoints of this account answer with one model, so every other one answers wrongly."""
    before = served(account)["model"]["PrimaryContainer"]
    write_color_model(tmp_path)
    result = deploy(account, str(tmp_path))
    assert result.returncode == 1
    assert "does not answer as the model should (its labels are angry, disgust" in result.stderr
    assert "it serves again what it served before" in result.stderr
    assert served(account)["model"]["PrimaryContainer"] == before


def test_options_change_what_they_name_and_nothing_else(account: Account, first: Result) -> None:
    before = stack_parameters(account)
    result = deploy(account, "--max-concurrency", "3", "--parameter", "BatchWindow=2")
    assert result.returncode == 0, result.stderr
    assert served(account)["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 3}
    expected = {**before, "MaximumConcurrency": "3", "BatchWindow": "2"}
    assert stack_parameters(account) == expected
    [mapping] = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert str(mapping["MaximumBatchingWindowInSeconds"]) == "2"


def test_a_key_that_should_not_be_printed_is_not(account: Account, first: Result) -> None:
    [export] = lines(first, "export API=")
    key = export.partition("KEY=")[2].partition(" ")[0]
    result = deploy(account, "--hide-key")
    assert result.returncode == 0, result.stderr
    assert key not in result.stdout + result.stderr
    assert "aws apigateway get-api-key --include-value --api-key" in result.stdout


def what_is_left(account: Account) -> dict[str, list[str]]:
    """The names of everything of a deployment that an account can have."""
    listed = account.client("cloudformation").describe_stacks()["Stacks"]
    sagemaker = account.client("sagemaker")
    # MiniStack makes the log group of a function again if an invocation ends after the stack is deleted. On AWS, the
    # functions' roles may make none.
    log_groups = [each["logGroupName"] for each in account.client("logs").describe_log_groups()["logGroups"]]
    left = {
        "stacks": [stack["StackName"] for stack in listed if stack["StackStatus"] != "DELETE_COMPLETE"],
        "buckets": [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]],
        "functions": [each["FunctionName"] for each in account.client("lambda").list_functions()["Functions"]],
        "queues": account.client("sqs").list_queues().get("QueueUrls", []),
        "apis": [api["id"] for api in account.client("apigateway").get_rest_apis()["items"]],
        "keys": [key["id"] for key in account.client("apigateway").get_api_keys()["items"]],
        "roles": [role["RoleName"] for role in account.client("iam").list_roles()["Roles"]],
        "alarms": [each["AlarmName"] for each in account.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "logs": [name for name in log_groups if not name.startswith("/aws/lambda/")],
        "endpoints": [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]],
        "configurations": [each["EndpointConfigName"] for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "models": [each["ModelName"] for each in sagemaker.list_models()["Models"]],
    }
    return {kind: names for kind, names in left.items() if names}


def test_kept_images_are_used_by_the_next_deployment_and_in_the_end_nothing_is_left(
    account: Account, first: Result, sample: bytes
) -> None:
    s3 = account.client("s3")
    s3.put_object(Bucket=BUCKET, Key="inbox/kept.png", Body=sample)

    def has_document(key: str) -> bool:
        return bool(s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents"))

    assert eventually(lambda: has_document("results/kept.png.json"), seconds=60)
    kept = undeploy(account, "--keep-data")
    assert kept.returncode == 0, kept.stderr
    assert what_is_left(account) == {"buckets": sorted([BUCKET, ARTIFACTS])}
    assert has_document("results/kept.png.json")

    again = deploy(account, *FOR_THIS_MACHINE)
    assert again.returncode == 0, again.stderr
    assert stack_parameters(account)["ExistingBucket"] == BUCKET
    s3.put_object(Bucket=BUCKET, Key="inbox/new.png", Body=sample)
    assert eventually(lambda: has_document("results/new.png.json"), seconds=60)

    gone = undeploy(account)
    assert gone.returncode == 0, gone.stderr
    assert what_is_left(account) == {}


class Everything(dict[str, str]):
    """Says the same of every model."""

    def get(self, key: str, default: Any = None) -> Any:
        return "The container did not start."


def test_a_deployment_that_failed_or_was_interrupted_is_finished_by_the_same_command(
    account: Account, first: Result
) -> None:
    assert undeploy(account).returncode == 0
    able = account.sagemaker.failing_models
    account.sagemaker.failing_models = Everything()
    failed = deploy(account, *FOR_THIS_MACHINE)
    account.sagemaker.failing_models = able
    assert failed.returncode == 1
    assert "stack mien-model is ROLLBACK_COMPLETE: Endpoint: " in failed.stderr
    assert "The container did not start." in failed.stderr

    before = len(account.calls)
    command = [sys.executable, "-m", "deployment", "deploy", *FOR_THIS_MACHINE]
    environment = {**os.environ, **account.environment}
    # A terminal sends Ctrl-C to all processes of a command, and so to the SAM CLI too.
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, preexec_fn=restore_signals, start_new_session=True
    ) as interrupted:
        assert eventually(lambda: any(call.operation == "CreateChangeSet" for call in account.calls[before:]), 120)
        os.killpg(interrupted.pid, signal.SIGINT)
        assert interrupted.wait(60) == 130
    assert served(account)["status"] == "InService"

    finished = deploy(account, *FOR_THIS_MACHINE)
    assert finished.returncode == 0, finished.stderr
    assert "The API labels a sample of a happy face as happy." in finished.stderr
    assert undeploy(account).returncode == 0
    assert what_is_left(account) == {}


def test_the_policies_of_those_who_deploy_allow_everything_that_was_called(account: Account, first: Result) -> None:
    """The calls of CloudFormation are among them as far as they concern SageMaker: it calls in the user's name."""
    assert run(account, "deploy", "--dry-run").returncode == 0
    policies = [json.loads(path.read_text()) for path in (ROOT / "policies").glob("deploy*.json")]
    actions = [statement["Action"] for policy in policies for statement in policy["Statement"]]
    allowed = {name for one in actions for name in ([one] if isinstance(one, str) else one)}
    assert called - allowed == set()
