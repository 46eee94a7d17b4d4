"""An update of the stack publishes new versions of the functions, and their aliases pass to them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud import STACK, Cloud
from local.processes import start_cloud
from local.stack import CODE_BUCKET, TEMPLATE_KEY, create_stack, finish_deployment, stack_parameters, template_url
from tests.support.bucket import Bucket
from tests.support.invoking import ALIAS
from tests.support.rest import sending


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A cloud of its own, because the other tests need their stack as it is."""
    with start_cloud() as empty:
        create_stack(empty)
        yield finish_deployment(empty)


def update(cloud: Cloud, name: str, value: str) -> None:
    """Updates the stack with another value of a parameter.

    The value is a default in the template, because MiniStack tells SAM's transform no other values. AWS does.
    """
    s3, cloudformation = cloud.client("s3"), cloud.client("cloudformation")
    written = json.loads(s3.get_object(Bucket=CODE_BUCKET, Key=TEMPLATE_KEY)["Body"].read())
    written["Parameters"][name]["Default"] = value
    s3.put_object(Bucket=CODE_BUCKET, Key=TEMPLATE_KEY, Body=json.dumps(written).encode())
    cloudformation.update_stack(
        StackName=STACK,
        TemplateURL=template_url(cloud),
        Parameters=[{"ParameterKey": parameter, "UsePreviousValue": True} for parameter in stack_parameters()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    waiter = cloudformation.get_waiter("stack_update_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})


def live(cloud: Cloud) -> dict[str, Any]:
    """The configurations that the aliases point to, by the names of the handlers."""
    functions = cloud.client("lambda")
    found = [
        functions.get_function_configuration(FunctionName=function["FunctionName"], Qualifier=ALIAS)
        for function in functions.list_functions()["Functions"]
    ]
    return {configuration["Handler"].split(".")[2]: configuration for configuration in found}


def versions(cloud: Cloud) -> list[list[str]]:
    functions = cloud.client("lambda")
    return [
        [v["Version"] for v in functions.list_versions_by_function(FunctionName=f["FunctionName"])["Versions"]]
        for f in functions.list_functions()["Functions"]
    ]


def test_the_queue_and_the_api_use_the_new_version_after_an_update(cloud: Cloud, sample: bytes) -> None:
    assert versions(cloud) == [["$LATEST", "1"]] * 3
    [mapping] = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionArn"].endswith(f":{ALIAS}")

    update(cloud, "InboxPrefix", "in/")
    assert {each["Environment"]["Variables"]["INBOX_PREFIX"] for each in live(cloud).values()} == {"in/"}
    # The old versions are deleted.
    assert versions(cloud) == [["$LATEST", "2"]] * 3
    updated = finish_deployment(cloud)
    bucket = Bucket.in_cloud(updated)
    assert bucket.inbox == "in/"
    assert bucket.classify("face.png", sample)["image"]["key"] == "in/face.png"
    found = sending(updated)("GET", "/results/face.png")
    assert (found.status, found.json["image"]["key"]) == (200, "in/face.png")


def test_an_update_of_something_else_publishes_nothing(cloud: Cloud) -> None:
    before = {name: configuration["Version"] for name, configuration in live(cloud).items()}
    update(cloud, "LogDays", "7")
    assert {name: configuration["Version"] for name, configuration in live(cloud).items()} == before
