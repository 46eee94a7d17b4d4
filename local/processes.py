"""Starts and stops the processes of the embedded cloud: MiniStack, and the model's endpoint beside it."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from local.cloud import CREDENTIALS, ENDPOINT_NAME, Cloud, CloudError
from local.environment import child_environment, users_environment
from local.paths import BUILD, MODEL, ROOT
from training.model_archive import NoModel
from training.model_source import find_model, network_name, read_contract

LOG = BUILD / "cloud.log"
# `make install-training` creates it.
TRAINING_PYTHON = ROOT / ".venv-training" / "bin" / "python"
LOG_TAIL_LINES = 10
# Seconds. MiniStack usually answers after 2; a machine with other work needs longer.
START_TIMEOUT = 60
# Seconds between SIGTERM and SIGKILL.
STOP_TIMEOUT = 5
# Each function's process unpacks its code (about 30 MB) into the temporary folder.
MIN_FREE_BYTES = 64_000_000
# Seconds until the system reports the end of a process whose connections are closed already.
END_SECONDS = 0.2
NO_VARIABLES: Mapping[str, str] = {}


@contextlib.contextmanager
def start_cloud(
    port: int | None = None,
    model: str | Path = MODEL,
    variables: Mapping[str, str] = NO_VARIABLES,
    program: str = "local.gate",
) -> Iterator[Cloud]:
    """Runs an embedded cloud with the model's endpoint and nothing else in it, until the block ends.

    port: port of all services except the SageMaker runtime; None for a free one.
    model: one word for a model, as training.model_source describes it.
    variables: more environment variables for MiniStack, which the functions inherit.
    program: the module that runs MiniStack.

    Raises CloudError if the port is in use, if the model or MiniStack does not start, or if the block fails because one
    of them has ended.
    """
    port = free_port() if port is None else port
    require_free_port(port)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open_log())
        # MiniStack keeps the functions' code in the temporary folder, so it is deleted with that folder.
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-", ignore_cleanup_errors=True))
        require_free_disk(scratch)
        folder = stack.enter_context(open_model(model))
        endpoint, endpoint_url = stack.enter_context(serve_model(folder, str(model), scratch, log))
        address = f"http://127.0.0.1:{port}"
        token = secrets.token_hex()
        defaults = ministack_environment(port, endpoint_url, token, scratch)
        environment = {**defaults, **variables}
        ministack = stack.enter_context(run_process([sys.executable, "-m", program], environment, log))
        processes = {"MiniStack": ministack, "the model's endpoint": endpoint}

        def require_running() -> None:
            for name, process in processes.items():
                if process.poll() is not None:
                    tail = log_tail(log)
                    logged = f". The log ends:{tail}" if tail else " and logged nothing"
                    raise CloudError(f"{name} {describe_end(process.returncode)}{logged}")
            require_free_disk(scratch)

        try:
            wait_until_healthy(address, require_running=require_running)
            yield Cloud(address, endpoint_url, token, {}, require_running)
        except CloudError:
            raise
        except Exception:
            # Without MiniStack, every request fails. The reason is that it ended, not that one request failed.
            time.sleep(END_SECONDS)
            require_running()
            raise


@contextlib.contextmanager
def serve_model(folder: Path, model: str, scratch: str, log: BinaryIO) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Runs the endpoint of a model until the block ends. Yields its process and its address.

    folder: of the model.
    model: its name in errors.
    scratch: a folder for temporary files.

    Raises CloudError if the model can't be served.
    """
    command = [endpoint_python(folder), "-m", "local.endpoint", str(folder.absolute()), ENDPOINT_NAME]
    with run_process(command, child_environment(scratch), log, stdout=subprocess.PIPE) as process:
        port = process.stdout.readline().strip().decode() if process.stdout else ""
        if not port:
            raise CloudError(f"the model in {model} can't be served: {log_tail(log, 1).strip()}")
        yield process, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def open_model(model: str | Path) -> Iterator[Path]:
    """Yields a model's folder, as find_model does, with the user's own AWS settings. Raises CloudError."""
    with contextlib.ExitStack() as stack:
        try:
            with users_environment():
                folder = stack.enter_context(find_model(model))
        except NoModel as error:
            raise CloudError(str(error)) from error
        yield folder


