"""The faults that are injected, one at a time or together."""

import random
from dataclasses import dataclass

from tests.support.proxy import Exchange

from .acts import (
    Act,
    answer_late,
    change_rows,
    close_after_request,
    close_before_request,
    cut_answer,
    empty_error,
    endpoint_error,
    freeze,
    html_page,
    kill,
    kill_before,
    kill_within_a_second,
    never_answer,
    overwrite_after,
    remove_after,
    remove_before,
    s3_error,
    store_silently,
    with_nan,
)

# A part of some images' keys. The fault "poison" kills every function that reads such an image.
POISON = "deadly"


@dataclass(frozen=True)
class Fault:
    """A fault that hits requests of one kind.

    how: a phrase for the report.
    operation: the kind of request (see Exchange).
    share: the part of these requests that is hit, from 0 to 1.
    least: the first requests are hit in any case, as many as this says, so that no run has no hit.
    most: the number of requests that are hit at most; None for no limit.
    first: only the first such request for an object is hit.
    under: only keys that contain this text are hit.
    lasting: seconds from the start of a run after which the fault ends; None for never.
    dead: a part of the reason with which the messages must end in the dead-letter queue; None if they must not.
    """

    name: str
    how: str
    operation: str
    act: Act
    share: float = 0.3
    least: int = 1
    most: int | None = None
    first: bool = False
    under: str = ""
    lasting: float | None = None
    dead: str | None = None

    def hits(self, exchange: Exchange, seed: int, earlier: int) -> bool:
        """Whether a request is hit. Apart from the first requests, the same seed hits the same requests.

        earlier: how many requests this fault has hit before.
        """
        if exchange.operation != self.operation or self.under not in exchange.key:
            return False
        if self.first and exchange.ordinal:
            return False
        if self.most is not None and earlier >= self.most:
            return False
        return (
            earlier < self.least
            or random.Random(f"{seed} {self.name} {exchange.key} {exchange.ordinal}").random() < self.share
        )


