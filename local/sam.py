"""The application built and deployed by the real SAM CLI, into the embedded cloud."""

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local import cloud
from local.cloud import CREDENTIALS, ENDPOINT_NAME, MODEL, Cloud, CloudError
from local.template import BUILD, ROOT

BUILT = ROOT / ".aws-sam" / "build"


def build() -> Path:
    """`sam build` for this machine's processor: the folder of what it built. Raises CloudError."""
    sam("build", "--parameter-overrides", *overrides())
    return BUILT


@contextlib.contextmanager
def running(port: int | None = None, model: Path = MODEL) -> Iterator[Cloud]:
    """As cloud.running, but deployed by `sam deploy`."""
    with cloud.empty(port, model) as empty:
        build()
        sam("deploy", "--config-env", "embedded", "--parameter-overrides", *overrides(), AWS_ENDPOINT_URL=empty.url)
        yield cloud.deployed(empty)


def overrides() -> list[str]:
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return [f"EndpointName={ENDPOINT_NAME}", f"Architecture={architecture}"]


def sam(*words: str, **environment: str) -> None:
    if not shutil.which("sam"):
        raise CloudError("the SAM CLI is not on the PATH; `make deploy-local` installs it")
    variables = {**os.environ, **CREDENTIALS, "SAM_CLI_TELEMETRY": "0", **environment}
    with (BUILD / "sam.log").open("ab") as log:
        ended = subprocess.run(["sam", *words], cwd=ROOT, env=variables, stdout=log, stderr=log, check=False)
    if ended.returncode:
        last = "\n".join((BUILD / "sam.log").read_text(errors="replace").splitlines()[-15:])
        raise CloudError(f"sam {words[0]} failed:\n{last}")
