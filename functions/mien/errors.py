"""All exceptions of the functions, ordered by what the caller can do about them.

    Outdated                        Nothing to do: the image was deleted or overwritten in the meantime.
    Rejected                        Never retry. Write the reason, or answer with an HTTP status of 4xx.
    └── InvalidRequest              The HTTP request itself is wrong.
    TryAgain                        Retry later: leave the message in the queue, or answer 503 with Retry-After.
    ├── OutOfTime                   This invocation has too little time left. Over HTTP: 504.
    ├── StorageUnavailable          S3 did not answer, or refused the request.
    ├── ModelExchanged              Another model answers now. The images must be read again, for its input.
    └── EndpointUnavailable         The endpoint did not answer, or answered with something unusable.
        ├── Retryable               It may work within seconds: retry in the same invocation.
        │   └── Throttled           It gets more calls than it can answer. Over HTTP: 429.
        ├── TimedOut                It did not answer in time. Also an OutOfTime.
        ├── Starting                Its model is starting. This is no failure. Over HTTP: 503 with a reason of its own.
        │   └── NotReady            The endpoint said so itself. Also a Retryable.
        └── ModelFailed             The model failed with a server-side error, perhaps because of one of the faces.
    NeedsOperator                   Retrying does not help until a person fixes something: send to the dead letters.
    ├── ModelRefusedInput           The model refused the request as invalid.
    └── WrongModel                  The model's labels are not known, or do not fit its answers.
    NotAStorageEvent (ValueError)   The event is not an S3 event of a supported version.

Every other exception is a bug: let it rise, so that it is seen.
"""

from collections.abc import Mapping
from http import HTTPStatus


class Outdated(Exception):
    """The inbox no longer has this version of the image. It gets no document.

    S3 has sent an event about the removal, or about the newer version.
    """


class Rejected(Exception):
    """This input can never be classified.

    reason: a code, the same for all inputs with the same fault.
    detail: a sentence for the person who sent the input.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class InvalidRequest(Rejected):
    """The HTTP request has no classifiable content.

    status: the response's status.
    headers: additional headers of the response.
    """

    def __init__(self, status: HTTPStatus, reason: str, detail: str, headers: Mapping[str, str] | None = None):
        super().__init__(reason, detail)
        self.status = status
        self.headers = dict(headers or {})


class TryAgain(Exception):
    """The same input may succeed later, unchanged.

    retry_after: seconds after which a retry makes sense; 0 if nothing is known.
    """

    def __init__(self, message: str, retry_after: float = 0):
        super().__init__(message)
        self.retry_after = retry_after


class OutOfTime(TryAgain):
    """This invocation has too little time left for the work."""


class StorageUnavailable(TryAgain):
    """S3 did not answer, or refused the request."""


class ModelExchanged(TryAgain):
    """Another model answers than the one that the image was read for. Read the image again, for the new one."""


class EndpointUnavailable(TryAgain):
    """The endpoint did not answer, or answered with something unusable."""


class Retryable(EndpointUnavailable):
    """The call may work within seconds: retry it in the same invocation."""


class Throttled(Retryable):
    """The endpoint gets more calls than it can answer."""


class TimedOut(EndpointUnavailable, OutOfTime):
    """The endpoint did not answer in time. A retry in the same invocation would take the time of other calls."""


class Starting(EndpointUnavailable):
    """The endpoint's model is starting, after a pause or a deployment. Wait; this is no failure of the endpoint."""


class NotReady(Retryable, Starting):
    """The endpoint answered that its model is not loaded yet."""


class ModelFailed(EndpointUnavailable):
    """The model failed with a server-side error, perhaps because of one of the faces."""


class NeedsOperator(Exception):
    """The input may be good, but retrying does not help until a person fixes something."""


class ModelRefusedInput(NeedsOperator):
    """The model refused the request as invalid."""


class WrongModel(NeedsOperator):
    """The model's labels are not known, or do not fit its answers. The text names no resource: clients may read it."""


class NotAStorageEvent(ValueError):
    """The event is not an S3 event of a supported version."""
