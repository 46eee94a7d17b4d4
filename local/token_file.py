"""The secret of a cloud that `up` keeps running, in a file that only its user can read.

Commands in other terminals find it there.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from local.cloud import Cloud
from local.paths import BUILD


def token_file(url: str) -> Path:
    """The file for the cloud at an address: each port has its own."""
    return BUILD / f"cloud-{url.rpartition(':')[2]}.token"


@contextlib.contextmanager
def keep_token(cloud: Cloud) -> Iterator[None]:
    """Keeps the secret in its file until the block ends."""
    path = token_file(cloud.url)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(cloud.token)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_token(url: str) -> str | None:
    """The secret of the cloud at an address; None if `up` of this checkout does not run there."""
    try:
        return token_file(url).read_text()
    except OSError:
        return None
