"""The peak memory of a process, and a handler's run in a process of its own to measure it."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.paths import FUNCTIONS, LAYER, ROOT

STATUS = Path("/proc/self/status")
# Runs in the new process: reads an event, and prints the handler's answer and the peak memory.
PROGRAM = """
import importlib, json, sys
from tests.support.lambda_context import Context
from tests.support.peak import peak_memory
handler = importlib.import_module(sys.argv[1]).handler
answer = handler(json.load(sys.stdin), Context(900))
print(json.dumps([answer, peak_memory()]))
"""


def peak_memory() -> int:
    """The largest resident memory of this process so far, in MB.

    On Linux, getrusage also counts the parent process up to the fork, so /proc is read there.
    """
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2  # bytes on macOS
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def run_handler(module: str, event: dict[str, Any], environment: Mapping[str, str]) -> tuple[Any, int]:
    """Runs a handler in a new process. Returns its answer and the process's peak memory in MB."""
    folders = os.pathsep.join(str(folder) for folder in (FUNCTIONS, ROOT, LAYER))
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, module],
        input=json.dumps(event),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": folders, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    answer, megabytes = json.loads(result.stdout.splitlines()[-1])
    return answer, megabytes
