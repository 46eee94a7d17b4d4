"""The command `deploy`: its errors, its dry run, and what it prints after an interruption."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.training.fake_aws import BUILT_IN_IMAGE, MODEL_BUCKET, REGION, ROLE, FakeAws, respond
from tests.training.hosting.archives import ALL_FILES, archive_bytes, create_archive, write_model
from tests.training.hosting.deployments import (
    ENDPOINT,
    IMAGE,
    command_error,
    create_artifact,
    invoke_command,
    run_command,
)
from training.hosting.options import CONCURRENCY_QUOTA, FUNCTIONS_CONCURRENCY, MIN_FUNCTIONS_CONCURRENCY

ROOT = Path(__file__).parents[3]
OPTIONS = ("--role", ROLE, "--image", IMAGE)
JOB = ("faces-1", *OPTIONS)
OBJECT = ("s3://models/m.tar.gz", *OPTIONS)


def without_time(parameters: dict[str, Any]) -> str:
    """Returns parameters as JSON, without the time in names and without a file's content."""
    shown = {key: value for key, value in parameters.items() if key != "Body"}
    return re.sub(r"-\d{8}-\d{6}", "-TIME", json.dumps(shown, sort_keys=True))


def api_name(method: str) -> str:
    """Returns the API's name of a client's method: CreateModel for create_model."""
    return "".join(part.title() for part in method.split("_"))


@pytest.fixture
def stored_model(aws: FakeAws) -> None:
    """The object that OBJECT deploys."""
    aws.client("s3").put_object(Bucket=MODEL_BUCKET, Key="m.tar.gz", Body=archive_bytes(*ALL_FILES))
    aws.requests.clear()


def test_a_dry_run_prints_the_requests_of_the_real_run_and_sends_none(aws: FakeAws, tmp_path: Path) -> None:
    path = create_archive(tmp_path, *ALL_FILES)
    arguments = (path, *OPTIONS, "--bucket", "s3://models", "--instance-type", "ml.c5.large")
    printed = json.loads(invoke_command(*arguments, "--dry-run").stdout)
    assert aws.changes == []
    run_command(*arguments)
    planned = [request for request in printed if not request["operation"].startswith("describe")]
    assert [api_name(request["operation"]) for request in planned] == aws.operations
    sent = [without_time(parameters) for _, parameters in aws.changes]
    assert [without_time(request["parameters"]) for request in planned] == sent
    assert printed[0]["parameters"]["Body"] == f"<the file {path}>"
    aws.requests.clear()
    deletion = json.loads(run_command("--endpoint", ENDPOINT, "--delete", "--dry-run"))
    assert [request["operation"] for request in deletion] == [
        "delete_scaling_policy",
        "deregister_scalable_target",
        "delete_endpoint",
        "delete_endpoint_config",
        "delete_model",
    ]
    assert aws.changes == []


