"""Builds and deploys the application, template.yaml, with the SAM CLI."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deployment.artifacts import PACKAGES
from deployment.bytecode import compile_modules
from deployment.errors import DeploymentError
from deployment.names import Names
from local.template import parse_template

ROOT = Path(__file__).parent.parent
LOG = ROOT / "build" / "deploy.log"
# Where `sam build` writes.
BUILT = ROOT / ".aws-sam" / "build"
LOG_TAIL_LINES = 20
# Seconds between two looks at the stack while SAM works.
POLL_SECONDS = 2.0
HOW_TO_INSTALL = "`make deploy` installs it; it needs Python 3.13, which the functions are built for"


def require_sam() -> None:
    """Raises DeploymentError if the SAM CLI is missing."""
    if not shutil.which("sam"):
        raise DeploymentError(f"the SAM CLI is not on the PATH: {HOW_TO_INSTALL}")


def validate_parameters(parameters: Mapping[str, str]) -> None:
    """Raises DeploymentError if template.yaml has no parameter of such a name. SAM would ignore it."""
    known = parse_template()["Parameters"]
    for name in parameters:
        if name not in known:
            raise DeploymentError(f"template.yaml has no parameter {name}; it has {', '.join(sorted(known))}")


def build(parameters: Mapping[str, str]) -> None:
    """Builds the functions and their layer into BUILT, and compiles them.

    parameters: of the template; Architecture matters.

    Raises DeploymentError with the end of SAM's output if the build fails.
    """
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_bytes(b"")
    with start_sam(["build", "--parameter-overrides", *overrides(parameters)]) as process:
        status = process.wait()
    if status:
        raise DeploymentError(f"sam build failed:\n{log_tail()}")
    compile_modules(BUILT)


def deploy(names: Names, parameters: Mapping[str, str], while_running: Callable[[], None]) -> str | None:
    """Uploads what was built, and creates or updates the application's stack.

    parameters: of the template. Others keep their values if the stack exists, and have their defaults if not.
    while_running: is called every few seconds, to show progress.

    Returns the end of SAM's output if it failed, and None if it did not.
    """
    options = {
        "--stack-name": names.stack,
        "--region": names.region,
        "--s3-bucket": names.artifacts_bucket,
        "--s3-prefix": PACKAGES,
        "--capabilities": "CAPABILITY_IAM",
    }
    # These override samconfig.toml, which is for people who run `sam deploy` by hand.
    flags = ["--no-resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    words = [word for option in options.items() for word in option]
    with start_sam(["deploy", *words, *flags, "--parameter-overrides", *overrides(parameters)]) as process:
        while True:
            try:
                status = process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                while_running()
    return log_tail() if status else None


def overrides(parameters: Mapping[str, str]) -> list[str]:
    """The parameters as SAM's --parameter-overrides takes them."""
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    return [f'{name}="{value}"' for name, value in quoted.items()]


def start_sam(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Starts the SAM CLI in the repository's folder. Its output is added to build/deploy.log.

    It gets Ctrl-C from the terminal itself, as this process does.
    """
    # `sam build` looks for the functions' Python version on the PATH. It is the one that runs this, in .venv-runtime.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    with LOG.open("ab") as log:
        return subprocess.Popen(
            ["sam", *arguments],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def log_tail() -> str:
    return "\n".join(LOG.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
