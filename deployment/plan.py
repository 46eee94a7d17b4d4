"""Decides what a deployment will do, from what the user wants and what the account has. Nothing is changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployment.application import validate_parameters
from deployment.bucket import choose_bucket
from deployment.endpoint import find_foreign_endpoint, read_model_stack
from deployment.errors import DeploymentError
from deployment.hosting import Access, deployed_hosting
from deployment.model import DEFAULT_MODEL, ModelOptions
from deployment.names import Names
from deployment.parameters import CONCURRENCY, endpoint_parameters, shift_parameters, value_of
from deployment.stacks import Stack, read_stack
from operate.stack import OWN_PARAMETERS
from training.hosting.inventory import Clients
from training.hosting.options import Hosting, validate_hosting

RESULT_FORMATS = ("documents", "lines")


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
    architecture, notifications, traffic_shift, result_format: as the template's parameters.
    """

    names: Names
    stack: Stack | None
    endpoint: str
    hosting: Hosting | None
    model: str | None
    concurrency: int
    existing_bucket: str | None
    architecture: str
    notifications: str
    traffic_shift: str
    result_format: str

    @property
    def old_result_format(self) -> str:
        """The format of the results that the stack has stored until now; that of the plan if there is no stack."""
        if self.stack is None:
            return self.result_format
        # Stacks of older versions have no such parameter.
        return self.stack.parameters.get("ResultFormat", "documents")


def make_plan(options: DeployOptions, clients: Clients, session: Any) -> Plan:
    """Reads the account, and returns what the deployment will do. Changes nothing.

    clients: boto3's, by service.
    session: boto3's.
    Raises DeploymentError or ValueError if it can't be done.
    """
    names, cloudformation = options.names, session.client("cloudformation")
    validate_parameters(options.parameters)
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
    deployed_values = stack.parameters if stack else {}
    given = {
        **shift_parameters(deployed_values),
        **endpoint_parameters(endpoint, hosting),
        **options.parameters,
    }
    names_of_values = (CONCURRENCY, "Architecture", "Notifications", "TrafficShift", "ResultFormat")
    values = {name: value_of(name, given, deployed_values) for name in names_of_values}
    if not values[CONCURRENCY].isdecimal():
        raise DeploymentError(f"--parameter {CONCURRENCY}={values[CONCURRENCY]} is not a number")
    if values["ResultFormat"] not in RESULT_FORMATS:
        raise DeploymentError(f"--parameter ResultFormat={values['ResultFormat']} is not {' or '.join(RESULT_FORMATS)}")
    bucket = choose_bucket(clients["s3"], names, stack, options.bucket)
    return Plan(
        names,
        stack,
        endpoint,
        hosting,
        model,
        int(values[CONCURRENCY]),
        bucket,
        values["Architecture"],
        values["Notifications"],
        values["TrafficShift"],
        values["ResultFormat"],
    )


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
