"""Makes the AWS clients, names their errors, and turns failures of S3 into errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.session import Session

from mien.errors import NeedsOperator, StorageUnavailable

# S3 refuses the request itself, so the same request never succeeds.
# Source: Amazon S3 API Reference, "Error responses", list of error codes.
INVALID_REQUEST_CODES = frozenset(
    {"InvalidArgument", "InvalidBucketName", "InvalidRequest", "InvalidURI", "KeyTooLongError", "MetadataTooLarge"}
)
# Documents are written and deleted only while S3 still has what was read before. The first version with all of these.
CONDITIONAL_OPERATIONS = {"PutObject": ("IfMatch", "IfNoneMatch"), "DeleteObject": ("IfMatch",)}
OLDEST_BOTOCORE = "1.35.69"


@dataclass(frozen=True)
class Timeouts:
    """How long a request may take.

    connect, read: seconds per attempt.
    attempts: how often botocore sends the request, the first time included.
    """

    connect: float
    read: float
    attempts: int

    @property
    def longest(self) -> float:
        """Seconds that a request takes if every attempt times out."""
        return self.attempts * (self.connect + self.read)


@cache
def session() -> Session:
    """The session of all clients. They share the credentials."""
    return Session()


def make_client(service: str, timeouts: Timeouts, connections: int, **config: Any) -> Any:
    """Returns botocore's client. It is boto3's without what boto3 adds, whose modules would be imported too.

    connections: how many threads use the client at once.
    config: further fields of botocore's Config.
    """
    return session().create_client(
        service,
        config=Config(
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
            **config,
        ),
    )


def require_conditional_writes(s3: Any) -> None:
    """Raises RuntimeError if this version of botocore can't write and delete objects under a condition.

    The functions use the botocore of Lambda's runtime, which AWS chooses.
    """
    for operation, parameters in CONDITIONAL_OPERATIONS.items():
        known = s3.meta.service_model.operation_model(operation).input_shape.members
        if missing := [name for name in parameters if name not in known]:
            raise RuntimeError(
                f"botocore {botocore.__version__} is too old: {operation} has no {' and no '.join(missing)}. The "
                f"functions need {OLDEST_BOTOCORE} or newer. Use a newer runtime of Lambda, or add boto3 to "
                "layer/requirements.in and pin it with `make requirements`"
            )


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def s3_failures(action: str) -> Iterator[None]:
    """Turns botocore's errors inside the block into StorageUnavailable, or NeedsOperator if the request is invalid.

    action: what the block does, for the log, such as `reading from S3`.
    """
    try:
        yield
    except ParamValidationError as error:
        raise NeedsOperator(f"{action}: the request has an invalid parameter") from error
    except ClientError as error:
        if error_code(error) in INVALID_REQUEST_CODES:
            raise NeedsOperator(f"{action}: S3 refuses the request as invalid: {error_code(error)}") from error
        raise StorageUnavailable(f"{action}: {error_code(error)}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{action}: {type(error).__name__}") from error
