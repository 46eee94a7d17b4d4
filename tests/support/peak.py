"""The most memory that a process had, and what a handler takes of it."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
ROOT = Path(__file__).parents[2]
HANDLE = """
import importlib, json, sys
from types import SimpleNamespace
from tests.support.peak import peak
handler = importlib.import_module(sys.argv[1]).handler
names = dict.fromkeys(("function_name", "invoked_function_arn", "aws_request_id"), "")
context = SimpleNamespace(memory_limit_in_mb=0, get_remaining_time_in_millis=lambda: 900_000, **names)
answer = handler(json.load(sys.stdin), context)
print(json.dumps([answer, peak()]))
"""


def peak() -> int:
    """Of this process, in MB. What getrusage says is, on Linux, also of the process that started it; elsewhere there
    is nothing else, and it counts bytes."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def handled(module: str, event: dict[str, Any], environment: Mapping[str, str]) -> tuple[Any, int]:
    """What a function answers in a process of its own, with time enough, and that process's peak in MB."""
    folders = os.pathsep.join(str(folder) for folder in (ROOT / "functions", ROOT))
    ran = subprocess.run(
        [sys.executable, "-c", HANDLE, module],
        input=json.dumps(event),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": folders, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    answer, megabytes = json.loads(ran.stdout.splitlines()[-1])
    return answer, megabytes
