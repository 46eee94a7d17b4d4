"""How much processor time each part of the benchmark uses: on one machine, they all need the same cores."""

import os
from collections import Counter
from collections.abc import Mapping

import psutil

FUNCTION, MODEL, S3, PROXY = "the function", "the model", "the embedded cloud's S3", "the proxy"
PARTS = (FUNCTION, MODEL, S3, PROXY)
# Words of the command lines of the processes that this one has started.
WORDS = {"spawn_main": FUNCTION, "local.endpoint": MODEL, "local.gate": S3}


def processor_seconds() -> Mapping[str, float]:
    """Seconds so far, by part. The proxy is in this process, which does little else."""
    seconds: Counter[str] = Counter({PROXY: sum(os.times()[:2])})
    for child in psutil.Process().children(recursive=True):
        line = " ".join(child.cmdline())
        for word, part in WORDS.items():
            if word in line:
                seconds[part] += sum(child.cpu_times()[:2])
    return seconds


def since(before: Mapping[str, float]) -> Mapping[str, float]:
    """Seconds since an earlier `processor_seconds`, by part."""
    return {part: seconds - before.get(part, 0) for part, seconds in processor_seconds().items()}
