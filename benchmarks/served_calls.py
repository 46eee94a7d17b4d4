"""Measures how fast the container answers calls that arrive at the same time, over HTTP.

    .venv/bin/python benchmarks/served_calls.py [--model DIR]

Needs half a minute. Starts the container's server from its files, and sends calls with faces of noise from several
clients on this machine, each of which sends its next call when it has the answer. Writes served_calls.md.
"""

import argparse
import http.client
import io
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local.paths import MODEL, ROOT
from local.processes import free_port

SERVER = ROOT / "training" / "container" / "serve.py"
HEADERS = {"Content-Type": "application/x-npy", "Accept": "application/x-npy"}
# Clients, and faces in each of their calls.
LOADS = ((1, 1), (4, 1), (16, 1), (1, 64), (3, 16), (4, 64))
ROUNDS = 3
# Of one measurement, in seconds.
DURATION = 1.5
# Time for the server to start, in seconds.
START = 60


@dataclass(frozen=True)
class Measured:
    """faces: per second. milliseconds: of each call. processor: the server's milliseconds per face."""

    faces: float
    milliseconds: list[float]
    processor: float


@contextmanager
def serving(model: Path) -> Iterator[tuple[psutil.Process, int]]:
    """The server's process, and its port."""
    port = free_port()
    environment = {**os.environ, "SM_MODEL_DIR": str(model.absolute()), "SAGEMAKER_BIND_TO_PORT": str(port)}
    command = [sys.executable, str(SERVER), "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            await_ping(port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


def await_ping(port: int) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START)
            connection.request("GET", "/ping")
            connection.getresponse().read()
            return connection.close()
        time.sleep(0.05)
    raise SystemExit(f"the server does not answer within {START} s")


def measure(server: psutil.Process, port: int, clients: int, faces: int) -> Measured:
    calls: list[float] = []
    end = time.perf_counter() + DURATION
    threads = [threading.Thread(target=send_calls, args=(port, faces, end, calls)) for _ in range(clients)]
    processor, began = processor_seconds(server), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count, seconds = len(calls) * faces, time.perf_counter() - began
    return Measured(count / seconds, calls, (processor_seconds(server) - processor) / count * 1000)


def send_calls(port: int, faces: int, end: float, calls: list[float]) -> None:
    """Sends one call after another until `end`, and appends the milliseconds of each."""
    file = io.BytesIO()
    np.save(file, np.random.default_rng().integers(0, 256, (faces, 48, 48), np.uint8))
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while (began := time.perf_counter()) < end:
        connection.request("POST", "/invocations", file.getvalue(), HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the server answers with status {answer.status}")
        calls.append((time.perf_counter() - began) * 1000)
    connection.close()


def processor_seconds(server: psutil.Process) -> float:
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def row(clients: int, faces: int, rounds: list[Measured]) -> str:
    calls = sorted(call for measured in rounds for call in measured.milliseconds)
    cells = [
        str(clients),
        str(faces),
        f"{statistics.median(measured.faces for measured in rounds):.0f}",
        f"{statistics.median(calls):.1f}",
        f"{calls[len(calls) * 95 // 100]:.1f}",
        f"{statistics.median(measured.processor for measured in rounds):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of a model of gray 48x48 faces (models)")
    folder: Path = parser.parse_args().model
    rounds: dict[tuple[int, int], list[Measured]] = {load: [] for load in LOADS}
    with serving(folder) as (server, port):
        for _ in range(ROUNDS):
            for clients, faces in LOADS:
                rounds[clients, faces].append(measure(server, port, clients, faces))
    table = [
        "| clients | faces per call | faces per second | ms per call | 95th percentile | processor, ms per face |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row(clients, faces, measured) for (clients, faces), measured in rounds.items()),
    ]
    notes = f"""
        Each client sends its next call when it has the answer. Calls at the same time share runs of the model
        (training/container/shared_runs.py). Rates and processor time are medians of {ROUNDS} measurements of
        {DURATION} s. The processor time is the server's.

        Server and clients ran on one {platform.machine()} machine with {os.cpu_count()} cores, with Python
        {platform.python_version()}, so the clients took a part of the cores.
    """
    command = ".venv/bin/python benchmarks/served_calls.py" + ("" if folder == MODEL else " --model DIR")
    write_page(__file__, "Calls of the container at the same time", table, notes, command)


if __name__ == "__main__":
    main()
