"""Starts and stops the processes of the embedded cloud: MiniStack, and the model's endpoint beside it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.cloud import CREDENTIALS, ENDPOINT_NAME, Cloud, CloudError
from local.paths import BUILD, MODEL, ROOT

LOG = BUILD / "cloud.log"
LOG_TAIL_LINES = 10
# Seconds. MiniStack usually answers after 2; a machine with other work needs longer.
START_TIMEOUT = 60
# Seconds between SIGTERM and SIGKILL.
STOP_TIMEOUT = 5
NO_VARIABLES: Mapping[str, str] = {}


@contextlib.contextmanager
def start_cloud(
    port: int | None = None, model: Path = MODEL, variables: Mapping[str, str] = NO_VARIABLES
) -> Iterator[Cloud]:
    """Runs an embedded cloud with the model's endpoint and nothing else in it, until the block ends.

    port: port of all services except the SageMaker runtime; None for a free one.
    model: folder of model.onnx and model.json, or a training job's model.tar.gz.
    variables: more environment variables for MiniStack, which the functions inherit.

    Raises CloudError if the port is in use, or if the model or MiniStack does not start.
    """
    port = free_port() if port is None else port
    require_free_port(port)
    BUILD.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(LOG.open("wb"))
        # MiniStack keeps the functions' code in the temporary folder, so it is deleted with that folder.
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-", ignore_cleanup_errors=True))
        folder = unpack_model(model, Path(scratch))
        serve = [sys.executable, "-m", "local.endpoint", str(folder), ENDPOINT_NAME]
        endpoint = stack.enter_context(run_process(serve, dict(os.environ), log, stdout=subprocess.PIPE))
        endpoint_port = endpoint.stdout.readline().strip().decode() if endpoint.stdout else ""
        if not endpoint_port:
            raise CloudError(f"the model in {model} can't be served{log_tail()}")
        cloud = Cloud(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{endpoint_port}", {})
        environment = {**ministack_environment(port, cloud, scratch), **variables}
        stack.enter_context(run_process([sys.executable, "-m", "ministack"], environment, log))
        wait_until_healthy(cloud.url)
        yield cloud


def unpack_model(model: Path, scratch: Path) -> Path:
    """Returns a model's folder: `model` itself, or the contents of a model.tar.gz in a new folder in `scratch`.

    Raises CloudError if `model` is neither a folder nor an archive.
    """
    if model.is_dir():
        return model
    try:
        with tarfile.open(model) as archive:
            archive.extractall(scratch / "model", filter="data")
    except (OSError, tarfile.TarError) as error:
        raise CloudError(f"{model} is neither a folder with a model nor a model.tar.gz: {error}") from error
    return scratch / "model"


def ministack_environment(port: int, cloud: Cloud, scratch: str) -> dict[str, str]:
    """MiniStack's environment variables. The functions inherit them, and find the model's endpoint in this way."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return {
        **inherited,
        **CREDENTIALS,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": scratch,
        "LOG_LEVEL": "WARNING",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": str(cloud.endpoint_url),
        # One thread per library, because the functions and the model already share the machine's cores.
        "OMP_NUM_THREADS": "1",
    }


@contextlib.contextmanager
def run_process(
    command: list[str], environment: dict[str, str], log: Any, stdout: Any = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command in its own process group. When the block ends, the whole group is stopped.

    log: open file for stderr, and for stdout unless `stdout` says otherwise.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout or log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdout:
            process.stdout.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_TIMEOUT)
        # Also if the process itself has ended: its children may still run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free_port(port: int) -> None:
    """Raises CloudError if another process listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CloudError(f"port {port} is in use; choose another with PORT={port + 1}") from error


def wait_until_healthy(url: str, seconds: float = START_TIMEOUT) -> None:
    """Returns as soon as MiniStack answers at `url`. Raises CloudError if it does not answer within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
            return
        time.sleep(0.05)
    raise CloudError(f"MiniStack did not answer at {url} within {seconds} s{log_tail()}")


def log_tail() -> str:
    """The end of the cloud's log on new lines, to append to an error message."""
    lines = LOG.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n" + "\n".join(lines) if lines else ""
