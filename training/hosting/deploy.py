"""What the command `deploy` does: it deploys a model to an endpoint, or deletes an endpoint."""

import json
import shlex
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mien.logic.contract import Contract, built_in_contract
from mien.logic.labels import find_fault
from training.console import console
from training.hosting.artifact import ModelArtifact, Source, find_artifact
from training.hosting.container import Container, choose_container
from training.hosting.inventory import Clients, EndpointDescription, read_state, wait_until_settled
from training.hosting.options import DEFAULT_LABELS, ContainerKind, Hosting, Serverless
from training.hosting.plan import plan_deletion, plan_deployment
from training.hosting.quotas import validate_quota
from training.hosting.request import AwsRequest, printable_request, validate_request
from training.hosting.resources import is_already_served
from training.hosting.rollout import Rollout, Wait, delete_endpoint
from training.hosting.state import TRANSIENT_STATUSES, DesiredEndpoint, EndpointState, validate_transition

errors = Console(stderr=True)
# An endpoint needs minutes until it is in service.
POLL_SECONDS = 15


@dataclass(frozen=True)
class DeployOptions:
    """What to deploy, and how.

    source: the model.
    endpoint: the endpoint's name.
    role: the ARN of the role that SageMaker assumes.
    container, image: which container serves the model; None chooses what fits the model.
    labels: of a model of SageMaker's built-in algorithm; None for the template's default.
    wait: wait until the model serves, and test it.
    dry_run: print the requests and send none.
    """

    source: Source
    endpoint: str
    role: str
    container: ContainerKind | None
    image: str | None
    hosting: Hosting
    labels: tuple[str, ...] | None
    wait: bool
    dry_run: bool


def deploy_model(options: DeployOptions, clients: Clients) -> None:
    """Deploys a model, and prints what the endpoint serves.

    Raises ValueError if the model cannot be deployed, or if the endpoint does not serve it in the end. Raises
    botocore's ClientError if AWS refuses a request.
    """
    with tempfile.TemporaryDirectory(prefix="mien-deploy-") as scratch:
        artifact = find_artifact(options.source, clients, Path(scratch))
        region = clients["sagemaker"].meta.region_name
        container = choose_container(options.container, options.image, artifact, options.hosting, region)
        contract = expected_contract(artifact, container, options.labels)
        # The requests of a dry run are JSON on stdout.
        print_warning(describe_model(contract))
        desired = DesiredEndpoint(options.endpoint, options.role, artifact, container, options.hosting, contract)
        if options.source.is_offline:
            print_requests(plan_deployment(desired, EndpointState(), datetime.now(UTC)), clients)
            return
        deploy_desired(desired, options, clients)


def deploy_desired(desired: DesiredEndpoint, options: DeployOptions, clients: Clients) -> None:
    """Makes the endpoint what is desired, or prints the requests that would."""
    validate_quota(options.hosting, clients["service-quotas"], print_warning)
    wait = make_wait(options.endpoint, clients)
    if options.wait and not options.dry_run:
        # An earlier deployment may have been interrupted while the endpoint was changing.
        wait()
    state = read_state(options.endpoint, clients)
    validate_transition(desired, state)
    requests = plan_deployment(desired, state, datetime.now(UTC))
    if options.dry_run:
        print_requests(requests, clients)
        return
    Rollout(desired, state, clients, wait if options.wait else None, pause).run(requests)
    print_result(desired, changed=not is_already_served(desired, state), waited=options.wait)


def expected_contract(artifact: ModelArtifact, container: Container, labels: tuple[str, ...] | None) -> Contract:
    """Returns what the served model should be.

    labels: of the option --labels, which only SageMaker's built-in algorithm needs: its models have no names.
    Raises ValueError if the labels don't fit.
    """
    if container.kind == "built-in":
        fault = find_fault(labels or DEFAULT_LABELS)
        if fault:
            raise ValueError(f"--labels can't be used: {fault}")
        return built_in_contract(labels or DEFAULT_LABELS)
    if labels:
        raise ValueError("--labels is for SageMaker's built-in algorithm: the labels of this model are in model.json")
    assert artifact.contract, "a model for our container has been checked"
    return artifact.contract


def describe_model(contract: Contract) -> str:
    """Returns a sentence that names the labels."""
    what = "faces in photos" if contract.faces == "find" else "whole images"
    version = f"model {contract.version}" if contract.version else "the model"
    labels = f"{len(contract.labels):,} labels: {', '.join(contract.labels)}"
    return f"{version} classifies {what}, as {contract.input_name}, with {labels}"


