"""Finds jobs by one word, as training/model_source.py finds models: those of this machine first, then SageMaker's."""

from pathlib import Path

from training.jobs.group import is_group, read_group
from training.jobs.local_record import RECORD

# How far below a job's folder its model can be: build/jobs/JOB/output/model.tar.gz.
DEPTH = 2


def find_local_jobs(word: str, jobs: Path) -> list[Path]:
    """Returns the folders of the jobs on this machine that a word names. There are none if it can be a name in AWS.

    word: a job's folder, or its bare name; a group of seeds, which names all its jobs that have started; or the model
        of a job, as a folder or a file.
    jobs: the folder of the jobs of this machine.
    Raises ValueError if the word is a path that belongs to no job.
    """
    is_bare = "/" not in word and word not in (".", "..")
    for path in (Path(word), *([jobs / word] if is_bare else [])):
        if is_group(path):
            return [folder for _, folder in read_group(path).jobs() if (folder / RECORD).exists()]
        if path.exists():
            absolute = path.resolve()
            for folder in (absolute, *absolute.parents[:DEPTH]):
                if (folder / RECORD).exists():
                    return [path if folder == absolute else folder]
            raise ValueError(f"{path} has no {RECORD}: it is not the folder of a job that ran on this machine")
    if not is_bare and not word.startswith("s3://"):
        raise ValueError(f"there is no folder {word}: give a job's folder, or its name")
    return []


def find_to_resume(word: str, jobs: Path) -> Path | None:
    """Returns the folder of the job or the group that a word names; None if there is none on this machine."""
    folders = (Path(word), jobs / word)
    return next((folder for folder in folders if is_group(folder) or (folder / RECORD).exists()), None)


def job_name(word: str) -> str:
    """Returns the name of a SageMaker job. word: the name, or s3://…/JOB/output/model.tar.gz, where its model is."""
    parts = word.rstrip("/").split("/")
    return parts[-3] if word.startswith("s3://") and len(parts) > 5 and parts[-2] == "output" else word
