"""Makes the AWS clients, names their errors, and turns failures of S3 into errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mien.errors import StorageUnavailable


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


def make_client(service: str, timeouts: Timeouts, connections: int, **config: Any) -> Any:
    """Returns a boto3 client.

    connections: how many threads use the client at once.
    config: further fields of botocore's Config.
    """
    return boto3.client(
        service,
        config=Config(
            connect_timeout=timeouts.connect,
            read_timeout=timeouts.read,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
            **config,
        ),
    )


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@contextmanager
def s3_failures(action: str) -> Iterator[None]:
    """Turns botocore's errors inside the block into StorageUnavailable.

    action: what the block does, for the log, such as `reading from S3`.
    """
    try:
        yield
    except ClientError as error:
        raise StorageUnavailable(f"{action}: {error_code(error)}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{action}: {type(error).__name__}") from error
