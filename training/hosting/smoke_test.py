"""The smoke test of a deployment: the new model has to describe itself, and to classify a gray image."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from mien.errors import TryAgain, WrongModel
from mien.logic.contract import DESCRIBE, DESCRIBE_TYPE, Contract, parse_contract
from mien.logic.payloads import check_answer, face_id, npy
from mien.logic.pictures import encode_png, gray_face
from training.hosting.request import AwsRequest, send_request

# How often an endpoint that is still starting its container is invoked, with a pause between the attempts.
MAX_ATTEMPTS = 20
IMAGE_TYPE, NPY_TYPE = "application/x-image", "application/x-npy"


def smoke_test_requests(
    endpoint: str, endpoint_input: Literal["batch", "image"], contract: Contract
) -> list[AwsRequest]:
    """Returns the invocations of the endpoint, in the formats that the functions use.

    endpoint_input: as the template's EndpointInput. SageMaker's built-in algorithm (image) can't describe itself.
    contract: what the model is expected to be.
    """
    face = gray_face(contract.target)
    if endpoint_input == "image":
        return [invocation(endpoint, IMAGE_TYPE, encode_png(face))]
    return [invocation(endpoint, DESCRIBE_TYPE, DESCRIBE), invocation(endpoint, NPY_TYPE, npy([face]))]


def invocation(endpoint: str, content_type: str, body: bytes) -> AwsRequest:
    content = {"ContentType": content_type, "Accept": "application/json", "Body": body}
    return AwsRequest("sagemaker-runtime", "invoke_endpoint", {"EndpointName": endpoint, **content})


def run_smoke_test(request: AwsRequest, contract: Contract, client: Any, pause: Callable[[], None]) -> str | None:
    """Invokes the endpoint, and returns what is wrong with its answer, or None if the answer is good.

    request: one of `smoke_test_requests`.
    contract: what the model is expected to be.
    client: boto3's client of sagemaker-runtime.
    pause: is called between two attempts, while the endpoint still starts its container.
    """
    try:
        body = invoke_with_retries(request, client, pause)["Body"].read()
    except ClientError as error:
        details = error.response.get("Error", {})
        return f"{details.get('Code')}: {details.get('Message')}"
    except BotoCoreError as error:
        return str(error)
    content_type, endpoint = request.parameters["ContentType"], request.parameters["EndpointName"]
    try:
        if content_type == DESCRIBE_TYPE:
            return compare(parse_contract(body), contract)
        built_in_labels = contract.labels if content_type == IMAGE_TYPE else None
        answer = check_answer(body, [face_id(gray_face(contract.target))], built_in_labels, endpoint)
    except (TryAgain, WrongModel) as error:
        return str(error).rstrip(".")
    [row] = answer.rows
    return str(row) if isinstance(row, Exception) else compare_labels(answer.labels, contract.labels)


def compare(described: Contract, expected: Contract) -> str | None:
    """Returns how the served model differs from the one that was deployed, or None."""
    fault = compare_labels(described.labels, expected.labels)
    if fault:
        return fault
    if described != expected:
        return f"it is version {described.version} for {described.input_name}, not {expected.version} for " + (
            expected.input_name
        )
    return None


def compare_labels(labels: Sequence[str], expected: Sequence[str]) -> str | None:
    if tuple(labels) == tuple(expected):
        return None
    return f"its labels are {', '.join(labels)}, and those of the artifact are {', '.join(expected)}"


def invoke_with_retries(request: AwsRequest, client: Any, pause: Callable[[], None]) -> Any:
    """Sends the invocation until the endpoint is ready, at most MAX_ATTEMPTS times. Raises botocore's errors."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return send_request(request, client)
        except ClientError as error:
            if not is_not_ready(error):
                raise
        pause()
    return send_request(request, client)


def is_not_ready(error: ClientError) -> bool:
    return error.response["Error"].get("Code") == "ModelNotReadyException"
