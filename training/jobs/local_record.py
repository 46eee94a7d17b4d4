"""What a job on this machine leaves in its folder: job.json, log.txt and the model's archive.

job.json is written when the job starts, so a job whose process was killed can still be shown and resumed. A lock on the
file `running` tells such a job from one that runs: the system removes the lock when the processes have ended.
"""

import contextlib
import dataclasses
import fcntl
import json
import re
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.errors import explain_native_error
from training.jobs.job import TrainingJob
from training.jobs.metrics import parse_metrics, parse_progress
from training.jobs.recipe import Recipe, recipe_from_record

ARTIFACT = "output/model.tar.gz"
LOG = "log.txt"
RECORD = "job.json"
LOCK = "running"
# The last line of a traceback. torchrun writes [rank0]: before it, and ends with an error of its own, ChildFailedError.
ERROR_LINE = re.compile(r"(?:\[rank\d+\]: *)?((?!\S*ChildFailedError)[A-Za-z_.]+(?:Error|Exception)): (.+)")


@contextlib.contextmanager
def running(root: Path) -> Iterator[int]:
    """Marks the job as running until the block ends, and until every process that inherits the descriptor has ended.

    Yields the descriptor. Raises ValueError if the job is running already.
    """
    with (root / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{root} is running already: wait until it has ended, or stop it with Ctrl-C") from None
        yield file.fileno()


def is_running(root: Path) -> bool:
    if not (root / LOCK).exists():
        return False
    with (root / LOCK).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def write_job(recipe: Recipe, data: Path, status: str, seconds: float, root: Path) -> None:
    """Writes job.json. data: the folder that the channels are in. seconds: of all runs of the job that have ended."""
    content = {
        "name": root.name,
        "status": status,
        "seconds": round(seconds, 1),
        "started": round(time.time()),
        "data": str(data.resolve()),
        "recipe": dataclasses.asdict(recipe),
    }
    write_record(root, json.dumps(content, indent=2) + "\n")


def write_record(root: Path, content: str) -> None:
    unfinished = root / f"{RECORD}.new"
    unfinished.write_text(content)
    unfinished.replace(root / RECORD)


def read_record(root: Path) -> dict[str, Any]:
    """Returns the content of job.json. Raises ValueError if the folder has none."""
    if not (root / RECORD).exists():
        raise ValueError(f"{root} has no {RECORD}: it is not the folder of a job that ran on this machine")
    content: dict[str, Any] = json.loads((root / RECORD).read_text())
    return content


def read_recipe(root: Path) -> tuple[Recipe, Path]:
    """Returns the recipe of a job with all its options, and the folder of its data. Raises ValueError as above."""
    record = read_record(root)
    return recipe_from_record(record["recipe"], str(root / RECORD)), Path(record["data"])


def read_local_job(root: Path) -> TrainingJob:
    """Reads a job that ran on this machine, or that runs, from its folder. Raises ValueError if it has no job."""
    record = read_record(root)
    lines = (root / LOG).read_text(errors="replace").splitlines() if (root / LOG).exists() else []
    status = record["status"]
    seconds = record["seconds"]
    if status == "InProgress":
        is_alive = is_running(root)
        status = "InProgress" if is_alive else "Stopped"
        seconds = seconds_so_far(record, root, is_alive)
    artifact = root / ARTIFACT
    detail = {"Failed": failure_reason(lines), "InProgress": "training"}.get(status, "")
    progress = None
    if status == "InProgress":
        progress = next((found for line in reversed(lines) if (found := parse_progress(line))), None)
    return TrainingJob(
        name=record["name"],
        status=status,
        detail=detail,
        hyperparameters={name: str(value) for name, value in record["recipe"]["hyperparameters"].items()},
        epochs=parse_metrics(lines),
        seconds=seconds,
        artifact=str(artifact) if artifact.exists() else None,
        checkpoints=str(root / "checkpoints"),
        progress=progress,
    )


def failure_reason(lines: Sequence[str]) -> str:
    """Returns why a script has failed, from its log: the last error in it, as one sentence, or its last line."""
    for line in reversed(lines):
        if error := ERROR_LINE.match(line):
            kind, text = error.groups()
            native = kind.startswith("torch.") or kind == "RuntimeError"
            return explain_native_error(text) if native else f"{kind.rpartition('.')[2]}: {text}"
    return next((line for line in reversed(lines) if line.strip()), "the script has printed nothing")


def earlier_seconds(root: Path) -> float:
    """Returns how long the runs took that have ended before this one."""
    return read_local_job(root).seconds if (root / RECORD).exists() else 0.0


def seconds_so_far(record: Mapping[str, Any], root: Path, is_alive: bool) -> float:
    """Returns how long a job has trained whose record says that it runs.

    is_alive: it does run. Otherwise it was killed, and its last sign of life is the last line of its log.
    """
    end = time.time() if is_alive or not (root / LOG).exists() else (root / LOG).stat().st_mtime
    return float(record["seconds"]) + max(0.0, end - record.get("started", end))


def write_artifact(root: Path) -> None:
    """Packs the model folder into output/model.tar.gz, as SageMaker does. Does nothing if the folder is empty."""
    model = root / "model"
    if not any(model.iterdir()):
        return
    temporary = root / f"{ARTIFACT}.new"
    with tarfile.open(temporary, "w:gz") as archive:
        for path in sorted(model.rglob("*")):
            if path.is_file():
                archive.add(path, path.relative_to(model), filter=without_owner)
    temporary.replace(root / ARTIFACT)


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Makes an archive's file readable for every user, and removes the names of this machine's users from it."""
    member.mode = 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
