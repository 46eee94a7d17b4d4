"""With ExistingBucket, the stack uses a bucket that it neither creates nor changes."""

import json
import re

import pytest

from local import template
from local.cloud import UNDEPLOYED_REFERENCES
from tests.support.stack import TEMPLATE, WITH_EXISTING_BUCKET

PARAMETER = template.load_template()["Parameters"]["ExistingBucket"]


def test_the_stack_has_no_resource_that_creates_or_changes_the_bucket() -> None:
    removed = TEMPLATE["Resources"].keys() - WITH_EXISTING_BUCKET["Resources"].keys()
    assert {TEMPLATE["Resources"][name]["Type"] for name in removed} == {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
    types = {resource["Type"] for resource in WITH_EXISTING_BUCKET["Resources"].values()}
    assert not [name for name in types if name.startswith("AWS::S3::")]


def test_nothing_refers_to_the_bucket_that_the_stack_would_create() -> None:
    text = json.dumps([WITH_EXISTING_BUCKET["Resources"], WITH_EXISTING_BUCKET["Outputs"]])
    assert not re.findall(r'\$\{Bucket\b|"(?:Ref|DependsOn)": "Bucket(?:Policy)?"|"Fn::GetAtt": \["Bucket', text)
    assert "${AWS::StackName}-${AWS::AccountId}" not in text


def test_functions_and_outputs_name_the_existing_bucket() -> None:
    values = template.default_parameters() | UNDEPLOYED_REFERENCES | {"ExistingBucket": "faces"}
    environment = template.function_environment(values)
    assert (environment["BUCKET"], environment["BUCKET_ORIGIN"]) == (
        "faces",
        "https://faces.s3.us-east-1.amazonaws.com",
    )
    outputs = template.load_template()["Outputs"]
    assert template.resolve_text(outputs["BucketName"]["Value"], values) == "faces"
    assert template.resolve_text(outputs["Results"]["Value"], values) == "s3://faces/results/"


def test_only_a_stack_with_an_existing_bucket_tells_its_user_to_connect_it() -> None:
    assert template.load_template()["Outputs"]["ConnectCommand"]["Condition"] == "BucketExists"
    for bucket, exists in (("", False), ("faces", True)):
        assert template.evaluate_condition("BucketExists", {"ExistingBucket": bucket}) is exists


@pytest.mark.parametrize("name", ["InboxDays", "ResultsDays"])
@pytest.mark.parametrize(("days", "accepted"), [("0", True), ("30", False)])
def test_the_stack_can_not_promise_to_delete_objects_in_an_existing_bucket(
    name: str, days: str, accepted: bool
) -> None:
    rule = template.load_template()["Rules"]["ExistingBucketsKeepTheirRules"]
    parameters = {**template.default_parameters(), "ExistingBucket": "faces", name: days}
    assert template.evaluate_condition(rule["RuleCondition"], parameters)
    assert all(template.evaluate_condition(a["Assert"], parameters) for a in rule["Assertions"]) is accepted
    assert not template.evaluate_condition(rule["RuleCondition"], template.default_parameters())


@pytest.mark.parametrize("name", ["", "abc", "my-faces-2", "a" * 63])
def test_names_of_buckets_are_accepted(name: str) -> None:
    assert re.search(PARAMETER["AllowedPattern"], name)


@pytest.mark.parametrize("name", ["ab", "Faces", "my.faces", "-faces", "s3://faces", "a" * 64])
def test_other_names_are_refused(name: str) -> None:
    """With a dot in the name, S3's certificate would not match the address that browsers use."""
    assert not re.search(PARAMETER["AllowedPattern"], name)
