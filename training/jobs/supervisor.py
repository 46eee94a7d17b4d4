"""Runs a training script, and stops it when the process that started the job has ended.

    python training/jobs/supervisor.py COMMAND ARGUMENT...

Its standard input is a pipe from that process. The pipe is closed when the process ends, even if it was killed. The
script then gets SIGTERM, as if SageMaker had stopped the job: it writes its checkpoint and ends.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    # A closed terminal sends SIGHUP to all its processes. The process that started the job decides what to do then.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    script = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: stop(script))
    threading.Thread(target=stop_at_end_of_input, args=(script,), daemon=True).start()
    status = script.wait()
    # A script that a signal ended has a negative status here. It failed, whatever the number.
    sys.exit(status if status >= 0 else 1)


def stop_at_end_of_input(script: subprocess.Popen[bytes]) -> None:
    # Not through sys.stdin: Python waits for its lock when it ends.
    while os.read(0, 1):
        pass
    stop(script)


def stop(script: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        script.terminate()


if __name__ == "__main__":
    main()
