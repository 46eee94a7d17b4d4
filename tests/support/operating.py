"""How tests operate a stack: types of the fixtures in tests/integration/conftest.py, and a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from local.cloud import Cloud
from local.paths import ROOT

# Runs `python -m operate` with these arguments.
Operate = Callable[..., subprocess.CompletedProcess[str]]
# Sends a message to the dead-letter queue: its body and its reason, which is None if SQS moved it there.
SendDeadLetter = Callable[[str, str | None], None]


def operate_at_terminal(cloud: Cloud, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m operate` at a terminal, where somebody types the answer."""
    environment = {"AWS_ENDPOINT_URL": cloud.url, **cloud.credentials}
    return run_at_terminal(["operate", *arguments], environment, answer)


def run_at_terminal(
    module: Sequence[str], environment: Mapping[str, str], answer: str
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m` at a terminal, where somebody types the answer. module: its name and its arguments."""
    controller, terminal = pty.openpty()
    try:
        os.write(controller, f"{answer}\n".encode())
        return subprocess.run(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environment},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(controller)
        os.close(terminal)