FAULTS = [
    Fault("throttled", "ThrottlingException, 400", "invoke", endpoint_error(400, "ThrottlingException")),
    Fault("throttled, nameless", "400 with an empty message", "invoke", empty_error(400)),
    Fault("model not ready", "ModelNotReadyException, 429", "invoke", endpoint_error(429, "ModelNotReadyException")),
    Fault("service unavailable", "ServiceUnavailable, 503", "invoke", endpoint_error(503, "ServiceUnavailable")),
    Fault(
        "dependency failed",
        "InternalDependencyException, 530",
        "invoke",
        endpoint_error(530, "InternalDependencyException"),
    ),
    Fault("internal failure", "InternalFailure, 500", "invoke", endpoint_error(500, "InternalFailure")),
    Fault(
        "model failed",
        "ModelError, originally 500",
        "invoke",
        endpoint_error(424, "ModelError", OriginalStatusCode=500),
    ),
    Fault(
        "model refuses",
        "ModelError, originally 400, to every call until the model is repaired; then redriven",
        "invoke",
        endpoint_error(424, "ModelError", OriginalStatusCode=400),
        share=1,
        dead="refused the request with status 400",
    ),
    Fault(
        "outage",
        "ServiceUnavailable, 503, to every call for a minute",
        "invoke",
        endpoint_error(503, "ServiceUnavailable"),
        share=1,
        lasting=60,
    ),
    Fault("endpoint silent", "no answer within the function's 20 s", "invoke", never_answer, share=0.5, most=3),
    Fault(
        "endpoint wakes up",
        "no answer within the function's 20 s to any call of the first 40 s",
        "invoke",
        never_answer,
        share=1,
        lasting=40,
    ),
    Fault("endpoint slow", "an answer 1 to 4 s late", "invoke", answer_late),
    Fault("endpoint breaks off", "connection closed without an answer", "invoke", close_before_request),
    Fault("answer cut", "connection closed in the middle of an answer", "invoke", cut_answer),
    Fault("no JSON", "an HTML page with status 200", "invoke", html_page),
    Fault("row missing", "one row too few", "invoke", change_rows(lambda rows: rows[:-1])),
    Fault("NaN", "NaN in one row", "invoke", change_rows(with_nan)),
    Fault("rows reversed", "rows in the opposite order", "invoke", change_rows(lambda rows: rows[::-1]), share=0.7),
    Fault("read 500", "InternalError on reading an image", "read", s3_error(500, "InternalError")),
    Fault("read 503", "SlowDown on reading an image", "read", s3_error(503, "SlowDown")),
    Fault("read 403", "AccessDenied on reading an image", "read", s3_error(403, "AccessDenied")),
    Fault("read 404", "NoSuchKey on reading an image that is there", "read", s3_error(404, "NoSuchKey")),
    Fault("read cut", "connection closed in the middle of an image", "read", cut_answer),
    Fault("write 500", "InternalError on writing a document", "write", s3_error(500, "InternalError")),
    Fault("write 503", "SlowDown on writing a document", "write", s3_error(503, "SlowDown")),
    Fault("write 403", "AccessDenied on writing a document", "write", s3_error(403, "AccessDenied")),
    Fault("write 404", "NoSuchBucket on writing a document", "write", s3_error(404, "NoSuchBucket")),
    Fault("write answer lost", "document written, connection closed without an answer", "write", close_after_request),
    Fault("delete 500", "InternalError on deleting a document", "delete", s3_error(500, "InternalError")),
    Fault("delete 403", "AccessDenied on deleting a document", "delete", s3_error(403, "AccessDenied")),
    Fault(
        "delete answer lost",
        "document deleted, connection closed without an answer",
        "delete",
        close_after_request,
    ),
    Fault("look 503", "status 503 on looking up an image or a document", "look", empty_error(503)),
    Fault("killed after reading", "SIGKILL once an image has been read", "read", kill, first=True, most=2),
    Fault("killed before writing", "SIGKILL between the endpoint's answer and the writing", "invoke", kill, most=2),
    Fault(
        "killed after writing",
        "SIGKILL between a write and the function's answer",
        "write",
        kill,
        first=True,
        most=2,
    ),
    Fault(
        "killed after deleting",
        "SIGKILL between a deletion and the function's answer",
        "delete",
        kill,
        first=True,
        most=2,
    ),
    Fault("killed at any moment", "SIGKILL 0 to 1 s after a read", "read", kill_within_a_second, first=True, most=2),
    Fault("frozen", "SIGSTOP, so that the function runs into its timeout", "read", freeze, share=0.5, most=2),
    Fault(
        "poison",
        "SIGKILL whenever one of three images has been read; no other may become a dead letter",
        "read",
        kill,
        share=1,
        under=POISON,
        dead="times alone in an invocation: the function crashed",
    ),
    Fault("overwritten", "the key is overwritten while its image is classified", "read", overwrite_after, first=True),
    Fault(
        "deleted after reading", "the key is deleted while its image is classified", "read", remove_after, first=True
    ),
    Fault("deleted before reading", "the key is deleted before its image is read", "read", remove_before, first=True),
]

# Faults that disturb lines in the same way as documents. Both formats share the code that calls the endpoint, so only
# one fault for each of its outcomes is here: all faces fail for a while, or for good, or one face fails.
BESIDE_WRITING = {
    "throttled",
    "model refuses",
    "row missing",
    "read 503",
    "read 404",
    "read cut",
    "killed after reading",
    "killed before writing",
    "killed at any moment",
    "frozen",
    "poison",
    "overwritten",
    "deleted after reading",
    "deleted before reading",
}

# A batch writes one object, so there are few writes, and a large part of them is hit. A limit keeps one batch from
# being hit again and again: its retries would be minutes apart.
FAULTS_OF_LINES = [
    *(fault for fault in FAULTS if fault.name in BESIDE_WRITING),
    Fault("write 500", "InternalError on writing lines", "write", s3_error(500, "InternalError"), 0.5, most=6),
    Fault("write 503", "SlowDown on writing lines", "write", s3_error(503, "SlowDown"), 0.5, most=6),
    Fault("write 403", "AccessDenied on writing lines", "write", s3_error(403, "AccessDenied"), 0.5, most=6),
    Fault("write answer lost", "lines written, connection closed without an answer", "write", close_after_request, 0.5),
    Fault("write silent", "lines written, no answer within the client's 5 s", "write", store_silently, 0.5, most=3),
    Fault("killed at writing", "SIGKILL on a write that is not carried out", "write", kill_before, 0.5, most=2),
    Fault("killed after writing", "SIGKILL between a write and the function's answer", "write", kill, 0.5, most=2),
    Fault("look 503", "status 503 on looking up an image", "look", empty_error(503)),
]
