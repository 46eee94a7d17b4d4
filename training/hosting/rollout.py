"""Carries out a deployment: sends its requests, waits for the endpoint, tests the model, and rolls back if it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from training.hosting.autoscaling import ScalingState, scaling_restore_requests
from training.hosting.inventory import Clients, EndpointDescription, describe_endpoint, is_not_found
from training.hosting.plan import plan_deletion, plan_rollback
from training.hosting.request import AwsRequest, send_request, validate_request
from training.hosting.smoke_test import run_smoke_test
from training.hosting.state import DesiredEndpoint, EndpointState

# Returns when the endpoint is not changing: its description, or None if there is no endpoint.
Wait = Callable[[], EndpointDescription | None]
STARTS_CHANGE = ("create_endpoint", "update_endpoint")


@dataclass(frozen=True)
class Rollout:
    """One deployment.

    desired: what the endpoint should become.
    state: the account before the deployment.
    clients: boto3's clients by service.
    wait: returns when the endpoint is not changing. If it is None, the rollout ends when the endpoint's creation or
        update has begun.
    pause: is called between two invocations of an endpoint that still starts its container.
    """

    desired: DesiredEndpoint
    state: EndpointState
    clients: Clients
    wait: Wait | None
    pause: Callable[[], None]

    def run(self, requests: Sequence[AwsRequest]) -> None:
        """Sends the requests of `plan_deployment`, in order. All are validated before the first is sent.

        Raises ValueError if the endpoint does not serve the desired model in the end. The endpoint has been rolled back
        then, if that is possible. Auto scaling that was removed for the update has been set up again.
        """
        for request in requests:
            validate_request(request, self.clients[request.service])
        sent: list[AwsRequest] = []
        try:
            for request in requests:
                if self.wait is None and sent and sent[-1].operation in STARTS_CHANGE:
                    return
                if request.operation == "invoke_endpoint":
                    self.test_model(request, sent)
                else:
                    self.send(request)
                    sent.append(request)
        except (ValueError, ClientError, BotoCoreError) as error:
            if self.state.scaling and self.state.status == "InService" and has_removed_scaling(sent):
                restore_scaling(self.desired.endpoint, self.state.scaling, self.clients, error)
            raise

    def send(self, request: AwsRequest) -> None:
        """Sends a request, and waits until the endpoint has changed if the request changes it."""
        send_ignoring_missing(request, self.clients)
        if request.operation == "delete_endpoint":
            require_deleted(self.desired.endpoint, self.clients, self.wait)
        elif self.wait and request.operation in STARTS_CHANGE:
            validate_rollout(request, self.wait())

    def test_model(self, request: AwsRequest, sent: Sequence[AwsRequest]) -> None:
        """Runs the smoke test. Rolls back and raises ValueError if the model's answer is not good."""
        client = self.clients[request.service]
        fault = run_smoke_test(request, self.desired.contract, client, self.pause)
        if fault:
            raise ValueError(self.roll_back(fault, sent))

    def roll_back(self, fault: str, sent: Sequence[AwsRequest]) -> str:
        """Returns the endpoint to what it served before, if this deployment has updated it.

        Returns the text of the error: what is wrong with the model's answer, and what the endpoint serves now.
        """
        name = self.desired.endpoint
        text = f"endpoint {name} fails the smoke test ({fault}); {logs_of(name)}"
        if not any(request.operation == "update_endpoint" for request in sent):
            return f"{text}; delete it with --delete, or deploy another model to it"
        request = plan_rollback(self.desired, self.state)
        if request is None:
            return f"{text}; it was serverless before and cannot become serverless again: deploy another model to it"
        send_request(request, self.clients[request.service])
        if self.wait:
            validate_rollout(request, self.wait())
        return f"{text}; it was rolled back and serves {request.parameters['EndpointConfigName']} again"


def has_removed_scaling(sent: Sequence[AwsRequest]) -> bool:
    return any(request.operation == "deregister_scalable_target" for request in sent)


def restore_scaling(endpoint: str, scaling: ScalingState, clients: Clients, cause: Exception) -> None:
    """Sets auto scaling up again after a failed update.

    cause: why the update failed.
    Raises ValueError with both reasons if AWS refuses it.
    """
    try:
        for request in scaling_restore_requests(endpoint, scaling):
            send_request(request, clients[request.service])
    except (ClientError, BotoCoreError) as error:
        raise ValueError(
            f"{cause}; auto scaling was removed for the update and could not be restored ({error}): when the endpoint "
            "is InService, deploy again what it serves"
        ) from None


def send_ignoring_missing(request: AwsRequest, clients: Clients) -> Any:
    """Sends a request and returns the answer. Something to delete that does not exist any more is not an error."""
    try:
        return send_request(request, clients[request.service])
    except ClientError as error:
        if request.operation.startswith(("delete_", "deregister_")) and is_not_found(error):
            return {}
        raise


def require_deleted(endpoint: str, clients: Clients, wait: Wait | None) -> None:
    """Raises ValueError if a failed endpoint, which has to be created again, still exists."""
    remaining = wait() if wait else describe_endpoint(endpoint, clients["sagemaker"])
    if remaining:
        raise ValueError(
            f"endpoint {endpoint} had failed and is being deleted, because it has to be created again: run this again "
            "in some minutes"
        )


def validate_rollout(request: AwsRequest, description: EndpointDescription | None) -> None:
    """Raises ValueError if the endpoint does not serve the configuration that the request names."""
    name = request.parameters["EndpointName"]
    if description is None:
        raise ValueError(f"endpoint {name} was deleted by someone else during the deployment")
    status = description["EndpointStatus"]
    reason = description.get("FailureReason") or "SageMaker gives no reason"
    if status != "InService":
        raise ValueError(
            f"endpoint {name} is {status}: {reason}; {logs_of(name)}; when the cause is fixed, run this again, which "
            "replaces the endpoint"
        )
    serving = description["EndpointConfigName"]
    if serving != request.parameters["EndpointConfigName"]:
        raise ValueError(f"endpoint {name} was not updated and serves {serving} as before: {reason}; {logs_of(name)}")


def logs_of(endpoint: str) -> str:
    """Returns the part of an error that names the command for the endpoint's logs."""
    return f"see its logs: aws logs tail /aws/sagemaker/Endpoints/{endpoint}"


def delete_endpoint(endpoint: str, state: EndpointState, clients: Clients, wait: Wait) -> None:
    """Deletes everything that deployments made for the endpoint. An interrupted deletion can be run again."""
    for request in plan_deletion(endpoint, state):
        send_ignoring_missing(request, clients)
        if request.operation == "delete_endpoint":
            wait()
