"""Builds and deploys the application with the real SAM CLI, into the embedded cloud."""

import contextlib
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local.cloud import CREDENTIALS, Cloud, CloudError
from local.environment import network_environment
from local.paths import BUILD, MODEL, ROOT
from local.processes import start_cloud
from local.stack import finish_deployment, stack_parameters

# Where `sam build` writes.
BUILT = ROOT / ".aws-sam" / "build"
LOG = BUILD / "sam.log"
LOG_TAIL_LINES = 15


def build() -> None:
    """Runs `sam build` for this machine's processor. The functions are then in BUILT. Raises CloudError."""
    run_sam("build", "--parameter-overrides", *parameter_overrides())


@contextlib.contextmanager
def start_application(port: int | None = None, model: str | Path = MODEL) -> Iterator[Cloud]:
    """The same as local.stack.start_application, but built and deployed by the SAM CLI. Raises CloudError."""
    with start_cloud(port, model) as cloud:
        build()
        deploy = ["deploy", "--config-env", "embedded", "--parameter-overrides", *parameter_overrides()]
        run_sam(*deploy, AWS_ENDPOINT_URL=cloud.url, **cloud.credentials)
        yield finish_deployment(cloud)


def architecture() -> str:
    """This machine's processor, as the template's parameter Architecture names it."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def parameter_overrides() -> list[str]:
    parameters = {**stack_parameters(), "Architecture": architecture()}
    return [f"{name}={value}" for name, value in parameters.items()]


def run_sam(*arguments: str, **environment: str) -> None:
    """Runs the SAM CLI; its output goes to build/sam.log.

    environment: more environment variables.

    Raises CloudError with the end of the log if `sam` is missing or fails.
    """
    if not shutil.which("sam"):
        raise CloudError("the SAM CLI is not on the PATH; `make deploy-local` installs it")
    variables = {**network_environment(), **CREDENTIALS, "SAM_CLI_TELEMETRY": "0", **environment}
    BUILD.mkdir(exist_ok=True)
    with LOG.open("ab") as log:
        ended = subprocess.run(["sam", *arguments], cwd=ROOT, env=variables, stdout=log, stderr=log, check=False)
    if ended.returncode:
        last_lines = "\n".join(LOG.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise CloudError(f"sam {arguments[0]} failed:\n{last_lines}")
