"""How many cores a model may compute on: those of the machine, less what a container's CPU limit takes away.

ONNX Runtime and PyTorch count the cores of the machine. A container that may use one core of 16 would start 16 threads,
and the limit would stop all of them for most of the time.
"""

import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# Where a container finds its own limit: in version 2 of control groups, and in version 1.
# Source: The Linux Kernel documentation, "Control Group v2", cpu.max; "CFS Bandwidth Control".
CGROUP = Path("/sys/fs/cgroup")
TOPOLOGY = Path("/sys/devices/system/cpu")


def compute_threads(environment: Mapping[str, str] = os.environ) -> int:
    """How many threads compute: the environment variable MIEN_THREADS, or by default one per core.

    Set it to 1 if several processes share a machine.
    """
    return int(environment.get("MIEN_THREADS", "0")) or available_cores()


def available_cores() -> int:
    """How many cores this process may use."""
    processors = usable_processors()
    return count_cores({processor: siblings_of(processor) for processor in processors}, cpu_limit(CGROUP))


def count_cores(siblings: Mapping[int, str], limit: float | None) -> int:
    """How many cores a process may use, at least 1.

    siblings: from each processor that the process may run on to the processors that share its core, as Linux writes
        them. Two of them on one core compute a convolution hardly faster than one, so a core counts once.
    limit: seconds of processor time per second; None if there is no limit. It is rounded up: with a limit of 1.5,
        two threads compute faster than one, although the limit stops them now and then.
    """
    cores = len(set(siblings.values()))
    return max(1, cores if limit is None else min(cores, math.ceil(limit)))


def usable_processors() -> set[int]:
    """The numbers of the processors that this process may run on. Only Linux can forbid it some of them."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def siblings_of(processor: int) -> str:
    """The processors that share a core with this one, as Linux writes them: "0,4". Only itself if that is unknown."""
    with suppress(OSError):
        return (TOPOLOGY / f"cpu{processor}" / "topology" / "thread_siblings_list").read_text().strip()
    return str(processor)


def cpu_limit(cgroup: Path) -> float | None:
    """The limit of a control group in seconds of processor time per second. None if it has no limit.

    cgroup: its folder.
    """
    with suppress(OSError):
        return parse_limit((cgroup / "cpu.max").read_text())
    with suppress(OSError):
        quota, period = (cgroup / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
        return parse_limit(f"{quota.read_text()} {period.read_text()}")
    return None


def parse_limit(text: str) -> float | None:
    """`150000 100000`, a quota and its period in microseconds, → 1.5. The quotas `max` and -1 are no limit → None."""
    quota, period = text.split()
    return None if quota in ("max", "-1") else int(quota) / int(period)
