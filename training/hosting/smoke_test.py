"""The smoke test of a deployment: the new model has to classify a gray face."""

from collections.abc import Callable
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from mien.errors import TryAgain, WrongModel
from mien.logic.payloads import check_answer, face_id, npy
from mien.logic.pictures import COLOR_224, GRAY_48, Face, encode_png, gray_face
from training.hosting.request import AwsRequest, send_request

INPUTS = {"batch": GRAY_48, "image": COLOR_224}
# How often an endpoint that is still starting its container is invoked, with a pause between the attempts.
MAX_ATTEMPTS = 20


def smoke_test_request(endpoint: str, endpoint_input: Literal["batch", "image"]) -> AwsRequest:
    """Returns the invocation of the endpoint with a gray face, in the format that the functions use.

    endpoint_input: as the template's EndpointInput.
    """
    face = gray_face(INPUTS[endpoint_input])
    if endpoint_input == "image":
        content_type, body = "application/x-image", encode_png(face)
    else:
        content_type, body = "application/x-npy", npy([face])
    content = {"ContentType": content_type, "Accept": "application/json", "Body": body}
    return AwsRequest("sagemaker-runtime", "invoke_endpoint", {"EndpointName": endpoint, **content})


def run_smoke_test(
    request: AwsRequest, endpoint_input: Literal["batch", "image"], client: Any, pause: Callable[[], None]
) -> str | None:
    """Invokes the endpoint, and returns what is wrong with its answer, or None if the answer is good.

    request: from `smoke_test_request`.
    client: boto3's client of sagemaker-runtime.
    pause: is called between two attempts, while the endpoint still starts its container.
    """
    try:
        answer = invoke_with_retries(request, client, pause)
    except ClientError as error:
        details = error.response.get("Error", {})
        return f"{details.get('Code')}: {details.get('Message')}"
    except BotoCoreError as error:
        return str(error)
    return find_fault(answer["Body"].read(), gray_face(INPUTS[endpoint_input]), request.parameters["EndpointName"])


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


def find_fault(body: bytes, face: Face, endpoint: str) -> str | None:
    """Returns what is wrong with a model's answer for one face, or None if it is a distribution over the labels."""
    try:
        [row] = check_answer(body, [face_id(face)], None, endpoint).rows
    except (TryAgain, WrongModel) as error:
        return str(error)
    return str(row) if isinstance(row, Exception) else None
