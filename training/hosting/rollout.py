"""Requests are sent, the endpoint is waited for and asked, what goes wrong is turned back: the edge of `deploy`."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mien.aws.endpoint import checked, identity
from mien.errors import TryAgain
from mien.logic.images import Face
from training.hosting import autoscaling
from training.hosting import plan as deploy
from training.hosting.autoscaling import Scaling
from training.hosting.inventory import Clients, Description, described, gone
from training.hosting.plan import Found, Wanted
from training.hosting.request import Request, check, send

# Returns when SageMaker has done with the endpoint: its description, or None if there is none.
Wait = Callable[[], Description | None]
# Times that a serverless endpoint is asked which is still getting ready, with a pause between any two.
TIMES = 20


def roll_out(
    wanted: Wanted,
    found: Found,
    now: datetime,
    clients: Clients,
    wait: Wait | None,
    pause: Callable[[], None],
) -> None:
    """Sends the requests of a deployment, in their order.

    wait: without it, nothing happens after the endpoint's creation or update has begun. now: UTC. Raises ValueError if
    the endpoint does not serve what was wanted in the end; it was brought back to what it served before, if it could.
    """
    requests = deploy.deployment(wanted, found, now)
    for request in requests:
        check(request, clients[request.service])
    sent: list[Request] = []
    try:
        for request in requests:
            if not wait and sent and sent[-1].operation in ("create_endpoint", "update_endpoint"):
                return
            if request.operation == "invoke_endpoint":
                fault = fault_of(invoked(request, clients, pause), deploy.gray(wanted), wanted.endpoint)
                if fault:
                    raise ValueError(turned_back(fault, wanted, found, sent, clients, wait))
                continue
            done(request, clients)
            sent.append(request)
            if wait and request.operation in ("create_endpoint", "update_endpoint"):
                arrived(request, wait())
            elif request.operation == "delete_endpoint":
                deleted(wanted.endpoint, clients, wait)
    except (ValueError, ClientError, BotoCoreError) as error:
        stopped = any(request.operation == "deregister_scalable_target" for request in sent)
        if stopped and found.scaling and found.status == "InService":
            scale_again(wanted.endpoint, found.scaling, clients, error)
        raise


def scale_again(endpoint: str, scaling: Scaling, clients: Clients, because: Exception) -> None:
    """The scaling comes back that had to go for an update, which has failed."""
    try:
        for request in autoscaling.restored(endpoint, scaling):
            send(request, clients[request.service])
    except (ClientError, BotoCoreError) as error:
        raise ValueError(
            f"{because}; and its scaling, which had to stop for the update, did not come back ({error}): deploy again "
            "what the endpoint serves, when it is InService"
        ) from None


def done(request: Request, clients: Clients) -> Any:
    """→ the answer. What was to be deleted and is gone is no error."""
    try:
        return send(request, clients[request.service])
    except ClientError as error:
        if request.operation.startswith(("delete_", "deregister_")) and gone(error):
            return {}
        raise


def invoked(request: Request, clients: Clients, pause: Callable[[], None]) -> Any:
    """→ the answer, or what was raised instead."""
    tries = 1
    while True:
        try:
            return send(request, clients[request.service])
        except (ClientError, BotoCoreError) as error:
            if tries == TIMES or not getting_ready(error):
                return error
        pause()
        tries += 1


def getting_ready(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"].get("Code") == "ModelNotReadyException"


def deleted(endpoint: str, clients: Clients, wait: Wait | None) -> None:
    """Returns when the name is free again."""
    left = wait() if wait else described(endpoint, clients["sagemaker"])
    if left:
        raise ValueError(
            f"endpoint {endpoint} had failed and is being deleted, to be made anew: run this again in some minutes"
        )


def arrived(request: Request, description: Description | None) -> None:
    """Raises ValueError if the endpoint did not become what the request made of it."""
    name, config = request.parameters["EndpointName"], request.parameters["EndpointConfigName"]
    if description is None:
        raise ValueError(f"endpoint {name} has been deleted by someone meanwhile")
    status, reason = description["EndpointStatus"], description.get("FailureReason") or "SageMaker gives no reason"
    logs = f"its logs: aws logs tail /aws/sagemaker/Endpoints/{name}"
    if status != "InService":
        raise ValueError(
            f"endpoint {name} is {status}: {reason}; {logs}; when it is mended, run this again, which replaces it"
        )
    if description["EndpointConfigName"] != config:
        raise ValueError(
            f"endpoint {name} was not updated, and serves {description['EndpointConfigName']} as before: {reason}; "
            f"{logs}"
        )


def fault_of(answer: Any, face: Face, endpoint: str) -> str | None:
    """What is wrong with the answer to a gray face, or None."""
    if isinstance(answer, ClientError):
        error = answer.response.get("Error", {})
        return f"{error.get('Code')}: {error.get('Message')}"
    if isinstance(answer, BotoCoreError):
        return str(answer)
    try:
        [row] = checked(json.loads(answer["Body"].read()), [identity(face)], endpoint)
    except TryAgain as error:
        return str(error)
    except (ValueError, RecursionError):
        return "the answer is no JSON"
    return str(row) if isinstance(row, Exception) else None


def turned_back(
    fault: str,
    wanted: Wanted,
    found: Found,
    sent: Sequence[Request],
    clients: Clients,
    wait: Wait | None,
) -> str:
    """Brings the endpoint back to what it served before, if this run changed it. → the sentence on it."""
    name = wanted.endpoint
    says = (
        f"endpoint {name} answers a gray face badly ({fault}); its logs: aws logs tail /aws/sagemaker/Endpoints/{name}"
    )
    request = deploy.back(wanted, found)
    if not any(request.operation == "update_endpoint" for request in sent):
        return f"{says}; delete it with --delete, or deploy another model to it"
    if request is None:
        return f"{says}; it was serverless before, and can't become so again: deploy another model to it"
    send(request, clients[request.service])
    if wait:
        arrived(request, wait())
    return f"{says}; it serves what it served before again ({request.parameters['EndpointConfigName']})"


def delete(endpoint: str, found: Found, clients: Clients, wait: Wait) -> None:
    """Deletes all that is left of an endpoint; may be run again when it was interrupted."""
    for request in deploy.deletion(endpoint, found):
        done(request, clients)
        if request.operation == "delete_endpoint":
            wait()
