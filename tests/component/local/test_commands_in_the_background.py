"""The tests end also where SIGINT is ignored: in the background of a script, or under nohup."""

import signal
import subprocess
import sys
import time

from tests.support.commands import running

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"


def test_a_command_hears_ctrl_c_although_the_tests_ignore_it() -> None:
    program = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from tests.support.commands import running
with running([sys.executable, "-c", {SLEEP!r}]) as process:
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    print(process.wait(10))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert ended.stdout == f"{-signal.SIGINT}\n", ended.stderr


def test_a_command_that_ignores_ctrl_c_is_killed() -> None:
    deaf = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {SLEEP}"
    began = time.monotonic()
    with running([sys.executable, "-c", deaf], seconds=0.5) as process:
        assert process.stdout
        process.stdout.readline()
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 20