def print_result(desired: DesiredEndpoint, changed: bool, waited: bool) -> None:
    """Prints what the endpoint serves, and the parameters with which the functions call it.

    changed: whether this deployment has changed the endpoint.
    waited: whether the endpoint has been waited for and tested.
    """
    name = desired.endpoint
    if changed and not waited:
        print_line(
            f"endpoint {name} is changing; when aws sagemaker wait endpoint-in-service --endpoint-name {name} has "
            "returned, run this again: it tests the model, sets up auto scaling and deletes what is no longer needed"
        )
    else:
        print_line(f"endpoint {name} serves {desired.artifact.uri}" + ("" if changed else ", as before"))
    parameters = f"EndpointName={name} EndpointInput={desired.container.endpoint_input}"
    if isinstance(desired.hosting, Serverless) and desired.hosting.functions_concurrency:
        parameters += f" MaximumConcurrency={desired.hosting.functions_concurrency}"
    if desired.container.endpoint_input == "image":
        parameters += f" {shlex.quote('Labels=' + ','.join(desired.contract.labels))}"
    print_line(f"sam deploy --parameter-overrides {parameters}")


def delete_deployment(endpoint: str, clients: Clients, yes: bool, wait: bool, dry_run: bool) -> None:
    """Deletes an endpoint and everything that deployments made for it, except artifacts in S3.

    yes: delete without asking.
    wait: wait first until the endpoint is not changing.
    dry_run: print the requests and send none.
    Raises ValueError if the endpoint is changing, or was not made by a deployment.
    """
    wait_for_endpoint = make_wait(endpoint, clients)
    if wait and not dry_run:
        wait_for_endpoint()
    state = read_state(endpoint, clients)
    if state.status in TRANSIENT_STATUSES and not dry_run:
        raise ValueError(f"endpoint {endpoint} is {state.status} and cannot be deleted now: run this with --wait")
    requests = plan_deletion(endpoint, state)
    if dry_run:
        print_requests(requests, clients)
        return
    if not requests:
        print_line(f"nothing is left of endpoint {endpoint}")
        return
    names = [name for request in requests for name in deleted_names(request)]
    if not yes:
        typer.confirm(f"Delete {', '.join(names)}?", abort=True)
    delete_endpoint(endpoint, state, clients, wait_for_endpoint)
    for name in names:
        print_line(f"deleted: {name}")
    artifact = state.model.get("PrimaryContainer", {}).get("ModelDataUrl", "model artifacts")
    print_line(f"not deleted: {artifact} in S3, which costs only its storage")


def deleted_names(request: AwsRequest) -> list[str]:
    """Returns the kind and name of everything that a request of a deletion deletes."""
    parameters = request.parameters
    match request.operation:
        case "delete_scaling_policy":
            return [f"scaling policy {parameters['PolicyName']}"]
        case "deregister_scalable_target":
            return [f"scalable target {parameters['ResourceId']}"]
        case "delete_endpoint":
            return [f"endpoint {parameters['EndpointName']}"]
        case "delete_endpoint_config":
            return [f"endpoint configuration {parameters['EndpointConfigName']}"]
        case "delete_model":
            return [f"model {parameters['ModelName']}"]
        case _:
            return [f"alarm {name}" for name in parameters["AlarmNames"]]


def make_wait(endpoint: str, clients: Clients) -> Wait:
    """Returns a function that waits until the endpoint is not changing, and shows its status and the elapsed time."""

    def wait() -> EndpointDescription | None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task(f"endpoint {endpoint}", total=None)

            def show_status(status: str) -> None:
                progress.update(task, description=f"endpoint {endpoint}: {status}")

            return wait_until_settled(endpoint, clients["sagemaker"], pause, show_status)

    return wait


def pause() -> None:
    time.sleep(POLL_SECONDS)


def print_requests(requests: Sequence[AwsRequest], clients: Clients) -> None:
    """Prints requests as JSON. Raises ValueError if AWS would not accept one."""
    for request in requests:
        validate_request(request, clients[request.service])
    typer.echo(json.dumps([printable_request(request) for request in requests], indent=2))


def print_warning(text: str) -> None:
    # The requests of a dry run are JSON on stdout.
    errors.print(text, highlight=False, soft_wrap=True, markup=False)


def print_line(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)