def endpoint_python(folder: Path, training_python: Path = TRAINING_PYTHON) -> str:
    """The Python that serves the model in a folder. TorchScript needs PyTorch, which only training installs."""
    is_onnx = network_name(read_contract(folder)).endswith(".onnx")
    if is_onnx or importlib.util.find_spec("torch") or not training_python.exists():
        return sys.executable
    return str(training_python)


def describe_end(status: int) -> str:
    """How a process ended, after subprocess's returncode: a signal has a negative number."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def open_log() -> BinaryIO:
    """Opens a new log. The log of a cloud that still runs is replaced by name, and that cloud keeps its own file.

    Raises CloudError if build/ can't be written.
    """
    try:
        BUILD.mkdir(exist_ok=True)
        LOG.unlink(missing_ok=True)
        return LOG.open("w+b")
    except OSError as error:
        raise CloudError(f"{BUILD} can't be written: {error.strerror}. The log goes there") from error


def require_free_disk(folder: str) -> None:
    """Raises CloudError if the disk of the temporary folder is almost full: functions could not start."""
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise CloudError(
            f"the disk of {tempfile.gettempdir()} is full: {free / 1e6:.0f} MB are free, and the functions need "
            f"{MIN_FREE_BYTES / 1e6:.0f} MB. Free some, or set TMPDIR to a folder on another disk"
        )


def ministack_environment(port: int, endpoint_url: str, token: str, scratch: str) -> dict[str, str]:
    """MiniStack's environment variables. The functions inherit them, and find the model's endpoint in this way.

    token: session token that the gate asks for.
    """
    return {
        **child_environment(scratch),
        **CREDENTIALS,
        "AWS_SESSION_TOKEN": token,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
        # A second port, for devices, which the gate does not see.
        "IOT_MTLS_ENABLED": "0",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoint_url,
        # One thread per library, because the functions and the model already share the machine's cores.
        "OMP_NUM_THREADS": "1",
    }


@contextlib.contextmanager
def run_process(
    command: list[str], environment: dict[str, str], log: Any, stdout: Any = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command in its own process group. When the block ends, the whole group is stopped.

    Its standard input is a pipe that stays open as long as this process runs; see local/lifeline.py.

    log: open file for stderr, and for stdout unless `stdout` says otherwise.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
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
        if process.stdin:
            process.stdin.close()


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


def wait_until_healthy(
    url: str, seconds: float = START_TIMEOUT, require_running: Callable[[], None] = lambda: None
) -> None:
    """Returns as soon as MiniStack answers at `url`.

    require_running: raises CloudError if the process of MiniStack has ended.

    Raises CloudError if MiniStack does not answer within `seconds`.
    """
    # Proxies of the user are for other machines.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), direct.open(f"{url}/_ministack/health", timeout=2):
            return
        require_running()
        time.sleep(0.05)
    raise CloudError(f"MiniStack did not answer at {url} within {seconds} s{log_tail()}")


def log_tail(log: BinaryIO | None = None, count: int = LOG_TAIL_LINES) -> str:
    """The end of the cloud's log on new lines, to append to an error message.

    log: the open log; None for the log of the cloud that started last.
    count: lines.
    """
    if log:
        # Read at a position: the child processes share the file's own position, and write there.
        data = os.pread(log.fileno(), os.fstat(log.fileno()).st_size, 0)
    else:
        data = LOG.read_bytes() if LOG.exists() else b""
    lines = data.decode(errors="replace").splitlines()[-count:]
    return "\n" + "\n".join(lines) if lines else ""
