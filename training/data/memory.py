"""Refuses data that would not fit into memory, before an hour is spent on reading it."""

import math
import os
from pathlib import Path

# The images, and those of the larger channel once more while it is written.
COPIES = 2
# What may be filled. The rest is for the interpreter, for the processes that decode, and for the system.
SHARE = 0.8
# The limit of a container's memory. Source: Linux, "Control Group v2", memory.max.
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def require_memory(count: int, shape: tuple[int, ...], total: int | None = None) -> None:
    """Raises ValueError, with the numbers, if so many images would not fit into memory.

    shape: of one image, uint8.
    total: bytes of memory; by default, those of this machine.
    """
    available = memory_bytes() if total is None else total
    needed = COPIES * count * math.prod(shape)
    if needed > SHARE * available:
        colors = "rgb" if len(shape) == 3 else "gray"
        most = int(SHARE * available) // (COPIES * math.prod(shape))
        raise ValueError(
            f"{count:,} {colors} images of {shape[0]}x{shape[0]} pixels need {needed / 1e9:,.1f} GB of memory, and "
            f"this machine has {available / 1e9:,.1f} GB, enough for {most:,} images: use a smaller --size, "
            "--color gray, or fewer images"
        )


def memory_bytes() -> int:
    """The memory of this machine, or of the container that this process runs in, in bytes."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):
        # There is no container, or its limit is "max".
        return total
