"""Runs a command as a person does in a terminal, where Ctrl-C ends it."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local.paths import ROOT


def restore_signals() -> None:
    """Restores the signals of a terminal, because children inherit signals that are ignored.

    A script that starts the tests in the background ignores SIGINT for them, and nohup ignores SIGHUP.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextlib.contextmanager
def running(command: list[str], seconds: float = 20, cwd: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """Runs a command until the block ends, and sends Ctrl-C to it then.

    seconds: after which the command is killed if Ctrl-C did not end it.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True, preexec_fn=restore_signals) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
