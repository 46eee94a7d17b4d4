"""What the command `deploy` does, from checks that change nothing to the first label."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment import application
from deployment.api import Api, ask_once, connect
from deployment.artifacts import bucket_exists, prepare_bucket
from deployment.bucket import choose_bucket, delete_if_empty
from deployment.endpoint import deploy_endpoint, find_foreign_endpoint, read_model_stack
from deployment.errors import DeploymentError
from deployment.hosting import Access, deployed_hosting
from deployment.model import DEFAULT_MODEL, ModelOptions, prepare_model
from deployment.names import Names
from deployment.parameters import CONCURRENCY, access_parameters, endpoint_parameters, model_parameters, value_of
from deployment.progress import pause, print_line, show, show_stack
from deployment.stack_changes import Waiting, find_updatable
from deployment.stacks import Stack, explain_failure, read_progress, read_stack
from operate.connect import connect as connect_bucket
from operate.stack import OWN_PARAMETERS
from training.hosting.inventory import Clients, make_clients
from training.hosting.options import Hosting, validate_hosting


@dataclass(frozen=True)
class DeployOptions:
    """What to deploy, and how.

    choose_hosting: returns what the endpoint should run on, from what it runs on now.
    endpoint: an endpoint that exists already; None if the deployment makes one.
    bucket: a bucket that exists already; None if the stack makes one.
    parameters: of template.yaml, by name.
    confirm: gets the plan, and returns whether to go on.
    """

    names: Names
    model: ModelOptions
    choose_hosting: Callable[[Hosting | None], Hosting]
    endpoint: str | None
    bucket: str | None
    access: Access
    parameters: Mapping[str, str]
    confirm: Callable[["Plan"], bool]


@dataclass(frozen=True)
class Plan:
    """What a deployment will do, before it does anything.

    stack: the application's stack; None if it will be created.
    endpoint: the name of the endpoint that the application will use.
    hosting: what the endpoint will run on; None if the endpoint exists already and is not part of the deployment.
    model: the model that it will serve, as ModelOptions.word; None if it keeps its model, or is not part of this.
    concurrency: how many batches the functions send to it at the same time.
    existing_bucket: as the template's ExistingBucket; None if the stack has a bucket of its own.
    """

    names: Names
    stack: Stack | None
    endpoint: str
    hosting: Hosting | None
    model: str | None
    concurrency: int
    existing_bucket: str | None


def make_plan(options: DeployOptions, clients: Clients, session: Any) -> Plan:
    """Reads the account, and returns what the deployment will do. Changes nothing.

    clients: boto3's, by service.
    session: boto3's.
    Raises DeploymentError or ValueError if it can't be done.
    """
    names, cloudformation = options.names, session.client("cloudformation")
    application.validate_parameters(options.parameters)
    stack = read_application(cloudformation, names)
    foreign = find_foreign_endpoint(names, options.endpoint, stack, clients, cloudformation)
    hosting, model = None, None
    if foreign is None:
        deployed = read_model_stack(cloudformation, names)
        hosting = options.choose_hosting(deployed_hosting(deployed.parameters) if deployed else None)
        model = options.model.word or (None if keeps_model(options.model, deployed, stack) else DEFAULT_MODEL)
        types = clients["sagemaker"].meta.service_model.shape_for("ProductionVariantInstanceType").enum
        validate_hosting(hosting, types)
    endpoint = foreign or names.endpoint
    given = {**endpoint_parameters(endpoint, hosting), **options.parameters}
    concurrency = int(value_of(CONCURRENCY, given, stack.parameters if stack else {}))
    bucket = choose_bucket(clients["s3"], names, stack, options.bucket)
    return Plan(names, stack, endpoint, hosting, model, concurrency, bucket)


def keeps_model(options: ModelOptions, deployed: Stack | None, stack: Stack | None) -> bool:
    """Whether the endpoint keeps its model, because it has one and no other is given.

    deployed: the endpoint's stack, and stack: the application's, if they exist.
    Raises DeploymentError if the model has to be given.
    """
    if deployed is None:
        return False
    if options.container or options.image or options.labels:
        raise DeploymentError("MODEL is missing: --container, --image and --labels belong to a model")
    if stack is None and deployed.parameters["Container"] == "built-in":
        raise DeploymentError("MODEL is missing: the application has to know its labels, and does not exist yet")
    return True


def read_application(cloudformation: Any, names: Names) -> Stack | None:
    """The application's stack, if it can be updated. Raises DeploymentError if it is another application's."""
    stack = read_stack(cloudformation, names.stack)
    if stack is None or stack.is_useless:
        return None
    if missing := OWN_PARAMETERS - stack.parameters.keys():
        raise DeploymentError(
            f"stack {names.stack} exists and is not a stack of Mien, because it has no parameter {min(missing)}: "
            "choose another name with --stack NAME"
        )
    return stack


def deploy_all(options: DeployOptions, session: Any) -> Api | None:
    """Deploys what is missing or has changed, and waits until the API answers. Returns the API.

    Returns None, and changes nothing, if the user does not confirm the plan.
    Raises DeploymentError or ValueError, with the way out. What was made stays, and a second run continues.
    """
    names = options.names
    clients = make_clients(names.region)
    plan = make_plan(options, clients, session)
    if not options.confirm(plan):
        return None
    application.require_sam()
    given = {**endpoint_parameters(plan.endpoint, plan.hosting), **access_parameters(options.access)}
    with tempfile.TemporaryDirectory(prefix="mien-deploy-") as scratch:
        model = None
        if plan.hosting and plan.model:
            is_new = not bucket_exists(clients["s3"], names.artifacts_bucket, names.account)
            model = prepare_model(plan.model, options.model, names, plan.hosting, clients, Path(scratch), is_new)
            given |= model_parameters(model.container.endpoint_input, model.contract.labels)
        given |= options.parameters
        build(plan, given)
        prepare_bucket(clients["s3"], names, options.access.kms_key)
        if model:
            model.store()
        if plan.hosting:
            cloudformation = session.client("cloudformation")
            deploy_endpoint(names, model, plan.hosting, options.access, clients, cloudformation)
    return deploy_stack(plan, given, clients["s3"], session)


def build(plan: Plan, given: Mapping[str, str]) -> None:
    architecture = value_of("Architecture", given, plan.stack.parameters if plan.stack else {})
    with show(f"building the functions for {architecture}"):
        application.build({**given, "Architecture": architecture})
    print_line(f"Built the functions for {architecture}.")


def deploy_stack(plan: Plan, given: Mapping[str, str], s3: Any, session: Any) -> Api:
    """Deploys the application's stack, and asks its API. given: parameters of template.yaml, by name."""
    names, cloudformation = plan.names, session.client("cloudformation")
    bucket = plan.existing_bucket
    with show_stack(names.stack) as on_progress:
        find_updatable(cloudformation, names.stack, Waiting(pause, on_progress))
        if bucket == names.bucket and plan.stack is None and delete_if_empty(s3, bucket):
            bucket = None
        parameters = {**given, **({"ExistingBucket": bucket} if bucket else {})}

        def while_running() -> None:
            if stack := read_stack(cloudformation, names.stack):
                on_progress(read_progress(cloudformation, stack))

        output = application.deploy(names, parameters, while_running)
    stack = read_stack(cloudformation, names.stack)
    if output is not None or stack is None:
        reason = f"sam deploy failed:\n{output}"
        if stack and not stack.is_good:
            reason = explain_failure(cloudformation, stack)
        raise DeploymentError(
            f"{reason}\nSAM's output is in {application.LOG}. When the cause is gone, run this again."
        )
    print_line(f"The stack {names.stack} is {stack.status}.")
    if bucket:
        connect_bucket(names.stack)
    return ask(connect(stack.outputs, session))


def ask(api: Api) -> Api:
    with show("asking the API") as remark:
        document = ask_once(api, pause, remark)
    label = document.get("label") or document["status"]
    print_line(f"The API labels a sample of a happy face as {label}.")
    return api
