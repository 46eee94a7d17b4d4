"""How tests operate a stack: types of the fixtures in tests/integration/conftest.py, and a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable

from local.cloud import CREDENTIALS, Cloud
from local.paths import ROOT

# Runs `python -m operate` with these arguments.
Operate = Callable[..., subprocess.CompletedProcess[str]]
# Sends a message to the dead-letter queue: its body and its reason, which is None if SQS moved it there.
SendDeadLetter = Callable[[str, str | None], None]


def operate_at_terminal(cloud: Cloud, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m operate` at a terminal, where somebody types the answer."""
    controller, terminal = pty.openpty()
    try:
        os.write(controller, f"{answer}\n".encode())
        return subprocess.run(
            [sys.executable, "-m", "operate", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": cloud.url, **CREDENTIALS},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(controller)
        os.close(terminal)
