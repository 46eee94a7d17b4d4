"""The first process of a training container. It runs the SageMaker SDK's command, and passes SIGTERM on to train.py.

    python3 entry_point.py COMMAND ARGUMENT...

The SDK's command is a shell. It starts a driver, which starts train.py, or torchrun and several train.py. SageMaker
sends SIGTERM to the first process only. A shell in this place ignores SIGTERM: Linux discards signals that the first
process of a container does not handle. Anywhere else, a shell ends and passes nothing on.

This file imports nothing that the container's requirements install, because it runs before they are installed.
Source: Amazon SageMaker API Reference, "StopTrainingJob"; pid_namespaces(7).
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

# The variable with the folder in which each train.py writes an empty file when it can handle SIGTERM. The file's name
# is its process id.
STOPPABLE_FOLDER = "MIEN_STOPPABLE_FOLDER"
# What a shell reports for a process that a signal ended is this plus the signal's number.
SIGNAL_STATUS = 128


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = subprocess.Popen(sys.argv[1:], env={**os.environ, STOPPABLE_FOLDER: folder}, start_new_session=True)
        signal.signal(signal.SIGTERM, lambda *_: stop(command.pid, Path(folder)))
        status = command.wait()
    sys.exit(status if status >= 0 else SIGNAL_STATUS - status)


def stop(group: int, folder: Path) -> None:
    """Passes SIGTERM on to each train.py. They end after their batch, and then the driver and the shell end.

    group: the process group of the SDK's command. It gets the signal if no train.py is ready for it. Nothing has been
        trained then, so nothing is lost.
    folder: where each train.py has written its process id.
    """
    ready = [int(path.name) for path in folder.iterdir()]
    with suppress(ProcessLookupError):
        for process in ready:
            os.kill(process, signal.SIGTERM)
        if not ready:
            os.killpg(group, signal.SIGTERM)


if __name__ == "__main__":
    main()
