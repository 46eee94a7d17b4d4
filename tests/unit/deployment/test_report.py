"""What a deployment prints says what it will do, and in the end fits the API that was deployed."""

import pytest

from deployment.api import Api
from deployment.names import Names
from deployment.plan import Plan
from deployment.report import plan_lines, report
from deployment.stacks import Stack

URL = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1"
OUTPUTS = {
    "ApiKeyId": "k1",
    "BucketName": "faces",
    "Inbox": "s3://faces/inbox/",
    "Results": "s3://faces/results/",
    "Rejected": "s3://faces/rejected/",
    "ResultFormat": "documents",
}


def text(key: str | None, hide_key: bool = False, stack: str = "mien") -> str:
    outputs = {name: value for name, value in OUTPUTS.items() if key or name != "ApiKeyId"}
    return report(Names(stack, "123456789012", "eu-central-1"), Api(URL, key, None, "eu-central-1"), outputs, hide_key)


def test_an_api_with_a_key_has_a_page_with_the_key_in_its_address() -> None:
    printed = text("secret")
    assert f"\n{URL}/#key=secret\n" in printed
    assert f"export API={URL} KEY=secret BUCKET=faces" in printed
    assert "get-api-key" not in printed


def test_a_hidden_key_is_nowhere_and_a_command_shows_it() -> None:
    printed = text("secret", hide_key=True)
    assert "secret" not in printed
    assert f"{URL}/#key=KEY" in printed
    assert "get-api-key --include-value --api-key k1 --query value" in printed


def test_an_api_that_wants_signed_requests_has_no_page_and_no_key_to_hide() -> None:
    for printed in (text(None), text(None, hide_key=True)):
        assert "#key=" not in printed
        assert "x-api-key" not in printed
        assert "get-api-key" not in printed
        assert f"signed with AWS credentials: {URL}" in printed
        assert "aws s3 cp samples/faces/happy/1.png s3://faces/inbox/" in printed


def test_the_command_that_removes_it_names_the_stack_if_that_is_not_the_usual_one() -> None:
    assert text("secret").partition("\n")[0].endswith("To remove it: make undeploy")
    assert text("secret", stack="mien-staging").partition("\n")[0].endswith("make undeploy STACK=mien-staging")


def planned(result_format: str, deployed: str | None) -> str:
    """The printed plan. deployed: the format of results of the stack that exists; None if there is no stack."""
    names = Names("mien", "123456789012", "eu-central-1")
    parameters = {"ResultFormat": deployed} if deployed else {}
    stack = Stack("mien", "arn", "CREATE_COMPLETE", "", False, parameters, {}) if deployed is not None else None
    plan = Plan(names, stack, "faces", None, None, 5, None, "arm64", "direct", "none", result_format)
    return "\n".join(plan_lines(plan))


def test_the_plan_says_how_results_are_stored_and_what_a_million_images_cost_then() -> None:
    assert "results: a document for each image" in planned("documents", None)
    assert "results: JSON Lines, an object for each batch" in planned("lines", None)
    dollars = [planned(each, None).partition("in use: $")[2].partition(" ")[0] for each in ("documents", "lines")]
    # Without the PUT for 31 of 32 images, and without a HEAD for each.
    assert float(dollars[0]) - float(dollars[1]) == pytest.approx(5 * 31 / 32 + 0.40, abs=0.01)


def test_the_plan_warns_if_the_format_of_results_changes() -> None:
    for same in ("documents", "lines"):
        assert "ResultFormat changes" not in planned(same, same) + planned(same, None)
    changed = planned("lines", "documents")
    assert "ResultFormat changes from documents to lines: documents that are stored already stay" in changed
    # A stack without the parameter stores documents.
    assert changed == planned("lines", "")
    assert "ResultFormat changes from lines to documents" in planned("documents", "lines")
