"""Makes a file of the Makefile, but never twice at the same time: a second `make` waits for the first one.

    python requirements/lock.py FOLDER TARGET PREREQUISITES... -- COMMAND...

Replaces itself with the command as soon as no other process installs into FOLDER. It does nothing if TARGET is newer
than its prerequisites by then, because the other `make` has made it. The system releases the lock when the command
ends, in whatever way.
"""

import fcntl
import os
import sys
from pathlib import Path

LOCKS = Path("build")


def wait_for_lock(folder: str) -> None:
    """Locks the folder until this process, or the command that replaces it, ends."""
    LOCKS.mkdir(exist_ok=True)
    lock = os.open(LOCKS / f"{folder}.lock", os.O_CREAT | os.O_WRONLY, 0o644)
    # The command keeps the file open, and with it the lock.
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another make, which installs into {folder}", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)


def is_made(target: Path, prerequisites: list[Path]) -> bool:
    """Whether make would not make the target again."""
    return target.exists() and all(
        prerequisite.stat().st_mtime <= target.stat().st_mtime for prerequisite in prerequisites
    )


def main() -> None:
    separator = sys.argv.index("--")
    folder, target, *prerequisites = sys.argv[1:separator]
    command = sys.argv[separator + 1 :]
    try:
        wait_for_lock(folder)
    except OSError as error:
        sys.exit(f"{folder} can't be installed, because this folder can't be written: {error}")
    if not is_made(Path(target), [Path(prerequisite) for prerequisite in prerequisites]):
        os.execvp(command[0], command)


if __name__ == "__main__":
    main()
