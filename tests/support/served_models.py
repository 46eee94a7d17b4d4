"""The containers of an imitated SageMaker: one process for each archive, with the model that the archive contains."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.cloud import CloudError
from local.processes import open_model, serve_model
from training.s3_uri import parse_s3_uri

# How SageMaker reports a container that does not start.
NO_ANSWER = "The primary container for production variant AllTraffic did not pass the ping health check."


class ServedModels:
    """Starts the process of an archive when it is needed first.

    s3: boto3's client.
    stack: ends the processes.
    scratch: an empty folder.
    """

    def __init__(self, s3: Any, stack: contextlib.ExitStack, scratch: Path):
        self.s3, self.stack, self.scratch = s3, stack, scratch
        self.addresses: dict[str, str] = {}

    def address(self, uri: str) -> str:
        """Where the model of an archive answers. Raises CloudError if it can't be served."""
        if uri not in self.addresses:
            bucket, key = parse_s3_uri(uri)
            archive = self.scratch / f"{len(self.addresses)}.tar.gz"
            self.s3.download_file(bucket, key.removesuffix("/"), str(archive))
            log = self.stack.enter_context(archive.with_suffix(".log").open("w+b"))
            folder = self.stack.enter_context(open_model(archive))
            served = serve_model(folder, uri, str(self.scratch), log)
            self.addresses[uri] = self.stack.enter_context(served)[1]
        return self.addresses[uri]

    def fault(self, uri: str) -> str:
        """Why the container of an archive does not start; empty if it does."""
        try:
            self.address(uri)
        except CloudError as error:
            return f"{NO_ANSWER} Please check CloudWatch logs for this endpoint: {error}"
        return ""


@contextlib.contextmanager
def serving(s3: Any) -> Iterator[ServedModels]:
    with (
        tempfile.TemporaryDirectory(prefix="mien-served-", ignore_cleanup_errors=True) as scratch,
        contextlib.ExitStack() as stack,
    ):
        yield ServedModels(s3, stack, Path(scratch))