def test_a_dry_run_of_a_folder_needs_no_account(tmp_path: Path) -> None:
    folder = str(write_model(tmp_path / "model"))
    # Wheels would need the package index.
    command = [sys.executable, "-m", "training", "deploy", folder, "--dry-run", "--no-wheels"]
    variables = {"PATH": "", "HOME": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"}
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables)
    assert result.returncode == 0, result.stderr
    assert "No AWS credentials were found: these are the requests for an account in us-east-1" in result.stderr
    assert "3 labels: red, green, blue" in result.stderr
    operations = [request["operation"] for request in json.loads(result.stdout)]
    assert operations == [
        "put_object",
        "create_model",
        "create_endpoint_config",
        "describe_endpoint_config",
        "create_endpoint",
        "invoke_endpoint",
        "invoke_endpoint",
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "SOURCE is missing"),
        (("faces-1",), "--role ARN is missing"),
        (("faces-1", "--role", "me"), "--role 'me' is not a role's ARN, such as arn:aws:iam::123456789012:role/NAME"),
        ((*JOB, "--endpoint", "Mien"), "--endpoint 'Mien' is not a valid name"),
        ((*JOB, "--endpoint", "a" * 64), "is not a valid name: use up to 63 lower-case letters"),
        ((*JOB, "--memory-mb", "1500"), "--memory-mb 1500 is not one of 1024, 2048, 3072, 4096, 5120, 6144"),
        ((*JOB, "--max-concurrency", "201"), "--max-concurrency 201 is not from 1 to 200"),
        ((*JOB, "--min-instances", "0"), "use --serverless, which costs nothing while nothing is classified"),
        (
            (*JOB, "--instance-type", "ml.c5.large", "--min-instances", "0"),
            "the functions do not name one when they",
        ),
        ((*JOB, "--instance-type", "ml.c5.tiny"), "cannot host models: use, for instance, ml.c5.large"),
        ((*JOB, "--instance-type", "c5"), "cannot host models: use, for instance, ml.c7i.large"),
        ((*JOB, "--min-instances", "2"), "--instance-type is missing: add --instance-type ml.c7i.large"),
        (
            (*JOB, "--instance-type", "ml.c5.large", "--min-instances", "3", "--max-instances", "2"),
            "--min-instances 3 to --max-instances 2 is not a range",
        ),
        ((*JOB, "--instance-type", "ml.c5.large", "--calls-per-minute", "0"), "--calls-per-minute 0 is not 1 or more"),
        (
            (*JOB, "--instance-type", "ml.c5.large", "--memory-mb", "2048"),
            "--instance-type are for instances, and --memory-mb for a serverless endpoint",
        ),
        (
            (*JOB, "--kms-key", "k", "--serverless"),
            "--kms-key are for instances, and --serverless for a serverless endpoint",
        ),
        (("no-such-job", *OPTIONS), "training job no-such-job: Could not find training job"),
        (("no/such.tar.gz", *OPTIONS), "there is no file or folder no/such.tar.gz"),
        (("s3://models/none.tar.gz", *OPTIONS), "there is no object s3://models/none.tar.gz"),
        (("s3://models", *OPTIONS), "s3://models has no key"),
        (("s3://no-such-bucket/m.tar.gz", *OPTIONS), "there is no object s3://no-such-bucket/m.tar.gz"),
        (("faces-1", "--role", ROLE, "--container", "slim"), "build training/container/Dockerfile, push it"),
        (
            (*JOB, "--container", "built-in"),
            "cannot serve a model that training/container/train.py has trained: use --container stock or slim",
        ),
        (("article-1", *OPTIONS), "cannot serve a model that SageMaker's built-in image classification has trained"),
        (("faces-1", "--role", ROLE, "--image", "mien:1"), "--image 'mien:1' is not an image in Amazon ECR"),
        (
            ("faces-1", "--role", ROLE, "--image", IMAGE.replace(REGION, "us-east-1")),
            "is in us-east-1, and the endpoint is in eu-central-1: push the image there too",
        ),
        (
            ("article-1", "--role", ROLE, "--instance-type", "ml.c7g.large"),
            "the built-in algorithm has no container for Arm",
        ),
        (("faces-1", "--delete"), "--delete deletes an endpoint and needs no model: leave 'faces-1' out"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_created(
    arguments: tuple[str, ...], reason: str, aws: FakeAws
) -> None:
    create_artifact(aws, "faces-1")
    create_artifact(aws, "article-1", image=BUILT_IN_IMAGE)
    aws.requests.clear()
    assert reason in command_error(*arguments)
    assert aws.changes == []


def test_a_source_that_looks_like_an_option_is_refused_as_an_unknown_option(aws: FakeAws) -> None:
    assert "No such option" in invoke_command("-no-job-", *OPTIONS).output
    assert aws.changes == []


def test_without_a_region_the_error_names_the_option_that_sets_one(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    boto3.setup_default_session()
    assert "no AWS region is set: give --region eu-central-1" in command_error(*JOB)


def test_a_missing_object_is_named(aws: FakeAws) -> None:
    assert "there is no object s3://models/m.tar.gz" in command_error(*OBJECT)


@pytest.mark.usefixtures("stored_model")
def test_a_refusal_by_aws_is_shown_in_the_words_of_aws() -> None:
    # SageMaker has this instance type, and moto does not.
    error = command_error(*OBJECT, "--instance-type", "ml.c7i.large")
    assert "CreateEndpointConfig: ValidationException: Value 'ml.c7i.large'" in error


@pytest.mark.usefixtures("stored_model")
def test_after_ctrl_c_the_command_says_that_sagemaker_continues(aws: FakeAws) -> None:
    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    aws.on_request("sagemaker", "DescribeEndpointConfig", interrupt)
    result = invoke_command(*OBJECT)
    assert result.exit_code == 130
    assert f"aws sagemaker describe-endpoint --endpoint-name {ENDPOINT} shows it" in result.output
    assert "Run the same command again to wait for it and to do what is missing" in result.output


@pytest.mark.usefixtures("stored_model")
def test_without_waiting_the_command_says_what_is_left_to_do(aws: FakeAws) -> None:
    assert f"endpoint {ENDPOINT} is changing" in run_command(*OBJECT, "--no-wait")
    assert "InvokeEndpoint" not in aws.operations


@pytest.mark.usefixtures("stored_model")
def test_without_an_option_a_serverless_endpoint_uses_half_of_a_new_accounts_quota(aws: FakeAws) -> None:
    run_command(*OBJECT)
    [variant] = aws.parameters("CreateEndpointConfig")["ProductionVariants"]
    assert variant["ServerlessConfig"]["MaxConcurrency"] == 5


@pytest.mark.usefixtures("stored_model")
def test_a_refusal_because_other_endpoints_use_the_quota_names_the_option_that_lowers_it(
    aws: FakeAws,
) -> None:
    refusal = (
        f"The account-level service limit '{CONCURRENCY_QUOTA}' is 10 Instances, with current utilization of 0 "
        "Instances and a request delta of 20 Instances."
    )

    def refuse(params: dict[str, Any], **_: Any) -> Any:
        name = json.loads(params["body"])["EndpointConfigName"]
        [variant] = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
        if variant["ServerlessConfig"]["MaxConcurrency"] <= 10:
            return None
        return respond({"Error": {"Code": "ResourceLimitExceeded", "Message": refusal}}, 400)

    aws.quotas[CONCURRENCY_QUOTA] = 200.0
    aws.on_request("sagemaker", "CreateEndpoint", refuse)
    error = command_error(*OBJECT, "--max-concurrency", "20")
    assert f"CreateEndpoint: ResourceLimitExceeded: {refusal}" in error
    assert "request a higher limit in AWS Service Quotas, under Amazon SageMaker" in error
    assert "or give a smaller --max-concurrency" in error
    assert f"endpoint {ENDPOINT} serves" in run_command(*OBJECT)


@pytest.mark.usefixtures("stored_model")
@pytest.mark.parametrize(("concurrency", "parameter"), [("1", 2), ("4", 4), ("5", None)])
def test_the_printed_parameters_let_the_functions_call_no_more_often_than_the_endpoint_accepts(
    concurrency: str, parameter: int | None
) -> None:
    output = run_command(*OBJECT, "--max-concurrency", concurrency)
    end = f" MaximumConcurrency={parameter}\n" if parameter else " EndpointInput=batch\n"
    assert output.endswith(end)


def test_the_functions_concurrency_is_the_templates() -> None:
    template = (Path(__file__).parents[3] / "template.yaml").read_text()
    _, _, parameter = template.partition("\n  MaximumConcurrency:\n")
    assert f"MinValue: {MIN_FUNCTIONS_CONCURRENCY}\n" in parameter.partition("ConstraintDescription")[0]
    assert f"Default: {FUNCTIONS_CONCURRENCY}\n" in parameter.partition("ConstraintDescription")[0]
