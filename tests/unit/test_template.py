"""What the template promises to those who read it before they deploy it."""

import json
import re
import time
from typing import Any

import pytest

from local import template
from mien.aws import listing, queue, storage
from mien.aws.endpoint import Endpoint
from mien.handlers import api, inbox
from mien.logic.deadline import ANSWERING

WRITTEN: dict[str, Any] = template.load_template()
RESOURCES: dict[str, Any] = template.expand_template()["Resources"]
# Where a reference would be a circle, the bucket is called by its name.
BUCKET = "arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"


def of_type(kind: str) -> dict[str, Any]:
    return {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == kind}


@pytest.mark.parametrize("name", WRITTEN["Parameters"])
def test_every_parameter_is_explained_and_bounded(name: str) -> None:
    parameter = WRITTEN["Parameters"][name]
    assert parameter["Description"]
    assert parameter["ConstraintDescription"]
    assert "AllowedPattern" in parameter or "AllowedValues" in parameter or {"MinValue", "MaxValue"} <= set(parameter)


def test_only_the_endpoints_name_has_no_default() -> None:
    assert [name for name, p in WRITTEN["Parameters"].items() if "Default" not in p] == ["EndpointName"]


def test_a_message_stays_hidden_for_six_times_the_functions_timeout() -> None:
    seconds = WRITTEN["Mappings"]["Seconds"]["Inbox"]
    assert seconds["Visibility"] == 6 * seconds["Timeout"]


@pytest.mark.parametrize(
    ("endpoint", "after", "function"),
    [(inbox.batches.endpoint, storage.LONGEST + queue.LONGEST, "Inbox"), (api.endpoint, 0, "Api")],
    ids=["inbox", "api"],
)
def test_a_call_of_the_endpoint_and_all_that_follows_fit_into_a_functions_timeout_and_leave_some_of_it(
    endpoint: Endpoint, after: float, function: str
) -> None:
    assert longest(endpoint.runtime) == endpoint.longest
    timeout = WRITTEN["Mappings"]["Seconds"][function]["Timeout"]
    assert endpoint.longest + after + ANSWERING < 0.8 * timeout


def test_the_times_that_the_function_keeps_for_its_steps_are_those_that_they_can_take() -> None:
    assert longest(inbox.batches.storage.s3) == storage.LONGEST
    assert longest(inbox.queue.sqs) == queue.LONGEST
    assert longest(api.listing.s3) == listing.LONGEST


def test_a_page_of_results_can_be_listed_and_read_within_the_functions_timeout() -> None:
    timeout = WRITTEN["Mappings"]["Seconds"]["Api"]["Timeout"]
    assert timeout > 2 * listing.LONGEST + ANSWERING


def longest(client: Any) -> float:
    """Seconds that a client's request takes when all of its attempts hang."""
    config = client.meta.config
    return config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)


def test_the_functions_run_on_python_3_13_and_arm64() -> None:
    assert {f["Runtime"] for f in of_type("AWS::Lambda::Function").values()} == {"python3.13"}
    assert WRITTEN["Parameters"]["Architecture"]["Default"] == "arm64"


def test_failed_messages_come_again_alone() -> None:
    [mapping] = of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_only_the_bucket_of_this_account_may_send_to_the_queue() -> None:
    policy = of_type("AWS::SQS::QueuePolicy")["QueuePolicy"]
    [allowed] = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    conditions = {key for test in allowed["Condition"].values() for key in test}
    assert conditions == {"aws:SourceArn", "aws:SourceAccount"}
    source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    [bucket] = of_type("AWS::S3::Bucket").values()
    assert source == "arn:${AWS::Partition}:s3:::" + bucket["BucketName"]["Fn::Sub"]


def statements() -> list[dict[str, Any]]:
    policies = [p["PolicyDocument"] for role in of_type("AWS::IAM::Role").values() for p in role["Policies"]]
    return [statement for policy in policies for statement in policy["Statement"]]


def test_the_functions_may_do_only_what_they_do() -> None:
    for role in of_type("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
    for statement in statements():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions)
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for resource in resources:
            wide = resource.get("Fn::Sub", "").replace(BUCKET, "${Bucket.Arn}")
            # A star stands behind a prefix of the one bucket, and nowhere else.
            assert "*" not in wide or re.fullmatch(r"\$\{Bucket.Arn\}/\$\{(Inbox|Results|Rejected)Prefix\}\*", wide)


def test_exactly_one_endpoint_may_be_invoked() -> None:
    invoking = [s for s in statements() if s["Action"] == "sagemaker:InvokeEndpoint"]
    # The page's function answers without it.
    assert len(invoking) == len(of_type("AWS::Lambda::Function")) - 1
    assert {s["Resource"]["Fn::Sub"].rpartition(":")[2] for s in invoking} == {"endpoint/${EndpointName}"}


def test_what_is_stored_is_encrypted_and_private() -> None:
    [bucket] = of_type("AWS::S3::Bucket").values()
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(queue["SqsManagedSseEnabled"] for queue in of_type("AWS::SQS::Queue").values())


def test_logs_end() -> None:
    functions = of_type("AWS::Lambda::Function").values()
    kept = of_type("AWS::Logs::LogGroup")
    assert {f["LoggingConfig"]["LogGroup"]["Ref"] for f in functions} == set(kept)
    assert all(group["RetentionInDays"] for group in kept.values())


