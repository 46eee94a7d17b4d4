"""One call of a SageMaker endpoint: the request, and what a failure means."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from mien.aws.clients import Timeouts, error_code, make_client
from mien.errors import (
    EndpointUnavailable,
    ModelExchanged,
    ModelFailed,
    ModelRefusedInput,
    NotReady,
    Retryable,
    Throttled,
    TimedOut,
)

# Throttling has also been seen as a 400 with an empty error code.
THROTTLING_CODES = frozenset({"ThrottlingException", "400", ""})
# Problems that pass within seconds: a service that failed for a moment. A call that timed out is not among them,
# because it has already used the time of other calls.
RETRYABLE_STATUSES = frozenset({429, 500, 503, 530})
# SageMaker's status for a container that did not answer within 60 s. Source: the text of such an error,
# "Received server error (0) from primary with message "Your invocation timed out while waiting for a response ...".
SILENT_STATUS = 0
# A model that answers with one of these is overloaded. All other 4xx statuses mean that it refused the request.
OVERLOAD_STATUSES = (408, 429)
# Our container answers with it if a face has another size or color than its model reads.
OTHER_INPUT_STATUS = 409


@dataclass(frozen=True)
class Reply:
    """The endpoint's response to one call.

    variant: the production variant that answered.
    version: of the model; empty if its container does not report one.
    """

    body: bytes
    variant: str
    version: str


class Runtime:
    """Calls one endpoint. botocore sends each request once: whether it is sent again depends on the deadline.

    input: what the endpoint accepts (settings.EndpointInput), for the errors.
    connections: how many threads call the endpoint at once.
    """

    def __init__(self, endpoint: str, input: str, timeouts: Timeouts, connections: int):
        self.endpoint = endpoint
        self.input = input
        self.client = make_client("sagemaker-runtime", timeouts, connections)

    def call(self, content_type: str, body: bytes) -> Reply:
        """Raises an EndpointUnavailable, ModelExchanged or ModelRefusedInput."""
        try:
            answer = self.client.invoke_endpoint(
                EndpointName=self.endpoint, ContentType=content_type, Accept="application/json", Body=body
            )
            content = answer["Body"].read()
        except ClientError as error:
            raise self.interpret(error) from error
        except ReadTimeoutError as error:
            raise TimedOut(f"endpoint {self.endpoint}: {type(error).__name__}") from error
        except BotoCoreError as error:
            raise Retryable(f"endpoint {self.endpoint}: {type(error).__name__}") from error
        return Reply(content, answer.get("InvokedProductionVariant", ""), answer.get("CustomAttributes", ""))

    def interpret(self, error: ClientError) -> Exception:
        """Returns the error that says what to do about a failed call."""
        code = error_code(error)
        model_status: Any = error.response.get("OriginalStatusCode")
        if code == "ModelNotReadyException":
            return NotReady(f"endpoint {self.endpoint}: {code}")
        if code == "ModelError" and model_status == SILENT_STATUS:
            return TimedOut(f"endpoint {self.endpoint}: the model did not answer SageMaker in time")
        if code == "ModelError" and isinstance(model_status, int) and model_status not in OVERLOAD_STATUSES:
            if model_status == OTHER_INPUT_STATUS:
                return ModelExchanged(f"endpoint {self.endpoint}: another model answers than the images were read for")
            if 400 <= model_status < 500:
                return ModelRefusedInput(
                    f"the model of endpoint {self.endpoint} refused the request with status {model_status}; "
                    f"check that it accepts what ENDPOINT_INPUT={self.input} sends"
                )
            return ModelFailed(f"endpoint {self.endpoint}: the model failed with status {model_status}")
        if code in THROTTLING_CODES:
            return Throttled(f"endpoint {self.endpoint}: {code}")
        is_retryable = error.response["ResponseMetadata"]["HTTPStatusCode"] in RETRYABLE_STATUSES
        return (Retryable if is_retryable else EndpointUnavailable)(f"endpoint {self.endpoint}: {code}")
