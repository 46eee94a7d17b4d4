"""What `deploy` prints: first what it will do, and in the end what to try."""

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from cli import printable
from deployment.api import Api
from deployment.estimate import Plan as CostPlan
from deployment.estimate import estimate
from deployment.estimate_text import summary, table
from deployment.names import Names
from deployment.plan import Plan
from deployment.stacks import read_stack
from examples import api_commands, export_command, inbox_commands, indented, page_address
from training.hosting.options import Instances, Serverless

HIDDEN_KEY = "KEY"
# What the plan says about the format of results, and about a stack that has stored the other one until now.
RESULTS = {
    "documents": "a document for each image, which the API and the page show",
    "lines": "JSON Lines, an object for each batch; the API and the page do not show them, and there are no reviews",
}
CHANGED_RESULTS = {
    "documents": "lines that are stored already stay: they are not moved, and the API and the page do not show them",
    "lines": "documents that are stored already stay: they are neither moved nor deleted with their images any more",
}


def plan_lines(plan: Plan, in_parts: bool = False) -> list[str]:
    """What the deployment makes or updates, one line each, and what it costs.

    in_parts: with all parts of the costs.
    """
    names = plan.names
    verb = "updates" if plan.stack else "makes"
    lines = [f"Account {names.account}, region {names.region}:"]
    if plan.hosting:
        model = f"serves {plan.model}" if plan.model else "keeps its model"
        lines.append(f"  stack {names.model_stack}: the endpoint {plan.endpoint} {model}, {describe_hosting(plan)}")
    else:
        lines.append(f"  endpoint {plan.endpoint}, which exists already and stays as it is")
    bucket = plan.existing_bucket or names.bucket
    kept = ", which exists already" if plan.existing_bucket else ""
    lines.append(f"  stack {names.stack} ({verb} it): functions, API, queues, alarms; bucket {bucket}{kept}")
    lines += result_lines(plan)
    artifacts = "the model, and the functions' packages" if plan.hosting else "the functions' packages"
    lines.append(f"  bucket {names.artifacts_bucket}: {artifacts}")
    costs = estimate(
        CostPlan(
            plan.hosting,
            "x86_64" if plan.architecture == "x86_64" else "arm64",
            "eventbridge" if plan.notifications == "eventbridge" else "direct",
            plan.traffic_shift != "none",
            "lines" if plan.result_format == "lines" else "documents",
        )
    )
    parts = ["", *table(costs), ""] if in_parts else []
    return [*lines, "What it costs:", *(f"  {line}" for line in [*summary(costs), *parts])]


def result_lines(plan: Plan) -> list[str]:
    """How results are stored, and a warning if that changes."""
    lines = [f"  results: {RESULTS[plan.result_format]}"]
    if plan.old_result_format != plan.result_format:
        lines.append(
            f"  ResultFormat changes from {plan.old_result_format} to {plan.result_format}: "
            f"{CHANGED_RESULTS[plan.result_format]}"
        )
    return lines


def describe_hosting(plan: Plan) -> str:
    hosting = plan.hosting
    if isinstance(hosting, Serverless):
        return f"serverless with {hosting.memory_mb:,} MB and up to {hosting.concurrency} calls at the same time"
    assert isinstance(hosting, Instances)
    if hosting.has_scaling:
        return f"on {hosting.minimum} to {hosting.maximum} instances {hosting.type}"
    return f"on {hosting.minimum} x {hosting.type}"


def print_report(names: Names, api: Api, session: Any, hide_key: bool) -> None:
    """Prints the page's address, the key, and commands that work as they are printed."""
    stack = read_stack(session.client("cloudformation"), names.stack)
    assert stack, "it was deployed just now"
    text = report(names, api, stack.outputs, hide_key)
    Console(file=sys.stdout).print("\n" + printable(text, kept="\n"), highlight=False, markup=False, soft_wrap=True)


def report(names: Names, api: Api, outputs: Mapping[str, str], hide_key: bool) -> str:
    """What a user can try now.

    outputs: of the application's stack.
    hide_key: put a word in place of the API key, and say how to see the key. An API without a key has nothing to hide.
    """
    key = HIDDEN_KEY if hide_key and api.key else api.key
    undeploy = "make undeploy" if names.stack == "mien" else f"make undeploy STACK={names.stack}"
    sections = [f"Mien runs in account {names.account}, region {names.region}. To remove it: {undeploy}"]
    if page := page_address(api.url, key):
        sections.append(f"The page, with the API key in its address:\n\n{page}")
    sections.append("With the AWS CLI:\n\n" + indented(inbox_commands(outputs)))
    if key:
        sections.append("One image in one request:\n\n" + indented(api_commands(api.url, key)))
        export = export_command(api.url, key, outputs["BucketName"])
        sections.append("Variables for the examples of the documentation:\n\n" + indented([export]))
    else:
        sections.append(f"The API wants requests that are signed with AWS credentials: {api.url}")
    if key == HIDDEN_KEY:
        command = f"aws apigateway get-api-key --include-value --api-key {outputs['ApiKeyId']} --query value"
        sections.append(f"{HIDDEN_KEY} stands for the API key. To see it:\n\n{indented([command])}")
    return "\n\n".join(sections)
