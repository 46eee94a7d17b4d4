"""Ends a child process of the embedded cloud together with the process that started it, even if that one is killed.

local/processes.py gives each child the reading end of a pipe as its standard input, and keeps the writing end open.
When the parent ends in any way, the system closes its end, and the child reads the end of the file.
"""

import os
import signal
import stat
import threading

STDIN = 0


def end_with_parent() -> None:
    """Kills this process and its whole group as soon as the parent has ended.

    Does nothing in a process that local/processes.py did not start, such as one that a person starts in a terminal.
    """
    leads_group = os.getpgrp() == os.getpid()
    if leads_group and stat.S_ISFIFO(os.fstat(STDIN).st_mode):
        threading.Thread(target=wait_for_parent, daemon=True).start()


def wait_for_parent() -> None:
    # Not sys.stdin: its lock would be held at the exit of the interpreter.
    while os.read(STDIN, 1):
        pass
    # The functions are in the same group.
    os.killpg(0, signal.SIGKILL)
