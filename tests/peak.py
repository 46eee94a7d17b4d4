"""The most memory that a process had."""

import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak() -> int:
    """Of this process, in MB. What getrusage says is, on Linux, also of the process that started it; elsewhere there
    is nothing else, and it counts bytes."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024