@pytest.mark.parametrize(("auth", "scheme"), [("key", "api_key"), ("iam", "sigv4")])
def test_the_api_asks_for_a_key_or_for_iam(auth: str, scheme: str) -> None:
    operations = {
        (path, method): operation
        for path, methods in template.api_definition(ApiAuth=auth)["paths"].items()
        for method, operation in methods.items()
    }
    asking = {place for place, operation in operations.items() if operation["security"] == [{scheme: []}]}
    assert asking == {(path, method.lower()) for path, method in api.ROUTES.items()}
    # A browser has no identity of IAM, and so no use for the page.
    pages = {("/", "get"), ("/page/{version}/{file}", "get")} if auth == "key" else set()
    assert set(operations) - asking == pages


def test_a_stack_that_asks_for_iam_has_neither_key_nor_page() -> None:
    of_keys = {
        name for name, r in template.expand_template()["Resources"].items() if r.get("Condition") == "KeyIsAsked"
    }
    assert {"ApiKey", "UsagePlan", "UsagePlanKey", "PageFunction", "PageRole", "PageLog"} <= of_keys
    assert {n for n, output in WRITTEN["Outputs"].items() if output.get("Condition")} == {"ApiKeyId", "PageUrl"}


@pytest.mark.parametrize(("auth", "status", "reason"), [("key", 404, "not_found"), ("iam", 403, "forbidden")])
def test_what_is_not_there_can_not_be_told_from_what_is_not_signed(auth: str, status: int, reason: str) -> None:
    """API Gateway has one response for both; a stack that asks for a key gives it for paths alone."""
    answer = template.gateway_responses(ApiAuth=auth)["MISSING_AUTHENTICATION_TOKEN"]
    said = json.loads(answer["responseTemplates"]["application/json"])
    assert (answer["statusCode"], said["status"], said["reason"]) == (status, status, reason)


@pytest.mark.parametrize(
    ("parameters", "origins"),
    [
        ({}, [{"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}]),
        ({"ApiAuth": "iam"}, None),
        ({"ApiAuth": "iam", "CorsOrigin": "https://a.example"}, ["https://a.example"]),
    ],
)
def test_only_pages_that_may_call_the_api_upload_into_the_bucket(
    parameters: dict[str, str], origins: list[Any] | None
) -> None:
    [bucket] = of_type("AWS::S3::Bucket").values()
    settled = template.resolve(bucket, template.default_parameters() | parameters)
    rules = settled.get("CorsConfiguration", {"CorsRules": []})["CorsRules"]
    assert [rule["AllowedOrigins"] for rule in rules] == ([origins] if origins else [])
    assert all(rule["AllowedMethods"] == ["POST"] for rule in rules)


def test_the_stage_bears_as_much_as_one_key_may_use() -> None:
    [plan] = of_type("AWS::ApiGateway::UsagePlan").values()
    [stage] = of_type("AWS::ApiGateway::Stage").values()
    [whole] = stage["MethodSettings"]
    limits = {"RateLimit": whole["ThrottlingRateLimit"], "BurstLimit": whole["ThrottlingBurstLimit"]}
    assert limits == plan["Throttle"]


@pytest.mark.parametrize("origin", ["", "*", "https://faces.example.com", "http://localhost:8000"])
def test_an_origin_is_what_a_browser_sends_as_one(origin: str) -> None:
    assert re.search(WRITTEN["Parameters"]["CorsOrigin"]["AllowedPattern"], origin)


@pytest.mark.parametrize(
    "origin",
    [
        "faces.example.com",
        "https://faces.example.com/",
        "https://a.example 'x'",
        "https://a.example,https://b.example",
        "null",
    ],
)
def test_nothing_else_is_one(origin: str) -> None:
    assert not re.search(WRITTEN["Parameters"]["CorsOrigin"]["AllowedPattern"], origin)


@pytest.mark.parametrize(("path", "method"), api.ROUTES.items())
def test_a_preflight_is_answered_only_where_cors_is_open_and_allows_what_the_path_takes(path: str, method: str) -> None:
    [of_api] = of_type("AWS::ApiGateway::RestApi").values()
    condition, answered, otherwise = of_api["Body"]["paths"][path]["options"]["Fn::If"]
    assert (condition, otherwise) == ("CorsIsOpen", {"Ref": "AWS::NoValue"})
    answer = answered["x-amazon-apigateway-integration"]["responses"]["default"]
    headers = {name.rpartition(".")[2]: value for name, value in answer["responseParameters"].items()}
    assert headers["Access-Control-Allow-Origin"] == {"Fn::Sub": "'${CorsOrigin}'"}
    assert headers["Access-Control-Allow-Methods"] == f"'{method}'"
    assert {"content-type", "x-api-key", "authorization", "x-amz-date"} <= set(
        headers["Access-Control-Allow-Headers"].strip("'").split(",")
    )
    # API Gateway sends no header that the method does not declare.
    assert set(headers) == set(answered["responses"][answer["statusCode"]]["headers"])


def test_an_api_is_deployed_anew_when_a_parameter_has_changed() -> None:
    """SAM names a deployment after the API's text, in which a parameter's value does not stand."""

    def deployments() -> list[str]:
        expanded = template.expand_template()["Resources"].items()
        return [name for name, resource in expanded if resource["Type"] == "AWS::ApiGateway::Deployment"]

    first, end = deployments(), time.monotonic() + 3
    # With AlwaysDeploy, SAM names it after the second.
    while deployments() == first:
        assert time.monotonic() < end
