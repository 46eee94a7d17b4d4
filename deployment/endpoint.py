"""Deploys hosting.yaml: the endpoint with its model. A model that does not answer well is rolled back."""

import time
from pathlib import Path
from typing import Any

from deployment.errors import DeploymentError
from deployment.hosting import (
    Access,
    access_parameters,
    deployed_hosting,
    hosting_parameters,
    model_parameters,
    must_stop_scaling_first,
)
from deployment.model import PreparedModel
from deployment.names import Names
from deployment.progress import pause, print_line, show, show_stack
from deployment.stack_changes import Waiting, deploy_stack, previous, roll_back
from deployment.stacks import Stack, read_stack
from training.hosting.inventory import Clients, describe_endpoint
from training.hosting.options import Hosting
from training.hosting.rollout import logs_of
from training.hosting.smoke_test import run_smoke_test, smoke_test_requests

TEMPLATE = Path(__file__).parent.parent / "hosting.yaml"
# Seconds between two calls of an endpoint that is still starting its container.
START_SECONDS = 15
# The parameters of hosting.yaml that remove auto scaling and leave everything else as it is.
PAUSED = {"Scaling": "paused"}


def find_foreign_endpoint(
    names: Names, given: str | None, application: Stack | None, clients: Clients, cloudformation: Any
) -> str | None:
    """Returns the endpoint that the application uses and that the deployment does not own; None if it makes its own.

    given: the option --endpoint.
    application: the application's stack, if it exists. It keeps its endpoint unless another one is given.

    Raises DeploymentError if the given endpoint does not exist, or if the name of the deployment's own is taken.
    """
    used = application.parameters["EndpointName"] if application else None
    name = given or used or names.endpoint
    exists = describe_endpoint(name, clients["sagemaker"]) is not None
    if name != names.endpoint:
        if given and not exists:
            raise DeploymentError(f"there is no endpoint {name} in {names.region}: create it, or leave --endpoint out")
        return name
    if read_stack(cloudformation, names.model_stack) or not exists:
        return None
    if given or used:
        return name
    raise DeploymentError(
        f"endpoint {name} exists and is not part of a stack {names.model_stack}: use it with --endpoint {name}, or "
        "choose other names with --stack NAME"
    )


def read_model_stack(cloudformation: Any, names: Names) -> Stack | None:
    """The endpoint's stack; None if there is none that can be updated."""
    stack = read_stack(cloudformation, names.model_stack)
    return stack if stack and not stack.is_useless else None


def deploy_endpoint(
    names: Names, model: PreparedModel | None, hosting: Hosting, access: Access, clients: Clients, cloudformation: Any
) -> None:
    """Creates or updates the endpoint, and tests its model.

    model: None keeps the one that is deployed.

    Raises DeploymentError if the endpoint does not serve the model in the end. An endpoint that existed before serves
    again what it served.
    """
    parameters = {
        "EndpointName": names.endpoint,
        **(model_parameters(names.artifacts_bucket, model.key, model.container) if model else {}),
        **hosting_parameters(hosting),
        **access_parameters(access, hosting),
    }
    before = previous(cloudformation, names.model_stack)
    with show_stack(names.model_stack) as on_progress:
        waiting = Waiting(pause, on_progress)
        if before and must_stop_scaling_first(deployed_hosting(before[0].parameters), hosting):
            deploy_stack(cloudformation, names.model_stack, before[1], PAUSED, waiting)
        after = deploy_stack(cloudformation, names.model_stack, TEMPLATE.read_text(), parameters, waiting)
    if model and (fault := test_endpoint(names, model, clients)):
        raise DeploymentError(undo(names, fault, before, hosting, cloudformation))
    print_line(f"The stack {names.model_stack} is {after.status}: endpoint {names.endpoint}.")


def test_endpoint(names: Names, model: PreparedModel, clients: Clients) -> str | None:
    """Invokes the endpoint, and returns what is wrong with its model, or None."""
    requests = smoke_test_requests(names.endpoint, model.container.endpoint_input, model.contract)
    with show(f"asking the endpoint {names.endpoint}"):
        for request in requests:
            client = clients[request.service]
            if fault := run_smoke_test(request, model.contract, client, lambda: time.sleep(START_SECONDS)):
                return fault
    return None


def undo(names: Names, fault: str, before: tuple[Stack, str] | None, hosting: Hosting, cloudformation: Any) -> str:
    """Returns the endpoint to what it was, and returns the text of the error. hosting: what it runs on now."""
    text = f"the endpoint {names.endpoint} does not answer as the model should ({fault}); {logs_of(names.endpoint)}"
    if before is None:
        return f"{text}; deploy another model, or remove everything with make undeploy"
    with show_stack(names.model_stack) as on_progress:
        waiting = Waiting(pause, on_progress)
        if must_stop_scaling_first(hosting, deployed_hosting(before[0].parameters)):
            deploy_stack(cloudformation, names.model_stack, TEMPLATE.read_text(), PAUSED, waiting)
        roll_back(cloudformation, *before, waiting)
    return f"{text}; it serves again what it served before"
