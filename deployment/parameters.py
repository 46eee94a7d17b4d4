"""The parameters of template.yaml: those that the user gives, and those that follow from the endpoint."""

from collections.abc import Mapping, Sequence

from deployment.errors import DeploymentError
from deployment.hosting import Access
from local.template import SHIFT, default_parameters
from training.hosting.options import Hosting, Serverless

CONCURRENCY = "MaximumConcurrency"


def parse_parameters(words: Sequence[str]) -> dict[str, str]:
    """Reads words such as InboxDays=30. Raises DeploymentError if one has no equals sign."""
    parameters = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise DeploymentError(f"--parameter {word!r} is not of the form NAME=VALUE, such as InboxDays=30")
        parameters[name] = value
    return parameters


def access_parameters(access: Access) -> dict[str, str]:
    """The parameters about roles, keys and networks that were given."""
    values = {
        "PermissionsBoundary": access.boundary,
        "KmsKeyArn": access.kms_key,
        "SubnetIds": access.subnets,
        "SecurityGroupIds": access.security_groups,
    }
    return {name: value for name, value in values.items() if value is not None}


def endpoint_parameters(name: str, hosting: Hosting | None) -> dict[str, str]:
    """The parameters that follow from the endpoint. hosting: None if it is not part of the deployment."""
    parameters = {"EndpointName": name}
    if isinstance(hosting, Serverless) and hosting.functions_concurrency:
        parameters[CONCURRENCY] = str(hosting.functions_concurrency)
    return parameters


def shift_parameters(deployed: Mapping[str, str]) -> dict[str, str]:
    """Lets a stack shift traffic gradually to new versions of its functions. A stack that has a value keeps it.

    deployed: the stack's parameters; empty if there is no stack.
    """
    return {} if "TrafficShift" in deployed else {"TrafficShift": SHIFT}


def model_parameters(endpoint_input: str, labels: Sequence[str]) -> dict[str, str]:
    """The parameters that follow from the model.

    endpoint_input: as the template's EndpointInput.
    labels: the model's. The template needs them only for SageMaker's built-in algorithm.
    """
    of_labels = {"Labels": ",".join(labels)} if endpoint_input == "image" else {}
    return {"EndpointInput": endpoint_input, **of_labels}


def value_of(name: str, given: Mapping[str, str], deployed: Mapping[str, str]) -> str:
    """The value that a parameter will have: the given one, the deployed one, or the template's default."""
    return given.get(name, deployed.get(name, default_parameters().get(name, "")))
